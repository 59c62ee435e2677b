"""Where a picture says that it comes from, on the page of its case and its own; prompts only behind a logged look."""

import re

import pytest

from deployment import deployment, text_of
from duties import run_due
from originfiles import PROMPT, generated, labelled
from pageserver import error_of
from pictures import encode, jpeg, scene
from rempart.cases.marks import MARK, look_for
from rempart.cases.records import grants
from rempart.evidence.ledger import records as ledger
from rempart.intake.marks import MarkReader
from rempart.items.records import items
from rempart.people.permissions import Role
from rempart.provenance.carried import packed
from rempart.provenance.origin.trust import Trust
from rempart.provenance.origin.values import Credentials, CredentialState, Declaration, Ground, Origin, Place


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("origins")) as found:
        yield found


def case_of(house, data, *, read=True):
    """A case about these sealed bytes, which a job has read, and its item."""
    case = house.desk.case(data, media_type="image/png" if data[:4] == b"\x89PNG" else "image/jpeg")
    number = house.desk.number
    if read:
        with house.store.write() as conn:
            look_for(conn, number, at=house.clock())
        service = house.runtime.service
        reader = MarkReader(
            house.store, vault=service.vault, pool=service.sight._readers, trust=Trust.shipped(), clock=house.clock
        )
        run_due(house.store, {MARK: reader})
    return case, number


def claimed(house, name, case):
    browser = house.browser(name, Role.REVIEWER)
    house.desk.claim(case, house.last)
    return browser


def test_the_page_of_a_case_says_what_is_declared_and_leads_to_what_it_means(house):
    case, item = case_of(house, labelled(1))
    page = house.browser("rita", Role.REVIEWER).get(f"/cases/{case}")
    assert "Declared AI-made" in text_of(page.text)
    assert f'href="/cases/{case}/origin/{item}"' in page.text
    told = text_of(house.browser("rita").get(f"/cases/{case}/origin/{item}").text)
    assert "It lowers nothing" in told
    assert "Anybody can write that into a file" in told
    assert "trainedAlgorithmicMedia" in told
    assert "No mark was found" in told


def test_nothing_declared_is_said_to_be_no_sign_either_way(house):
    case, item = case_of(house, jpeg(2))
    browser = house.browser("rita", Role.REVIEWER)
    assert "No declaration" in text_of(browser.get(f"/cases/{case}").text)
    assert "no sign either way" in text_of(browser.get(f"/cases/{case}/origin/{item}").text)


def test_a_case_at_whose_file_nobody_looked_says_nothing_of_its_origin(house):
    case, item = case_of(house, jpeg(3), read=False)
    browser = house.browser("rita", Role.REVIEWER)
    assert "Origin" not in text_of(browser.get(f"/cases/{case}").text)
    told = text_of(browser.get(f"/cases/{case}/origin/{item}").text)
    assert "Nobody has looked" in told
    assert "It is being looked for" in told


@pytest.mark.parametrize("language", ["en", "fr"])
def test_credentials_stand_in_three_states_and_a_stranger_is_never_called_trusted(house, language):
    case, item = case_of(house, jpeg(4), read=False)
    browser = house.browser(f"rita-{language}", Role.REVIEWER, language=language)
    words = {
        "en": ("Anybody can sign in any name", "one that this installation trusts", "They do not hold"),
        "fr": ("N’importe qui peut signer", "cette installation fait confiance", "Elles ne tiennent pas"),
    }[language]
    states = (CredentialState.VALID, CredentialState.TRUSTED, CredentialState.INVALID)
    for state, word in zip(states, words, strict=True):
        origin = Origin(
            declaration=Declaration.AI_MADE,
            grounds=(Ground(place=Place.C2PA, says=Declaration.AI_MADE, text="<b>", counts=state != "invalid"),),
            credentials=Credentials(present=True, state=state, signer="<i>Somebody</i>", failures=("a.b",)),
        )
        with house.store.write() as conn:
            items.change(conn, item, origin=packed(origin))
        page = browser.get(f"/cases/{case}/origin/{item}").text
        told = text_of(page)
        assert [one in told for one in words] == [one == word for one in words]
        assert "<i>Somebody" not in page
        assert browser.get(f"/cases/{case}").status_code == 200


def test_prompts_are_shown_only_for_a_purpose_to_whoever_has_the_case_and_the_look_is_in_the_ledger(house):
    case, item = case_of(house, generated(5))
    browser = house.browser("rui", Role.REVIEWER)
    page = browser.get(f"/cases/{case}/origin/{item}").text
    assert "harbour" not in page
    assert f"/cases/{case}/prompts/{item}" in page
    assert "Take the case" in text_of(browser.get(f"/cases/{case}/prompts/{item}").text)
    mine = claimed(house, "rui", case)
    asked = {"item": item, "step": "prompts"}
    assert error_of(mine.post(f"/cases/{case}/look", data=asked).text)
    answer = mine.post(f"/cases/{case}/look", data=asked | {"purpose": "report"})
    assert answer.status_code == 303
    shown = mine.get(answer.headers["location"])
    assert PROMPT in text_of(shown.text)
    assert shown.headers["cache-control"].startswith("no-store")
    assert PROMPT not in text_of(mine.get(f"/cases/{case}/prompts/{item}").text)
    with house.store.read() as conn:
        grant = grants.find(conn, answer.headers["location"].partition("look=")[2])
        bodies = [str(row.body) for row in conn.execute(ledger.leaves.select())]
    assert (grant.step, grant.purpose, grant.served is not None, grant.whole) == ("prompts", "report", True, False)
    assert any("evidence.shown" in one and grant.id in one and "prompts" in one for one in bodies)
    assert not any("harbour" in one for one in bodies)
    other = house.browser("olga", Role.REVIEWER)
    assert "harbour" not in other.get(answer.headers["location"]).text


def test_a_look_at_metadata_shows_no_prompts_and_the_other_way_round(house):
    case, item = case_of(house, generated(6))
    mine = claimed(house, "mia", case)
    answer = mine.post(f"/cases/{case}/look", data={"item": item, "step": "metadata", "purpose": "report"})
    grant = answer.headers["location"].partition("look=")[2]
    assert "harbour" not in mine.get(f"/cases/{case}/prompts/{item}?look={grant}").text


@pytest.mark.parametrize("item", ["0", "x", "9" * 18, "9" * 40, "-1"])
def test_other_items_than_those_of_the_case_are_not_found(house, item):
    case, _ = case_of(house, jpeg(7), read=False)
    browser = house.browser("rita", Role.REVIEWER)
    assert browser.get(f"/cases/{case}/origin/{item}").status_code == 404
    assert browser.get(f"/cases/{case}/prompts/{item}").status_code == 404


def test_an_item_of_another_case_is_not_shown_in_this_one(house):
    (one, _), (_, item) = case_of(house, jpeg(8), read=False), case_of(house, jpeg(9), read=False)
    assert house.browser("rita", Role.REVIEWER).get(f"/cases/{one}/origin/{item}").status_code == 404


def compared(house, case, browser, item, other):
    return browser.post(f"/cases/{case}/compare/{item}", data={"other": other})


def test_two_pictures_of_a_case_are_compared_as_a_lead_and_both_looks_are_in_the_ledger(house):
    picture = scene(31, 900, 600)
    case = house.desk.case(encode(picture), encode(picture[40:, 30:, :], quality=70), encode(scene(32, 900, 600)))
    first, second, third = (house.desk.number - back for back in (2, 1, 0))
    browser = claimed(house, "cora", case)
    answer = compared(house, case, browser, first, second)
    told = text_of(browser.get(answer.headers["location"]).text)
    assert "Shared content. The same pixels stand in both" in told
    assert "Which of the two came first" in told
    assert re.search(r"[\d,]+ were of copies, [\d,]+ of unrelated pictures and [\d,]+ of decoys", told)
    with house.store.read() as conn:
        looks = [grants.find(conn, one) for one in re.findall(r"look_\w+", answer.headers["location"])]
    assert [(one.item, one.step, one.purpose, one.served is not None) for one in looks] == [
        (first, "compare", "compare", True), (second, "compare", "compare", True),
    ]  # fmt: skip
    mixed = answer.headers["location"].replace(f"other={second}", f"other={third}")
    assert browser.get(mixed).status_code == 404
    other = compared(house, case, browser, first, third)
    assert "Not shown." in text_of(browser.get(other.headers["location"]).text)
    assert "Shared content." not in text_of(house.browser("olga", Role.REVIEWER).get(answer.headers["location"]).text)


def test_a_comparison_needs_another_picture_of_the_case(house):
    case, item = case_of(house, jpeg(33), read=False)
    _, elsewhere = case_of(house, jpeg(34), read=False)
    browser = claimed(house, "cleo", case)
    for other in ("", "0", "x", item, elsewhere):
        assert "Another picture is missing" in error_of(compared(house, case, browser, item, other).text)


def test_whoever_has_not_the_case_compares_nothing(house):
    case = house.desk.case(jpeg(35), jpeg(36))
    browser = house.browser("olga", Role.REVIEWER)
    item = house.desk.number
    assert "Take the case" in text_of(browser.get(f"/cases/{case}/compare/{item}").text)
    assert compared(house, case, browser, item, item - 1).status_code == 409
