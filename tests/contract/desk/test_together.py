"""Several cases, and several people, at once, as somebody without scripts meets it."""

import re

import pytest

from deployment import deployment, text_of
from desks import actions
from pageserver import error_of
from rempart.cases.records import cases
from rempart.cases.work import claims
from rempart.people.permissions import Role


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with deployment(tmp_path_factory.mktemp("together")) as found:
        found.browser("rui"), found.browser("ana"), found.browser("lea", Role.LEAD)
        yield found


def case_of(house, case_id):
    with house.store.read() as conn:
        return cases.find(conn, case_id)


def told(page):
    """What became of each, by the id in its link."""
    rows = re.findall(r'<li><a href="/(?:cases|people)/([^"]+)">[^<]*</a> · (.*?)</li>', page)
    return {one: text_of(words).strip() for one, words in rows}


def sent(browser, *chosen, where="/cases/together", name="case", **fields):
    return browser.post(where, data={name: list(chosen)} | fields)


def claimed(house, case_id, name):
    who = house.principal(name)
    with house.store.write() as conn:
        claims.claim(conn, case_id, who, at=house.clock())


def test_several_cases_get_a_priority_and_each_that_does_not_is_told_why(house):
    one, two, decided = house.case(1), house.case(2), house.case(3)
    with house.store.write() as conn:
        cases.change(conn, decided, state="decided", decision="release", cluster=None)
    page = house.browser("rui").get("/cases").text
    assert f'name="case" value="{one}"' in page
    answer = sent(house.browser("rui"), one, two, decided, "case_no_such", do="priority", priority="1")
    assert answer.status_code == 200
    assert told(answer.text) == {
        one: "done.", two: "done.",
        decided: "This case was decided already: release. Look at the case again.",
        "case_no_such": "There is no such case.",
    }  # fmt: skip
    assert "Done for 2" in answer.text
    assert [case_of(house, each).priority for each in (one, two)] == [1, 1]
    lower = sent(house.browser("rui"), one, do="priority", priority="3")
    assert told(lower.text) == {one: "Only a lead may do this."}
    assert told(sent(house.browser("lea"), one, do="priority", priority="3").text) == {one: "done."}


def test_a_lead_moves_cases_to_another_queue_and_whoever_had_one_has_it_no_more(house):
    one, two, elsewhere = house.case(11), house.case(12), house.case(13, queue="accounts")
    claimed(house, one, "rui")
    assert 'name="to_queue"' not in house.browser("rui").get("/cases").text
    assert told(sent(house.browser("rui"), one, do="move", to_queue="accounts").text) == {
        one: "Only a lead may do this."
    }
    lead = house.browser("lea")
    assert '<option value="accounts">' in lead.get("/cases").text
    assert set(told(sent(lead, one, two, do="move", to_queue="no-such").text).values()) == {
        "There is no such queue. Choose from the list."
    }
    assert set(told(sent(lead, one, two, elsewhere, do="move", to_queue="accounts").text).values()) == {"done."}
    moved = case_of(house, one)
    assert (moved.queue, moved.claimed_by) == ("accounts", None)
    assert [action for action, _ in actions(house.store, one)][-1] == "case.moved"
    assert "case.moved" not in [action for action, _ in actions(house.store, elsewhere)], "it was there already"
    assert "Moved to another queue · to accounts" in text_of(lead.get(f"/cases/{one}").text)


def test_cases_are_handed_over_and_given_back_by_whoever_has_them(house):
    mine, others, free = (house.case(20 + n) for n in range(3))
    claimed(house, mine, "rui"), claimed(house, others, "ana")
    page, ana = house.browser("rui"), house.person("ana")
    got = told(sent(page, mine, others, free, do="hand_over", to=ana.id).text)
    assert got[mine] == "done."
    assert "has this case now" in got[others]
    assert got[free] == "Claim the case first."
    assert case_of(house, mine).assigned_to == ana.id
    claimed(house, free, "rui")
    got = told(sent(page, free, others, do="release").text)
    assert got == {
        free: "done.",
        others: "You have not claimed this case, or not any more. Only cases of your own can be given back.",
    }
    assert case_of(house, free).claimed_by is None
    assert case_of(house, others).claimed_by == ana.id


def test_no_verdict_is_given_for_several_and_nothing_happens_without_a_choice(house):
    case_id, page = house.case(31), house.browser("rui")
    for fields in ({}, {"do": "assess", "main": "remove"}, {"do": "decide"}):
        answer = sent(page, case_id, **fields)
        assert answer.status_code == 422
        assert error_of(answer.text) == "It is not said what to do. Choose one of the buttons."
    answer = sent(page, do="release", queue="similar")
    assert (answer.status_code, error_of(answer.text)) == (422, "Nothing was chosen. Tick from 1 to 50 rows.")
    assert case_id in answer.text, "the page is still there"
    assert sent(page, *(f"case_{n}" for n in range(51)), do="release").status_code == 422
    french = house.browser("rui-fr", language="fr")
    assert told(sent(french, case_id, do="release").text) == {
        case_id: "Vous n’avez pas pris ce dossier, ou ne l’avez plus. Seuls vos propres dossiers peuvent être rendus."
    }
    assert sent(house.browser("aud", Role.AUDITOR), case_id, do="release").status_code == 403
    strange = sent(page, "é" * 60, "x\n", do="release")
    assert "There is no such case." in strange.text


def test_several_people_are_deactivated_and_come_back(house):
    admin = house.browser("ada", Role.ADMINISTRATOR)
    kim, lou, ada = house.person("kim"), house.person("lou"), house.person("ada")
    signed_in = house.browser("kim")
    assert signed_in.get("/cases").status_code == 200
    there = {"where": "/people/together", "name": "person"}
    got = told(sent(admin, kim.id, lou.id, ada.id, "person_none", do="deactivate", **there).text)
    assert (got[kim.id], got[lou.id]) == ("done.", "done.")
    assert got[ada.id] == "Nobody deactivates themselves. Ask another administrator."
    assert got["person_none"] == "There is no such person. Look at the list of people."
    assert signed_in.get("/cases").status_code == 303, "signed out at once"
    got = told(sent(admin, kim.id, lou.id, do="reactivate", sought="kim", **there).text)
    assert set(got.values()) == {"done."}
    assert told(sent(admin, kim.id, do="reactivate", **there).text)[kim.id].startswith("This person is active.")
    signed_in = house.browser("kim")
    assert told(sent(admin, kim.id, do="sign_out", **there).text) == {kim.id: "done."}
    assert signed_in.get("/cases").status_code == 303
    assert sent(admin, kim.id, do="set_roles", **there).status_code == 422


def test_what_is_grave_with_one_person_is_so_with_several(house):
    kim = house.person("kim")
    old = house.browser("ada", Role.ADMINISTRATOR, old=True)
    assert 'name="person"' not in old.get("/people").text
    answer = sent(old, kim.id, where="/people/together", name="person", do="deactivate")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in/again?then=/people")
    other = sent(house.browser("rui"), kim.id, where="/people/together", name="person", do="deactivate")
    assert other.status_code == 403
    assert house.browser("ada", Role.ADMINISTRATOR).get(f"/people/{kim.id}").text.count("Reactivate") == 0
