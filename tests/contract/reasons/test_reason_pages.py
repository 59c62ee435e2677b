"""Statements of reasons on the console: a list, what one says, and a lead who keeps it back for a time."""

import re
from datetime import timedelta

import pytest

from deployment import deployment, text_of
from judging import LEA
from noticeconsole import every_statement, team
from reasoning import case_of, checked, follow
from rempart.cases.work import moves
from rempart.evidence.ledger.lookup import about
from rempart.people.permissions import Role
from rempart.reports.reasons import statements

DAYS = {"cause": "police_request", "days": "3", "why": "reference 18"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("reasons")) as found:
        team(found)
        yield found


@pytest.fixture(scope="module")
def stated(house):
    return every_statement(house)


def lead(house, name="lena", **more):
    return house.browser(name, Role.LEAD, **more)


def shown(page):
    return re.findall(r'href="/reasons/(reason_[^"]+)"', page.text)


def of(house, reason):
    with house.store.read() as conn:
        return statements.one(conn, reason, LEA)


def test_the_youngest_stands_on_top_and_a_filter_shows_those_of_one_state(house, stated):
    page = lead(house)
    assert shown(page.get("/reasons"))[:3] == [stated.waiting, stated.kept, stated.out]
    assert {stated.kept, stated.waiting} <= set(shown(page.get("/reasons?state=waiting")))
    assert stated.out in shown(page.get("/reasons?state=out"))
    assert stated.kept not in shown(page.get("/reasons?state=out"))
    assert "will appear here" in page.get("/reasons?state=withheld").text
    assert shown(page.get("/reasons?state=x")) == shown(page.get("/reasons"))
    french = lead(house, "lise", language="fr").get("/reasons")
    assert "en attente jusqu’au" in text_of(french.text)


def test_many_of_them_come_a_page_at_a_time_each_once(house, stated):
    with house.store.write() as conn:
        for number in range(1_000, 1_060):
            checked(conn, number, "block", at=house.clock())
    follow(house.store)
    page = lead(house)
    first = page.get("/reasons?state=out")
    rest = page.get(re.search(r'rel="next" href="([^"]+)"', first.text).group(1).replace("&amp;", "&"))
    assert len(shown(first)) == 50
    assert not set(shown(first)) & set(shown(rest))
    assert stated.out in shown(rest)
    assert 'rel="next"' not in rest.text
    assert shown(page.get("/reasons?before=0")) == []


def test_one_shows_the_words_that_the_uploader_reads_in_each_language_and_no_list(house, stated):
    text = lead(house).get(f"/reasons/{stated.out}")
    words = text_of(text.text)
    for said in ("Statement of reasons", "Exposé des motifs", "A match is not a finding about you", "photo-800"):
        assert said in words
    assert "nobody may know" not in words
    assert "Keep it back" not in words
    assert lead(house).get("/reasons/reason_none").status_code == 404


def test_a_lead_keeps_one_back_for_a_cause_and_days_and_ends_that(house, stated):
    page, here = lead(house), f"/reasons/{stated.waiting}"
    done = page.post(f"{here}/delay", data=DAYS)
    assert done.headers["location"] == f"{here}?done=reason_delayed"
    found = of(house, stated.waiting)
    assert timedelta(days=2, hours=23) < found.named.reason.until - house.clock() <= timedelta(days=3)
    (delay,) = found.delays
    assert delay.by == house.people["lena"].pseudonym
    text = page.get(here).text
    assert f'value="{delay.id}"' in text
    assert "reference 18" not in text
    ended = page.post(f"{here}/undelay", data={"delay": delay.id, "why": "no more"})
    assert ended.headers["location"] == f"{here}?done=reason_undelayed"
    assert "The delay was ended; the statement goes out in a moment." in text_of(
        page.get(ended.headers["location"]).text
    )
    assert of(house, stated.waiting).delays == ()
    with house.store.read() as conn:
        done = [one.action for one in about(conn, f"reason:{stated.waiting}")]
    assert {"reason.delayed", "reason.undelayed"} <= set(done)
    again = page.post(f"{here}/undelay", data={"delay": delay.id, "why": "no more"})
    assert again.status_code == 404


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"cause": ""}, "has to be said"),
        ({"cause": "order"}, "has to be said"),
        ({"days": ""}, "For how many days"),
        ({"days": "-1"}, "For how many days"),
        ({"days": "٣"}, "For how many days"),
        ({"days": "0"}, "A delay ends at a time to come"),
        ({"days": "91"}, "A delay ends at a time to come"),
        ({"why": " "}, "reason"),
    ],
)
def test_a_delay_that_makes_no_sense_is_refused_with_what_was_typed(house, stated, wrong, said):
    typed = DAYS | {"why": "reference <19>"} | wrong
    before = of(house, stated.kept)
    answer = lead(house).post(f"/reasons/{stated.kept}/delay", data=typed)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert wrong.get("why", "reference &lt;19&gt;")[:2_000] in answer.text
    assert of(house, stated.kept) == before


def test_what_is_out_is_not_kept_back_any_more(house, stated):
    answer = lead(house).post(f"/reasons/{stated.out}/delay", data=DAYS)
    assert answer.status_code == 409
    assert of(house, stated.out).delays == ()


def test_a_delay_of_its_case_is_ended_from_the_statement_too(house, stated):
    (delay,) = of(house, stated.kept).delays
    answer = lead(house).post(f"/reasons/{stated.kept}/undelay", data={"delay": delay.id, "why": "over"})
    assert answer.status_code == 303
    follow(house.store)
    assert of(house, stated.kept).named.reason.state == "out"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.LEAD])
def test_nobody_but_a_lead_sees_or_delays_any(house, stated, role):
    page = house.browser(f"a-{role.value}", role)
    for path in ("/reasons", f"/reasons/{stated.out}"):
        assert page.get(path).status_code == 403
    for step in ("delay", "undelay"):
        assert page.post(f"/reasons/{stated.waiting}/{step}", data=DAYS | {"delay": "x"}).status_code == 403


def test_one_whose_case_is_kept_from_a_lead_is_not_there_for_them(house, stated):
    with house.store.write() as conn:
        checked(conn, 2_000, "hold", at=house.clock())
        case_id = case_of(conn, 2_000, at=house.clock())
    follow(house.store)
    page = lead(house)
    reason = shown(page.get("/reasons"))[0]
    assert page.get(f"/reasons/{reason}").status_code == 200
    person = house.people["lena"]
    with house.store.write() as conn:
        moves.keep_from(conn, case_id, {person.id: person.pseudonym}, at=house.clock())
    assert page.get(f"/reasons/{reason}").status_code == 404
    assert reason not in page.get("/reasons").text
    assert page.post(f"/reasons/{reason}/delay", data=DAYS).status_code == 404
    assert lead(house, "lois").get(f"/reasons/{reason}").status_code == 200
