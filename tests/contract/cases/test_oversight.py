"""Oversight: six plain rules, each thing flagged once, shown to leads whom it is not about, acknowledged in words."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from actors import person
from desks import join_team, opened
from judging import NO, RUI, answered, settled
from rempart.cases.quality import oversight
from rempart.cases.records import grants, searches
from rempart.cases.records.grants import GrantRow
from rempart.cases.work import claims
from rempart.cases.work.notifier import read_notifier, seal_notifier
from rempart.cases.work.settings import put
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.people.permissions import Role
from rempart.store.ids import new_id
from vaults import a_vault

LEA, MAX = person("lea", Role.LEAD), person("max", Role.LEAD)
ON_ONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def vault(store):
    made = a_vault(store)
    with store.write() as conn:
        join_team(conn, RUI, LEA, MAX)
        put(conn, {"sample_percent": 0}, by=LEA, at=store.clock())
    return made


def a_case(store, number=1):
    with store.write() as conn:
        return opened(conn, number, at=store.clock(), assessors=1)


def claimed(store, case_id, who=RUI):
    with store.write() as conn:
        claims.claim(conn, case_id, who, at=store.clock())


def seen(store, case_id, *, who=RUI, ago=timedelta(0), step="original"):
    """A look as the software writes it down when it grants one."""
    at = store.clock() - ago
    row = GrantRow(
        id=new_id("look"), case_id=case_id, item=1, object=None, person=who.id, session="s", step=step,
        purpose="assess", at=at, until=at, served=at, covered=at, seconds=20, outcome=None,
    )  # fmt: skip
    with store.write() as conn:
        grants.add(conn, row)


def watched(store):
    """Look for what is unusual and flag it; gives the kinds that were new."""
    with store.write() as conn:
        found = oversight.unusual(conn, at=store.clock())
        assert oversight.raise_flags(conn, found, at=store.clock()) == len(found)
    return sorted(one.kind for one in found)


def flags(store, who=LEA, **more):
    with store.read() as conn:
        return oversight.flags(conn, who, **more)


def test_an_original_without_an_answer_within_a_day_is_flagged_once(store, vault):
    case_id = a_case(store)
    claimed(store, case_id)
    vault.clock.go_on(minutes=1)
    seen(store, case_id)
    seen(store, case_id)
    seen(store, case_id, step="blurred")
    assert watched(store) == []
    vault.clock.go_on(hours=25)
    assert watched(store) == ["unanswered"]
    assert watched(store) == []
    assert [(one.kind, one.person, one.case_id) for one in flags(store)] == [("unanswered", RUI.id, case_id)]


def test_an_original_that_an_answer_follows_is_not_flagged(store, vault):
    case_id = a_case(store)
    claimed(store, case_id)
    vault.clock.go_on(minutes=1)
    seen(store, case_id)
    answered(store, case_id, NO)
    settled(store, vault)
    vault.clock.go_on(hours=25)
    assert watched(store) == []


def test_thirty_originals_in_an_hour_are_flagged_whoever_it_is(store, vault):
    case_id = a_case(store)
    claimed(store, case_id)
    vault.clock.go_on(minutes=40)
    for number in range(29):
        seen(store, case_id, ago=timedelta(seconds=number))
    assert watched(store) == []
    seen(store, case_id)
    assert watched(store) == ["many"]
    assert flags(store)[0].facts == {"count": 30}


@ON_ONE
def test_a_person_is_compared_with_their_own_usual_and_nobody_elses(store, vault):
    case_id = a_case(store)
    claimed(store, case_id)
    claimed_by_lea = a_case(store, 2)
    claimed(store, claimed_by_lea, LEA)
    vault.clock.go_on(minutes=40)
    for day in range(1, 10):
        for who, usual in ((RUI, 3), (LEA, 9)):
            for number in range(usual):
                seen(store, case_id, who=who, ago=timedelta(days=day + 1, seconds=number))
    for number in range(12):
        seen(store, case_id, ago=timedelta(seconds=number))
        seen(store, claimed_by_lea, who=LEA, ago=timedelta(seconds=number))
    with store.read() as conn:
        found = [one for one in oversight.unusual(conn, at=store.clock()) if one.kind == "many"]
    assert [(one.person, one.facts) for one in found] == [(RUI.id, {"count": 12, "usual": 3})]


def test_a_look_that_the_ledger_knows_no_claim_for_is_flagged(store, vault):
    case_id = a_case(store)
    claimed(store, case_id, LEA)
    vault.clock.go_on(minutes=1)
    seen(store, case_id)
    seen(store, case_id, who=LEA)
    assert watched(store) == ["outside"]
    assert flags(store, MAX)[0].person == RUI.id


def test_a_look_at_a_decided_case_is_flagged(store, vault):
    case_id = a_case(store)
    answered(store, case_id, NO)
    settled(store, vault)
    vault.clock.go_on(minutes=1)
    seen(store, case_id)
    assert watched(store) == ["decided", "outside"]


def test_many_searches_and_searches_for_one_purpose_are_flagged(store, vault):
    with store.write() as conn:
        for number in range(20):
            purpose = "Ticket 12" if number < 5 else f"ticket {number}"
            searches.add(conn, at=store.clock(), by=RUI.pseudonym, purpose=purpose, facts={})
    assert watched(store) == ["searches", "searches"]
    assert {one.facts.get("purpose") for one in flags(store)} == {None, "ticket 12"}
    assert {one.person for one in flags(store)} == {RUI.id}
    assert watched(store) == []


def test_reading_who_told_us_is_always_flagged_and_never_to_the_reader(store, vault):
    case_id = a_case(store)
    with store.write() as conn:
        seal_notifier(conn, case_id, {"name": "A. Person"}, keyring=vault.keyring)
        read_notifier(conn, case_id, LEA, purpose="to answer", keyring=vault.keyring, at=store.clock())
    assert watched(store) == ["notifier"]
    assert flags(store, LEA) == ()
    assert [one.kind for one in flags(store, MAX)] == ["notifier"]


def flagged(store, vault, who=LEA):
    case_id = a_case(store)
    with store.write() as conn:
        seal_notifier(conn, case_id, {"name": "A. Person"}, keyring=vault.keyring)
        read_notifier(conn, case_id, who, purpose="to answer", keyring=vault.keyring, at=store.clock())
    watched(store)
    return case_id, flags(store, MAX)[0].id


@ON_ONE
def test_whoever_it_is_about_can_neither_see_nor_acknowledge_it(store, vault):
    _, name = flagged(store, vault)
    with store.write() as conn:
        with pytest.raises(NotFoundError):
            oversight.flag(conn, name, LEA)
        with pytest.raises(NotFoundError):
            oversight.acknowledge(conn, name, LEA, said="It was me, all is well.", at=store.clock())


def test_a_second_lead_acknowledges_it_with_a_sentence_once(store, vault):
    _, name = flagged(store, vault)
    with store.write() as conn:
        with pytest.raises(RefusedError, match="sentence"):
            oversight.acknowledge(conn, name, MAX, said="  ok  ", at=store.clock())
        done = oversight.acknowledge(conn, name, MAX, said="The notifier had asked for news.", at=store.clock())
        assert (done.state, done.by, done.said) == ("seen", MAX.id, "The notifier had asked for news.")
        with pytest.raises(ConflictError, match="Another lead"):
            oversight.acknowledge(conn, name, MAX, said="Once more, to be sure.", at=store.clock())
    assert flags(store, MAX) == ()
    assert len(flags(store, MAX, state="seen")) == 1


@ON_ONE
def test_nobody_but_leads_sees_flags(store, vault):
    _, name = flagged(store, vault)
    for who in (RUI, person("aud", Role.AUDITOR), person("adi", Role.ADMINISTRATOR), person("cur", Role.CURATOR)):
        with store.read() as conn:
            with pytest.raises(NotPermittedError):
                oversight.flags(conn, who)
            with pytest.raises(NotPermittedError):
                oversight.flag(conn, name, who)


@ON_ONE
def test_who_is_kept_from_a_case_sees_no_flag_about_it(store, vault):
    case_id, name = flagged(store, vault)
    with store.write() as conn:
        conn.execute(text("INSERT INTO case_barred (case_id, person) VALUES (:c, :p)"), {"c": case_id, "p": MAX.id})
    assert flags(store, MAX) == ()
    with store.read() as conn, pytest.raises(NotFoundError):
        oversight.flag(conn, name, MAX)


@ON_ONE
def test_the_ledger_shows_neither_whom_nor_what_a_flag_is_about(store, vault):
    case_id, name = flagged(store, vault)
    with store.write() as conn:
        oversight.acknowledge(conn, name, MAX, said="The notifier had asked for news.", at=store.clock())
        bodies = conn.execute(text("SELECT body FROM ledger_leaves ORDER BY id")).scalars().all()
    own = [one for one in bodies if '"action":"oversight.' in one]
    assert len(own) == 2
    assert not [
        one for one in own for word in (LEA.pseudonym, LEA.id, "notifier", "news", case_id, name) if word in one
    ]
