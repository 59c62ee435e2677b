"""Referrals on the console: from a decision that waits to the package in the recipient's hands, without scripts."""

import re
from collections.abc import Iterator

import pytest

from deployment import Deployment, deployment, text_of
from referralconsole import decided_case, every_referral, with_recipients
from referring import HOTLINE, POLICE
from rempart.cases.records import cases
from rempart.items.records import items
from rempart.people.permissions import Role


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[Deployment]:
    with deployment(tmp_path_factory.mktemp("referrals")) as found:
        with_recipients(found)
        yield found


def sent(browser, path, **form):
    """A form that was sent, and the page that it leads to."""
    answer = browser.post(path, data=form)
    if answer.status_code != 303:
        return answer
    return browser.get(answer.headers["location"])


def test_a_decision_becomes_a_package_that_two_people_let_go(house):
    case = decided_case(house)
    ruth, amir = house.browser("ruth"), house.browser("amir")
    assert "1 decision to refer waits" in text_of(ruth.get("/").text)
    assert f"/referrals/new?case={case}" in ruth.get(f"/cases/{case}").text
    assert f"/referrals/new?case={case}" in ruth.get("/referrals").text
    form = text_of(ruth.get(f"/referrals/new?case={case}").text)
    assert "National Crime Agency (NCA) A law asks for this" in form
    assert "This is a table and no legal advice." in form
    assert "The line hotline, GB · may be given: locations, assessments, steps of the ledger with proofs" in form
    page = sent(ruth, "/referrals", case=case, to="yard", content="yes", ground="duty", language="fr")
    assert "Drafted. Nothing has left." in page.text
    referral = str(page.url).partition("/referrals/")[2].partition("?")[0]
    assert text_of(page.text).count("content/000") >= 2
    assert ruth.post(f"/referrals/{referral}/package").status_code == 409
    assert "Another person decides now." in sent(ruth, f"/referrals/{referral}/ask").text
    own = ruth.get(f"/referrals/{referral}").text
    assert "You asked for this." in own
    theirs = amir.get(f"/referrals/{referral}").text
    approval = re.search(r'href="(/approvals/approval_\w+)"', theirs)[1]
    assert f"/referrals/{referral}" in amir.get(approval).text
    assert ruth.post(approval, data={"answer": "approve", "reason": "mine"}).status_code == 422
    assert amir.post(approval, data={"answer": "approve", "reason": "read it"}).status_code == 303
    made = ruth.post(f"/referrals/{referral}/package")
    assert made.headers["content-disposition"] == f'attachment; filename="{referral}.age"'
    parts = POLICE.open(made.content)
    assert {"content/0001.jpg", "content/0002.jpg", "cover.pdf", "vics.json", "manifest.txt"} <= set(parts)
    assert [one for one in (house.runtime.service.settings.data).iterdir() if one.name.startswith("tmp")] == []
    done = sent(ruth, f"/referrals/{referral}/handed-over", how="by their portal", reference="R-9")
    assert "Written down as handed over." in done.text
    assert "R-9" in done.text
    assert f"/referrals/{referral}" in ruth.get(f"/cases/{case}").text
    assert f"/referrals/new?case={case}" not in ruth.get("/referrals").text


def test_content_for_a_hotline_is_refused_on_the_form_with_what_was_typed(house):
    case = decided_case(house, seed=21)
    ruth = house.browser("ruth")
    form = {"case": case, "to": ["line", "yard"], "content": "yes", "ground": "duty", "language": "en", "note": "Hello"}
    answer = ruth.post("/referrals", data=form)
    assert answer.status_code == 422
    told = text_of(answer.text)
    assert "Content, its digests and who uploaded it go to the police, to NCMEC or under legal process alone." in told
    assert 'value="line" checked' in answer.text
    assert "Hello" in answer.text
    page = sent(ruth, "/referrals", case=case, to="line", content="no", ground="voluntary", language="en")
    assert "It holds no content" in page.text
    referral = str(page.url).partition("/referrals/")[2].partition("?")[0]
    assert "Confirmed." in sent(ruth, f"/referrals/{referral}/ask").text
    parts = HOTLINE.open(ruth.post(f"/referrals/{referral}/package").content)
    assert "signals.json" not in parts


def test_a_form_that_says_nothing_good_drafts_nothing(house):
    case = decided_case(house, seed=31)
    ruth = house.browser("ruth")
    before = ruth.get("/referrals?state=draft").text.count("<tr")
    for missing in ({"to": "nobody"}, {"to": ""}, {"ground": "wish"}, {"language": "de"}, {"case": "case_none"}):
        form = {"case": case, "to": "yard", "content": "no", "ground": "duty", "language": "en"} | missing
        assert ruth.post("/referrals", data=form).status_code in (404, 422), missing
    assert ruth.get("/referrals?state=draft").text.count("<tr") == before


def test_whoever_signed_in_long_ago_proves_it_before_a_package_is_made(house):
    old = house.browser("ruth", old=True)
    answer = old.post("/referrals/referral_x/package")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/again?then=/referrals/referral_x")


def test_every_state_has_its_page_and_offers_what_comes_next(house):
    found = every_referral(house)
    ruth, zoe = house.browser("ruth"), house.browser("zoe", Role.LEAD)
    said = {name: text_of(ruth.get(f"/referrals/{one}").text) for name, one in found.items() if name != "waiting"}
    assert "Ask another person" in said["draft"]
    assert "Confirm alone" in said["danger"]
    assert "Confirm alone" not in said["draft"]
    assert "It was handed over" in said["confirmed"]
    assert "confirmed by one person alone" in said["single"]
    assert "upload to their portal" in said["handed"]
    assert "they came for it" in said["withdrawn"]
    assert "forum.example" not in said["withdrawn"]
    assert "I have looked at it" in text_of(zoe.get(f"/referrals/{found['single']}").text)
    assert "looked at it" in sent(zoe, f"/referrals/{found['single']}/review").text
    assert "Taken back." in sent(ruth, f"/referrals/{found['draft']}/withdraw", why="drawn up anew").text
    for state in ("all", "draft", "asked", "confirmed", "handed_over", "withdrawn", "nonsense"):
        assert ruth.get(f"/referrals?state={state}").status_code == 200


def test_in_danger_one_confirms_alone_on_the_page(house):
    case = decided_case(house, danger=True, seed=41)
    ruth = house.browser("ruth")
    form = text_of(ruth.get(f"/referrals/new?case={case}").text)
    assert "call the police first" in form
    page = sent(ruth, "/referrals", case=case, to="yard", content="yes", ground="danger", language="en")
    referral = str(page.url).partition("/referrals/")[2].partition("?")[0]
    assert ruth.post(f"/referrals/{referral}/alone", data={"reason": " "}).status_code == 422
    assert "confirmed by one person alone" in sent(ruth, f"/referrals/{referral}/alone", reason="It cannot wait.").text


def test_others_find_no_referral(house):
    adam = house.browser("adam", Role.ADMINISTRATOR)
    assert adam.get("/referrals").status_code == 403
    assert house.browser("ruth").get("/referrals/referral_none").status_code == 404


def test_it_is_said_in_french_too(house):
    case = decided_case(house, seed=51)
    emma = house.browser("emma", language="fr")
    page = emma.get(f"/referrals/new?case={case}")
    assert "Ceci est un tableau, non un conseil juridique." in text_of(page.text)
    answer = emma.post("/referrals", data={"case": case, "to": "line", "content": "yes", "ground": "duty"})
    assert "ne vont qu’à la police, au NCMEC ou sur réquisition" in text_of(answer.text)


def test_items_without_an_address_are_told_before_a_hotline_is_given_them(house):
    case = decided_case(house, seed=61)
    ruth, emma = house.browser("ruth"), house.browser("emma", language="fr")
    for url in ("https://forum.example/p/1", None):
        with house.store.write() as conn:
            for number in cases.items_of(conn, case):
                items.change(conn, number, url=url)
        told = text_of(ruth.get(f"/referrals/new?case={case}").text)
        assert ("no address" in told) == (url is None)
    form = text_of(ruth.get(f"/referrals/new?case={case}").text)
    assert "2 items have no address. A hotline looks at addresses" in form
    assert "2 éléments n’ont pas d’adresse." in text_of(emma.get(f"/referrals/new?case={case}").text)
    drafts = {}
    for to in ("line", "yard"):
        page = sent(ruth, "/referrals", case=case, to=to, content="no", ground="voluntary", language="en")
        drafts[to] = str(page.url).partition("?")[0]
        assert ("2 items have no address." in text_of(page.text)) == (to == "line")
    told = text_of(ruth.get(drafts["line"]).text)
    assert "give its url with the check, or write in the note where it is" in told
    confirmed = sent(ruth, drafts["line"] + "/ask").text
    assert "The package is made and sealed now." in text_of(confirmed)
    assert "Opening the content" not in text_of(confirmed)
    assert "préparez ensuite la transmission à nouveau" in text_of(emma.get(drafts["line"]).text)
