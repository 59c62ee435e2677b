"""The same figure two ways: counted from the ledger, and from what the work itself left in the database."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import select

from actors import NOON
from hosting import host
from judging import LEA, NO, REMOVE
from noticing import form, with_team
from reasoning import case_of, checked, follow, match, told
from rempart.cases.records.cases import case_matches, cases, find
from rempart.cases.work.moves import reopen
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.intake.notices.complaints import complain
from rempart.intake.notices.records.complaints import notice_complaints
from rempart.intake.notices.records.notices import notices
from rempart.intake.notices.values import Role
from rempart.reports.reasons.records.statements import reasons
from rempart.reports.transparency.counting import count
from rempart.reports.transparency.records import counts as records


def counted(store):
    Sequencer(store, signer=Signer.generate("example.org/ledger")).checkpoint()
    count(store, lambda conn: None)
    with store.read() as conn:
        return records.of_days(conn, first="2000-01-01", last="2099-12-31")


def of(found, measure):
    """Counts of a measure by their labels."""
    return Counter({labels: value for (name, labels), value in found.items() if name == measure})


def rows(store, table):
    with store.read() as conn:
        return list(conn.execute(select(table)))


@pytest.fixture
def desk(store):
    return with_team(store)


def test_notices_their_outcomes_and_times(store, desk):
    taken = []
    for number, role in enumerate((Role.SELF, Role.FLAGGER, Role.SELF, Role.BYSTANDER)):
        taken.append(desk.take(form(f"https://forum.example/p/{number}", role=role)))
    desk.clock.go_on(hours=3)
    for one, decision in zip(taken, (REMOVE, NO, NO, REMOVE), strict=True):
        desk.decide(one, decision)
    desk.clock.go_on(minutes=50)
    for one in (taken[0], taken[3]):
        desk.confirm(one)
    found, there = counted(store), rows(store, notices)
    assert of(found, "notices") == Counter(one.role for one in there)
    assert of(found, "notices.decided") == Counter(one.outcome for one in there)
    assert of(found, "notices.decided.sender") == Counter(
        "flagger" if one.role == "flagger" else "other" for one in there
    )
    applied = [name for one in there for name, how in one.regimes.items() if how["valid_at"]]
    assert of(found, "notices.regime") == of(found, "notices.decided.regime") == Counter(applied)
    for one in there:
        took = (one.decided_at - one.received) / timedelta(minutes=1)
        assert any(
            took <= int(labels.rsplit("|", 1)[1]) < took + 30
            for labels in of(found, "notices.took") if labels.startswith("all|")
        )  # fmt: skip
    assert of(found, "removals") == Counter(in_time=2)


def test_a_complaint_that_is_upheld_changes_an_outcome(store, desk):
    taken = [desk.take(form(f"https://forum.example/p/{number}")) for number in range(2)]
    for one in taken:
        desk.decide(one, NO)
    for one, decision in zip(taken, (REMOVE, NO), strict=True):
        with store.write() as conn:
            (case_id,) = complain(conn, one.notice, "look again", writer=desk.writer, at=desk.clock())
        desk.judge(case_id, decision, people=(LEA,))
    desk.confirm(taken[0])
    found = counted(store)
    assert of(found, "complaints").total() == len(rows(store, notice_complaints)) == 2
    assert of(found, "complaints.decided") == Counter(one.state for one in rows(store, notice_complaints))
    assert of(found, "notices.changed").total() == 1
    assert of(found, "notices.decided") == Counter(kept=2)


def test_decisions_by_what_had_found_it_and_those_that_were_turned_round(store, desk):
    made = []
    with store.write() as conn:
        for number in range(1, 7):
            host(conn, number, service="forum", uploader=f"u{number}", verdict="hold", sha256=bytes([number]) * 32)
            made.append(case_of(conn, number, at=desk.clock(), assessors=1))
    for number, case_id in enumerate(made):
        desk.judge(case_id, REMOVE if number % 3 else NO)
    with store.write() as conn:
        reopen(conn, made[1], LEA, reason="look again", at=desk.clock())
    desk.judge(made[1], NO)
    found, there = counted(store), {one.id: one for one in rows(store, cases)}
    matched = {(one.case_id, one.list_id or one.list) for one in rows(store, case_matches)}
    assert of(found, "cases.decided").total() == 7
    first = {made[1]: "remove"}
    expected = Counter(
        f"list|{name}|{'confirmed' if first.get(case, there[case].decision) == 'remove' else 'rejected'}"
        for case, name in matched
    )
    assert Counter({key: n for key, n in of(found, "judged").items() if key.startswith("list|")}) == expected
    assert of(found, "cases.turned") == Counter(restored=1)
    assert of(found, "cases.reopened").total() == 1
    assert {key for key in of(found, "cases.turned.by") if "|list|" in key} == {
        f"restored|list|{name}" for case, name in matched if case == made[1]
    }
    with store.read() as conn:
        assert find(conn, made[1]).decision == "release"


def test_statements_by_ground_category_and_automation(store):
    with store.write() as conn:
        checked(conn, 1, "block", at=NOON, matches=[match()])
        checked(conn, 2, "block", at=NOON, matches=[match(scheme="intimate", code="nonconsensual")])
        checked(conn, 3, "hold", at=NOON)
        checked(conn, 4, "hold", at=NOON)
        told(conn, 4, "allow", at=NOON + timedelta(minutes=1))
    follow(store)
    found, there = counted(store), rows(store, reasons)
    restricted = [one for one in there if one.kind == "restriction"]
    assert of(found, "statements.lifted") == Counter(one.what for one in there if one.kind == "lifted")
    assert of(found, "statements") == Counter(
        "|".join(("own", "illegal" if one.payload["decision_ground"].endswith("ILLEGAL_CONTENT") else "terms",
                  one.payload["category"])) for one in restricted
    )  # fmt: skip
    assert of(found, "statements.restriction").total() == len(restricted) == 4
    words = {"Yes": "machine", "No": "people"}
    assert of(found, "statements.detected") == Counter(
        f"own|{words[one.payload['automated_detection']]}" for one in restricted
    )
