"""What people may do about a report that is being filed, and what is repeated after a restore."""

from dataclasses import replace

import pytest

from actors import person
from judging import ADA, LEA, REMOVE, REPORT, RUI, answered, settled
from rempart.cases.records import cases, tasks, work
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.people.permissions import Role
from rempart.reports.cybertip.filing import beginning
from rempart.reports.cybertip.filing.again import FILED, FINISHING, STOPPED, filed_again
from rempart.reports.cybertip.filing.beginning import Found, begin
from rempart.reports.cybertip.filing.values import Limits
from rempart.reports.cybertip.records import files, filings, receipts, reports
from rempart.reports.cybertip.values import Environment, ReportState
from reporting import maker, reported, to_report
from tipfiling import begun, confirmed, desk, means_of, runs, stands, tipline, told_of
from vaults import actions

AUDITOR = person("aud", Role.AUDITOR)
REAL = {"environment": Environment.PRODUCTION.value}


@pytest.fixture
def store(sqlite_store):
    return sqlite_store


def in_hands(store, vault, server, *, plan):
    """A report that was put into people's hands."""
    report_id = begun(store, vault)
    server.misbehave(plan)
    with desk(store, means_of(vault, server, limits=Limits(odd=1))) as go:
        go()
    assert stands(store, report_id).state is ReportState.MANUAL
    return report_id


def resolved(store, vault, report_id, found, **more):
    with store.write() as conn:
        beginning.resolve(
            conn, LEA, report_id, found=found, at=store.clock(), vault=vault, **{"why": "they said so"} | more
        )  # fmt: skip


def test_whoever_retries_needs_not_wait(store, vault):
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=["submit:error"] * 4) as server, desk(store, means_of(vault, server)) as go:
        go(minutes=20, hours=1)
        assert stands(store, report_id).next_try > store.clock()
        with store.write() as conn:
            beginning.retry(conn, RUI, report_id, at=store.clock())
        go()
        assert stands(store, report_id).state is ReportState.FILED


def test_a_retry_of_what_may_be_filed_asks_about_it_first(store, vault):
    with tipline(clock=store.clock) as server:
        report_id = in_hands(store, vault, server, plan=["finish:page_after"])
        with store.write() as conn:
            beginning.retry(conn, LEA, report_id, at=store.clock())
        with desk(store, means_of(vault, server)) as go:
            go()
        assert server.calls == ["submit", "upload", "fileinfo", "finish page_after", "finish"]
        assert told_of(server, report_id) == [stands(store, report_id).number]
    with store.read() as conn:
        (receipt,) = receipts.of_report(conn, report_id)
    assert receipt.again


def test_what_is_stopped_is_retracted_and_not_filed(store, vault):
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=["fileinfo:error"]) as server, desk(store, means_of(vault, server)) as go:
        go()
        with store.write() as conn:
            beginning.stop(conn, LEA, report_id, why="the wrong account", at=store.clock())
        go()
        assert server.calls[-1] == "retract"
        assert server.finished == ()
    row = stands(store, report_id)
    assert (row.state, row.why) == (ReportState.RETRACTED, "stopped")
    assert "report.stop_asked" in actions(store)


def test_why_it_was_stopped_stays_known_whatever_retracting_takes(store, vault):
    report_id = begun(store, vault)
    plan = ["fileinfo:error", "retract:close_before", "retract:error"]
    with tipline(clock=store.clock, plan=plan) as server, desk(store, means_of(vault, server)) as go:
        go()
        with store.write() as conn:
            beginning.stop(conn, LEA, report_id, why="the wrong account", at=store.clock())
        go(hours=1, minutes=20)
    assert (stands(store, report_id).state, stands(store, report_id).why) == (ReportState.RETRACTED, "stopped")
    assert runs(store, report_id) == [("retracted", "stopped")]


def test_a_stop_that_comes_too_late_finds_it_filed(store, vault):
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=["finish:close_after"]) as server, desk(store, means_of(vault, server)) as go:
        go()
        with store.write() as conn:
            beginning.stop(conn, LEA, report_id, why="the wrong account", at=store.clock())
        go()
        assert server.calls[-1] == "retract"  # which says that it is finished
        assert stands(store, report_id).state is ReportState.FILED
        assert told_of(server, report_id) == [stands(store, report_id).number]


def test_a_lead_says_that_it_was_filed_and_under_which_number(store, vault):
    with tipline(clock=store.clock) as server:
        report_id = in_hands(store, vault, server, plan=["finish:page_after"])
        (number,) = told_of(server, report_id)
    resolved(store, vault, report_id, Found.FILED, number=number)
    row = stands(store, report_id)
    assert (row.state, row.number) == (ReportState.FILED, number)
    with store.read() as conn:
        (receipt,) = receipts.of_report(conn, report_id)
        assert (receipt.object, receipt.number) == (None, number)
        assert tasks.find(conn, row.task_id).state == "done"
        (file,) = files.of_report(conn, report_id)
        assert file.object in vault.kept_for(conn, basis="us-2258a", reference=report_id, most=5)
    assert runs(store, report_id) == [("filed", "resolved")]


def test_a_lead_says_that_it_was_not_filed_and_it_is_begun_again(store, vault):
    with tipline(clock=store.clock) as server:
        report_id = in_hands(store, vault, server, plan=["upload:page"])
        resolved(store, vault, report_id, Found.NOT_FILED)
        with desk(store, means_of(vault, server)) as go:
            go()
        assert told_of(server, report_id) == [stands(store, report_id).number]
    assert runs(store, report_id) == [("abandoned", "resolved"), ("filed", None)]


def test_what_a_lead_gives_up_can_be_mended(store, vault):
    with tipline(clock=store.clock) as server:
        report_id = in_hands(store, vault, server, plan=["upload:page"])
    resolved(store, vault, report_id, Found.GIVEN_UP)
    assert stands(store, report_id).state is ReportState.REJECTED


@pytest.mark.parametrize(
    ("more", "error"),
    [({"number": "x1"}, RefusedError), ({}, RefusedError), ({"number": "1", "why": " "}, RefusedError)],
)
def test_a_number_and_a_reason_are_needed(store, vault, more, error):
    with tipline(clock=store.clock) as server:
        report_id = in_hands(store, vault, server, plan=["upload:page"])
    with pytest.raises(error):
        resolved(store, vault, report_id, Found.FILED, **more)
    assert stands(store, report_id).state is ReportState.MANUAL


def test_only_leads_stop_and_resolve_and_nobody_does_what_makes_no_sense(store, vault):
    report_id, at = begun(store, vault), store.clock()
    with store.write() as conn:
        for who in (RUI, AUDITOR):
            with pytest.raises(NotPermittedError):
                beginning.stop(conn, who, report_id, why="x", at=at)
            with pytest.raises(NotPermittedError):
                beginning.resolve(conn, who, report_id, found=Found.GIVEN_UP, why="x", at=at, vault=vault)
        with pytest.raises(NotPermittedError):
            beginning.retry(conn, AUDITOR, report_id, at=at)
        with pytest.raises(ConflictError):
            beginning.resolve(conn, LEA, report_id, found=Found.GIVEN_UP, why="x", at=at, vault=vault)
        with pytest.raises(NotFoundError):
            beginning.retry(conn, LEA, "report_none", at=at)
    other = confirmed(store, vault, 2)
    with store.write() as conn, pytest.raises(ConflictError):
        beginning.retry(conn, LEA, other, at=at)


def test_whoever_has_still_to_answer_or_is_kept_from_the_case_finds_no_report(store, vault):
    case_id = to_report(store, vault)
    with store.write() as conn:
        cases.change(conn, case_id, danger=True)
    answered(store, case_id, REMOVE, REPORT, by=RUI)
    settled(store, vault, asked=maker(vault).of_outcome)  # ADA has still to answer by herself
    with store.write() as conn:
        [report_id] = [one.id for one in reports.of_cases(conn, [case_id])]
        reports.change(conn, report_id, state=ReportState.CONFIRMED, digest=b"d" * 32)
        begin(conn, report_id, environment=Environment.PRODUCTION, at=store.clock())
    blind = replace(ADA, roles=LEA.roles | ADA.roles)
    steps = (
        lambda conn, who: beginning.retry(conn, who, report_id, at=store.clock()),
        lambda conn, who: beginning.stop(conn, who, report_id, why="x", at=store.clock()),
        lambda conn, who: beginning.resolve(
            conn, who, report_id, found=Found.GIVEN_UP, why="x", at=store.clock(), vault=vault
        ),
    )
    for step in steps:
        with store.write() as conn, pytest.raises(NotFoundError, match="no such report"):
            step(conn, blind)
    with store.write() as conn:
        work.bar(conn, case_id, [LEA.id])
    for step in steps:
        with store.write() as conn, pytest.raises(NotFoundError, match="no such report"):
            step(conn, LEA)
    assert "report.retried" not in actions(store)


# After a restore: the ledger knows more than the backup.


def again(store, vault, report_id, action, **facts):
    with store.write() as conn:
        return filed_again(conn, action, report_id, REAL | facts, vault=vault, at=store.clock())


def test_what_was_filed_after_the_backup_is_not_filed_again(store, vault):
    report_id = begun(store, vault)
    assert again(store, vault, report_id, FINISHING)
    assert again(store, vault, report_id, FILED)
    row = stands(store, report_id)
    assert (row.state, row.why) == (ReportState.FILED, "restored")
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server)) as go:
        go(hours=1, minutes=30)
        assert server.calls == []
    with store.read() as conn:
        assert tasks.find(conn, row.task_id).state == "done"
        assert vault.kept_for(conn, basis="us-2258a", reference=report_id, most=5) != ()
    assert not again(store, vault, report_id, FILED)


def test_what_may_have_been_finished_after_the_backup_waits_for_people(store, vault):
    report_id = confirmed(store, vault)
    assert again(store, vault, report_id, FINISHING)
    assert stands(store, report_id).state is ReportState.MANUAL
    with store.write() as conn, pytest.raises(ConflictError):
        beginning.retry(conn, LEA, report_id, at=store.clock())  # nobody knows its number
    resolved(store, vault, report_id, Found.NOT_FILED)
    with tipline(clock=store.clock) as server, desk(store, means_of(vault, server)) as go:
        go()
        assert told_of(server, report_id) == [stands(store, report_id).number]


def test_what_was_stopped_after_the_backup_is_not_sent(store, vault):
    report_id = begun(store, vault)
    assert again(store, vault, report_id, STOPPED)
    assert stands(store, report_id).state is ReportState.RETRACTED
    with store.read() as conn:
        assert filings.active(conn, most=5) == ()


def test_what_may_have_been_finished_and_was_stopped_after_the_backup_waits_for_people(store, vault):
    report_id = begun(store, vault)
    assert again(store, vault, report_id, FINISHING)
    assert again(store, vault, report_id, STOPPED)
    assert stands(store, report_id).state is ReportState.MANUAL
    with store.write() as conn, pytest.raises(ConflictError, match="after the backup"):
        beginning.stop(conn, LEA, report_id, why="x", at=store.clock())  # it would be a draft again, and filed twice


def test_what_the_backup_knows_to_be_finishing_and_was_stopped_since_waits_for_people(store, vault):
    report_id = begun(store, vault)
    with tipline(clock=store.clock, plan=["finish:page_after"]) as server, desk(store, means_of(vault, server)) as go:
        go()
        assert len(server.finished) == 1
    assert again(store, vault, report_id, STOPPED)
    assert stands(store, report_id).state is ReportState.MANUAL


def test_a_report_that_the_backup_does_not_know_ends_at_least_its_task(store, vault):
    task = reported(store, vault)
    assert again(store, vault, "report_later", FILED, task=task.id)
    with store.read() as conn:
        assert tasks.find(conn, task.id).state == "done"
        assert reports.of_task(conn, task.id) == ()


def test_what_was_rehearsed_after_the_backup_is_nothing(store, vault):
    report_id = confirmed(store, vault)
    assert not again(store, vault, report_id, FILED, environment="rehearsal")
    assert stands(store, report_id).state is ReportState.CONFIRMED
