"""What is beside a decided case is forgotten in time, and never while something needs it."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from actors import person
from desks import actions, join_team, opened
from figuring import put_flags, put_look
from judging import ADA, LEA, NO, REMOVE, REPORT, RUI, decided, judged, settled
from rempart.cases.forgetting import forget_decided
from rempart.cases.records.grants import GrantRow, add, case_grants
from rempart.cases.records.tasks import case_tasks
from rempart.cases.records.work import case_facts, case_notes
from rempart.cases.work import accounts, moves
from rempart.cases.work.accounts import AccountFact
from rempart.cases.work.timeline import timeline
from rempart.people.permissions import Role
from rempart.store.workers import Worker
from vaults import a_vault

YEAR = timedelta(days=365)
TOM = person("tom", Role.REVIEWER)


@pytest.fixture
def vault(store):
    found = a_vault(store)
    with store.write() as conn:
        join_team(conn, RUI, ADA, LEA, TOM)
    return found


def look(store, case_id, number):
    at = store.clock()
    with store.write() as conn:
        add(conn, GrantRow(
            id=f"grant_{case_id[-8:]}_{number}", case_id=case_id, item=1, object=None, person=RUI.id, session="s",
            step="sketch", purpose="", at=at, until=at, served=at, covered=at, seconds=1, outcome=None,
        ))  # fmt: skip


def a_case(store, vault, number):
    """A decided case with a look and a note."""
    with store.write() as conn:
        case_id = opened(conn, number, sha256=number.to_bytes(32), at=store.clock())
        moves.note(conn, case_id, RUI, "asked", at=store.clock())
    look(store, case_id, 1)
    assert judged(store, vault, case_id, NO).state == "decided"
    return case_id


def run(store, later=YEAR + timedelta(days=1), vault=None):
    if vault is not None:
        vault.clock.go_on(seconds=later.total_seconds())
    with Worker(store) as worker:
        return forget_decided(store, worker, older=YEAR)


def beside(store, case_id):
    with store.read() as conn:
        return {
            table.name: conn.scalar(select(func.count()).select_from(table).where(table.c.case_id == case_id))
            for table in (case_grants, case_notes, case_facts)
        }


NOTHING = {"case_grants": 0, "case_notes": 0, "case_facts": 0}


def test_what_is_beside_a_decided_case_is_forgotten_after_its_time_and_a_leaf_says_so(store, vault):
    case_id = a_case(store, vault, 1)
    assert run(store, YEAR - timedelta(days=1), vault) == 0
    assert beside(store, case_id) == NOTHING | {"case_grants": 1, "case_notes": 1}
    assert run(store, timedelta(days=2), vault) == 1
    assert beside(store, case_id) == NOTHING
    assert actions(store, case_id)[-1] == ("case.forgotten", "system")
    with store.read() as conn:
        told = timeline(conn, case_id, LEA)
    assert told[-1].facts == {"round": 1, "looks": 1, "notes": 1, "facts": 0}
    assert [one.text for one in told if one.action == "case.noted"] == [None]
    assert run(store) == 0


def test_facts_of_an_account_are_forgotten_too(store, vault):
    with store.write() as conn:
        case_id = accounts.open_account_case(
            conn, service="forum", uploader="u", facts=[AccountFact(kind="text", text="sells")], by=RUI,
            at=store.clock(),
        ).case  # fmt: skip
    assert decided(store, vault, case_id, NO).state == "decided"
    assert run(store, vault=vault) == 1
    assert beside(store, case_id) == NOTHING


def test_an_open_case_and_one_opened_again_keep_theirs(store, vault):
    with store.write() as conn:
        waits = opened(conn, 1, at=store.clock())
        moves.note(conn, waits, RUI, "asked", at=store.clock())
    again = a_case(store, vault, 2)
    vault.clock.go_on(seconds=(2 * YEAR).total_seconds())
    with store.write() as conn:
        moves.reopen(conn, again, LEA, reason="an appeal", at=store.clock())
    assert run(store) == 0
    assert judged(store, vault, again, NO, people=(TOM, ADA)).state == "decided"
    assert run(store) == 0
    assert run(store, vault=vault) == 1
    assert beside(store, waits)["case_notes"] == 1


@pytest.mark.parametrize("late", ["note", "look"])
def test_what_was_laid_down_later_is_kept_as_long_as_the_rest(store, vault, late):
    case_id = a_case(store, vault, 1)
    vault.clock.go_on(seconds=YEAR.total_seconds())
    if late == "look":
        look(store, case_id, 2)
    else:
        with store.write() as conn:
            moves.note(conn, case_id, LEA, "they wrote again", at=store.clock())
    assert run(store, timedelta(days=2), vault) == 0
    assert run(store, vault=vault) == 1


@pytest.mark.parametrize("state", ["waiting", "failed"])
def test_a_task_that_is_not_done_needs_them(store, vault, state):
    with store.write() as conn:
        case_id = opened(conn, 1, sha256=bytes(32), at=store.clock())
        moves.note(conn, case_id, RUI, "asked", at=store.clock())
    assert decided(store, vault, case_id, REMOVE, REPORT).state == "decided"
    settled(store, vault)
    with store.write() as conn:
        assert conn.execute(update(case_tasks).values(state=state)).rowcount
    assert run(store, vault=vault) == 0
    with store.write() as conn:
        conn.execute(update(case_tasks).values(state="done"))
    assert run(store) == 1


def test_a_second_look_and_a_flag_that_wait_need_them(store, vault):
    looked, flagged = a_case(store, vault, 1), a_case(store, vault, 2)
    with store.write() as conn:
        put_look(conn, looked, at=store.clock())
        put_flags(conn, RUI.id, at=store.clock(), case_id=flagged)
    assert run(store, vault=vault) == 0


def test_evidence_that_is_held_needs_them(store, vault):
    with store.write() as conn:
        case_id = opened(conn, 1, sha256=bytes(32), at=store.clock())
        moves.note(conn, case_id, RUI, "asked", at=store.clock())
    sealed = vault.seal(b"a picture")
    with store.write() as conn:
        kept = vault.record(
            conn, sealed, item="item:1", basis="case", reference=case_id, media_type="image/png", by=LEA
        )
        hold = vault.hold(conn, kept, reason="a court asked", by=LEA)
    assert judged(store, vault, case_id, NO).state == "decided"
    assert run(store, vault=vault) == 0
    with store.write() as conn:
        vault.release(conn, hold, reason="over", by=LEA)
        vault.destroy_due(conn, kept, by=LEA)
    assert run(store) == 1


def test_a_case_that_is_opened_again_while_its_rest_is_forgotten_loses_nothing(store, vault, monkeypatch):
    case_id = a_case(store, vault, 1)
    vault.clock.go_on(seconds=(2 * YEAR).total_seconds())
    with Worker(store) as worker:
        guard = worker.guard

        def reopened_first(conn):
            monkeypatch.undo()
            guard(conn)
            moves.reopen(conn, case_id, LEA, reason="an appeal", at=store.clock())

        monkeypatch.setattr(worker, "guard", reopened_first)
        assert forget_decided(store, worker, older=YEAR) == 0
    assert beside(store, case_id) == NOTHING | {"case_grants": 1, "case_notes": 2}
