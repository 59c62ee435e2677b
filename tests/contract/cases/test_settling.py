"""Settling: many items in short steps, broken off anywhere and gone on with, while others do other things."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from desks import opened
from hosting import host
from judging import (
    ADA,
    BLOCK_ACCOUNT,
    NO,
    REFER,
    REMOVE,
    REPORT,
    RUI,
    answered,
    decided,
    no_window,
    settled,
    settler,
)
from rempart.cases.assessing.answering import SETTLE, undo
from rempart.cases.assessing.settling import Settler
from rempart.cases.assessing.tasks import finish
from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases as records
from rempart.cases.records import decisions, outcomes, tasks
from rempart.errors import ConflictError, UnavailableError
from rempart.evidence.vault.records import kept_for
from rempart.intake.upload_erasure import erase_item
from rempart.items.records import items
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.store.counters import next_number
from rempart.store.jobs import JobRunner, enqueue, release_jobs_of
from rempart.store.workers import Worker
from vaults import BY, a_vault, put_in

TESTS = Path(__file__).parents[2]
SAME = b"s" * 32


@pytest.fixture
def vault(store):
    return a_vault(store)


def cluster(store, count, *, sha256=SAME, **more):
    """A case of so many byte-identical items, each of an uploader of its own."""
    with store.write() as conn:
        case_id = opened(conn, 1, sha256=sha256, at=store.clock(), **{"assessors": 1} | more)
        for number in range(2, count + 1):
            host(conn, number, sha256=sha256, uploader=f"user-{number}")
            records.add_item(conn, case_id=case_id, item=number, service="forum", added=store.clock())
    return case_id


def told(store):
    with store.read() as conn:
        found = decisions.after(conn, service="forum", seq=0, most=5_000)
    return [(row.item_id or row.uploader, row.verdict) for row in found]


def state(store, case_id):
    """All that settling changes, to be held against what it was."""
    with store.read() as conn:
        case = records.find(conn, case_id)
        rows = conn.execute(text("SELECT id, verdict, decided FROM items ORDER BY id")).all()
        bases = conn.execute(text("SELECT object, basis, ended FROM vault_bases ORDER BY id")).all()
        found = tasks.of_cases(conn, [case_id])
        return {
            "case": (case.state, case.decision), "items": [tuple(row) for row in rows], "told": sorted(told(store)),
            "tasks": sorted((one.kind, one.state) for one in found), "bases": [tuple(row) for row in bases],
            "outcomes": [one.state for one in outcomes.of_case(conn, case_id)],
            "leaves": conn.execute(text("SELECT count(*) FROM ledger_leaves")).scalar_one(),
        }  # fmt: skip


def test_five_hundred_copies_follow_one_look_while_others_go_on_writing(store, vault):
    case_id = cluster(store, 500)
    answered(store, case_id, REMOVE)
    vault.clock.go_on(seconds=30)
    longest, done = [0.0], threading.Event()

    def others() -> None:
        while not done.is_set():
            began = time.monotonic()
            with store.write() as conn:
                next_number(conn, items.COUNTER)
            longest[0] = max(longest[0], time.monotonic() - began)
            time.sleep(0.01)

    thread = threading.Thread(target=others)
    thread.start()
    began = time.monotonic()
    with settler(store, vault) as run:
        run()
    took = time.monotonic() - began
    done.set()
    thread.join()
    assert len(told(store)) == 500
    assert state(store, case_id)["case"] == ("decided", "remove")
    assert took < 60
    assert longest[0] < took / 3  # nobody waits for more than a few of its steps


def test_copies_that_nobody_asked_about_go_down_too_and_releasing_leaves_them_alone(store, vault):
    case_id = cluster(store, 2)
    with store.write() as conn:
        host(conn, 50, sha256=SAME, service="wiki", verdict="allow")
        host(conn, 51, sha256=b"o" * 32, verdict="allow")
    decided(store, vault, case_id, REMOVE)
    with store.read() as conn:
        assert [items.hosted(conn, one).verdict for one in (50, 51)] == [Verdict.BLOCK, Verdict.ALLOW]
        assert 50 in records.items_of(conn, case_id)


def test_a_release_reaches_the_items_of_the_case_alone(store, vault):
    case_id = cluster(store, 2)
    with store.write() as conn:
        host(conn, 50, sha256=SAME, verdict="block", decided="block")
    decided(store, vault, case_id, NO)
    with store.read() as conn:
        assert items.hosted(conn, 50).verdict is Verdict.BLOCK


class Breaking:
    """A store that breaks off once, at the end of its so-manieth transaction, so that nothing of that is kept."""

    def __init__(self, store, at):
        self.store, self.at, self.done = store, at, 0
        self.read = store.read

    @contextmanager
    def write(self):
        with self.store.write() as conn:
            yield conn
            self.done += 1
            if self.done == self.at:
                raise UnavailableError("the machine stopped here")


def test_broken_off_at_any_step_it_is_gone_on_with_and_nothing_is_done_twice(store, vault):
    """Each of its transactions is broken off once, and then the job is run again."""
    places, whole = _settled_with_a_fault(store, vault, at=0, base=0)
    assert places >= 10
    for place in range(1, places + 1):
        _, found = _settled_with_a_fault(store, vault, at=place, base=100 * place)
        assert found == whole, f"broken off at step {place}, it ended otherwise"


def _settled_with_a_fault(store, vault, *, at, base):
    """Two people report a case of four items, one of them deleted; settling the second answer fails once."""
    sha256 = bytes([1, at]) * 16
    with store.write() as conn:
        case_id = opened(conn, base + 1, sha256=sha256, at=store.clock(), assessors=1)
        for number in range(base + 2, base + 5):
            host(conn, number, sha256=sha256, uploader="user", gone=store.clock() if number == base + 4 else None)
            records.add_item(conn, case_id=case_id, item=number, service="forum", added=store.clock())
    put_in(vault, reference=case_id)
    said = len(told(store))
    answered(store, case_id, REMOVE, REPORT, BLOCK_ACCOUNT, accounts=(base + 2,))
    vault.clock.go_on(seconds=30)
    with settler(store, vault) as run:
        run()
    answered(store, case_id, REMOVE, REPORT, BLOCK_ACCOUNT, by=ADA, accounts=(base + 2,))
    vault.clock.go_on(seconds=30)
    breaking = Breaking(store, at)
    with Worker(store) as worker:
        runner = JobRunner(store, worker, {SETTLE: Settler(breaking, vault=vault, clock=vault.clock, at_once=2)})
        assert runner.run_due() == 1
        vault.clock.go_on(seconds=2)
        assert runner.run_due() == (1 if at else 0)
    return breaking.done, _short(store, case_id, base, said)


def _short(store, case_id, base, said):
    with store.read() as conn:
        case = records.find(conn, case_id)
        hosted = [items.hosted(conn, base + number) for number in range(1, 5)]
        task = tasks.of_cases(conn, [case_id])
        kept = [len(vault_of(conn, "case", case_id)), *(len(vault_of(conn, "case_task", one.id)) for one in task)]
        return {
            "case": (case.state, case.decision),
            "items": [one and (one.verdict, one.decided) for one in hosted],
            "told": sorted(verdict for _, verdict in told(store)[said:]),
            "tasks": sorted((one.kind, one.state) for one in task),
            "kept": sorted(kept),
            "outcomes": [one.state for one in outcomes.of_case(conn, case_id)],
        }


def vault_of(conn, basis, reference):
    return kept_for(conn, basis=basis, reference=reference, most=9)


def test_a_process_killed_between_two_steps_is_taken_over_from(store, vault, database_url):
    no_window(store)
    case_id = cluster(store, 60)
    answered(store, case_id, REMOVE)
    env = os.environ | {"PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}"}
    process = subprocess.Popen([sys.executable, str(TESTS / "settling_process.py"), database_url], env=env)
    try:
        deadline = time.monotonic() + 60
        while not 5 <= len(told(store)) < 60 and time.monotonic() < deadline:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    assert 0 < len(told(store)) < 60
    with store.write() as conn:
        worker = conn.execute(text("SELECT worker FROM jobs WHERE state = 'running'")).scalar_one()
        release_jobs_of(conn, worker)
    with settler(store, vault) as run:
        assert run() == 1
    assert sorted(told(store)) == sorted((f"photo-{number}", "block") for number in range(1, 61))
    assert state(store, case_id)["outcomes"] == ["settled"]


def test_the_job_run_again_changes_nothing(store, vault):
    case_id = cluster(store, 3)
    put_in(vault, reference=case_id)
    decided(store, vault, case_id, REMOVE, REPORT)
    before = state(store, case_id)
    with store.read() as conn:
        ids = [one.id for one in outcomes.of_case(conn, case_id)]
    with store.write() as conn:
        for one in ids:
            enqueue(conn, SETTLE, {"outcome": one}, now=store.clock())
    with settler(store, vault) as run:
        assert run() == 2
    assert state(store, case_id) == before


def test_undoing_and_settling_at_once_do_one_of_both(store, vault):
    for number in range(1, 4):
        with store.write() as conn:
            case_id = opened(conn, number, sha256=bytes([number]) * 32, at=store.clock(), assessors=1)
        outcome = answered(store, case_id, REMOVE).outcomes[0].id
        vault.clock.go_on(seconds=30)
        early, ready, failed = vault.clock() - timedelta(seconds=1), threading.Barrier(2), []

        def take_back(outcome=outcome, early=early, ready=ready, failed=failed):
            ready.wait()
            try:
                with store.write() as conn:
                    undo(conn, outcome, RUI, at=early)
            except ConflictError as err:
                failed.append(err)

        thread = threading.Thread(target=take_back)
        with settler(store, vault) as run:
            thread.start()
            ready.wait()
            run()
            thread.join()
            run()
        done = [name for name, _ in told(store) if name == f"photo-{number}"]
        with store.read() as conn:
            left = records.find(conn, case_id).state
        assert (left, len(done)) == (("decided", 1) if failed else ("open", 0))


def test_an_item_that_joins_while_its_case_settles_is_judged_with_it_or_gets_a_case_of_its_own(store, vault):
    case_id = cluster(store, 60)
    answered(store, case_id, REMOVE)
    vault.clock.go_on(seconds=30)
    joined = []

    def join():
        for number in range(100, 120):
            with store.write() as conn:
                next_number(conn, items.COUNTER)
                host(conn, number, sha256=SAME)
                item = CaseItem(id=number, service="forum", sha256=SAME)
                joined.append(
                    (number, open_case(conn, kind="match", queue="similar", assessors=1, item=item, matches=[],
                                       reason="r", policy_version=1, by=SYSTEM, at=store.clock()))
                )  # fmt: skip

    thread = threading.Thread(target=join)
    with settler(store, vault, at_once=2) as run:
        thread.start()
        run()
        thread.join()
    with store.read() as conn:
        for number, case in joined:
            if case == case_id:
                assert items.hosted(conn, number).verdict is Verdict.BLOCK, number
            else:
                assert records.find(conn, case).state == "open"


def test_an_item_deleted_while_its_case_settles_is_forgotten_once(store, vault):
    case_id = cluster(store, 40)
    answered(store, case_id, REMOVE)
    vault.clock.go_on(seconds=30)

    def delete():
        for number in range(30, 41):
            erase_item(store, "forum", f"photo-{number}", by=SYSTEM, at=store.clock())

    thread = threading.Thread(target=delete)
    with settler(store, vault, at_once=3) as run:
        thread.start()
        run()
        thread.join()
        run()
    with store.read() as conn:
        assert [items.hosted(conn, number) for number in range(30, 41)] == [None] * 11
        assert records.find(conn, case_id).state == "decided"
        assert items.hosted(conn, 29).decided is Verdict.BLOCK


def test_a_deleted_item_is_kept_while_a_report_of_it_waits_and_forgotten_with_it(store, vault):
    case_id = cluster(store, 2)
    kept = put_in(vault, reference=case_id)
    erase_item(store, "forum", "photo-2", by=SYSTEM, at=store.clock())
    decided(store, vault, case_id, REMOVE, REPORT, REFER)
    erase_item(store, "forum", "photo-1", by=SYSTEM, at=store.clock())
    with store.read() as conn:
        assert [items.hosted(conn, one).gone is not None for one in (1, 2)] == [True, True]
        waiting = tasks.of_cases(conn, [case_id])
        assert vault.kept_for(conn, basis="case_task", reference=waiting[0].id, most=9) == (kept,)
    for place, one in enumerate(waiting):
        with store.write() as conn:
            finish(conn, one.id, state="done", by=BY, at=store.clock(), vault=vault)
        with store.read() as conn:
            assert (items.hosted(conn, 1) is None) == (place == 1)
    with store.write() as conn, pytest.raises(ConflictError, match="waits no longer"):
        finish(conn, waiting[0].id, state="done", by=BY, at=store.clock(), vault=vault)


def test_a_list_entry_withdrawn_meanwhile_changes_nothing_of_what_people_said(store, vault):
    case_id = cluster(store, 1)
    answered(store, case_id, REMOVE)
    with store.write() as conn:
        assert records.mark_withdrawn(conn, [1], at=store.clock()) == (case_id,)
    settled(store, vault)
    assert told(store) == [("photo-1", "block")]


def test_a_clock_set_back_holds_nothing_up_and_one_set_forward_undoes_nothing(store, vault):
    case_id = cluster(store, 1)
    answered(store, case_id, REMOVE)
    vault.clock.go_on(hours=-3)
    with settler(store, vault) as run:
        run()
    assert told(store) == [("photo-1", "block")]
    with store.read() as conn:
        assert conn.execute(select(outcomes.case_outcomes.c.state)).scalars().all() == ["settled"]
