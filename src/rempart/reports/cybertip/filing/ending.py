"""How an opening, and a filing, ends: what is written down of it, and who is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.filing.means import Means, Told, Word
from rempart.reports.cybertip.filing.standing import Standing
from rempart.reports.cybertip.filing.values import Outcome, Then, Why
from rempart.reports.cybertip.records import files, filings, reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import FileState, ReportState


def write(
    conn: Connection, action: str, row: ReportRow, *, at: datetime, by: str = SYSTEM.pseudonym, **facts: object
) -> None:
    """A leaf about a report: where it is sent, which opening it is, and what happened."""
    told = {"environment": row.environment.value, "run": row.run} | facts
    number = {"number": row.number} if row.number else {}
    append(conn, Leaf(action=action, actor=by, facts=told, sealed=number, subject=f"report:{row.id}"), at=at)


def put_off(
    conn: Connection, now: Standing, means: Means, *, why: str, at: datetime, delay: timedelta | None = None
) -> None:
    """Try again later: after as long as so many failures ask for, or after `delay`."""
    tries = now.row.tries
    if delay is None:
        delay = means.limits.delay(max(tries, now.filing.odd), jitter=means.jitter())
    reports.change(conn, now.row.id, tries=tries + 1, next_try=at + delay, why=why)
    filings.change(conn, now.row.id, put_off=at)


def went_well(conn: Connection, now: Standing, *, at: datetime, **values: object) -> None:
    """A call was answered as it should be: nothing is waited for."""
    reports.change(conn, now.row.id, changed=at, next_try=None, why=None, **values)


def give_up(conn: Connection, now: Standing, *, then: Then, why: str) -> None:
    """What is open shall be retracted, and then this follows. What was decided before stands."""
    if now.filing.then is None or now.filing.then == Then.AGAIN.value:
        filings.change(conn, now.row.id, then=then.value)
        reports.change(conn, now.row.id, why=why)
        if now.run is not None:
            filings.change_run(conn, now.row.id, now.run.run, why=why)


def run_over(conn: Connection, now: Standing, outcome: Outcome, *, why: str | None, at: datetime) -> None:
    """Nothing of this opening goes on; its files are to be sent again."""
    assert now.run is not None
    filings.change_run(conn, now.row.id, now.run.run, ended=at, outcome=outcome.value, why=why)
    files.change_all(conn, now.row.id, state=FileState.WAITING.value, remote=None)
    if now.run.number is not None or outcome is Outcome.ABANDONED:
        write(conn, "report.run_ended", now.row, at=at, outcome=outcome.value, why=why)


def closed(conn: Connection, now: Standing, means: Means, outcome: Outcome, *, why: str | None, at: datetime) -> None:
    """Nothing is open at the service any more: begin again, or end as was decided."""
    assert now.run is not None
    why = why or now.run.why or now.row.why or outcome.value
    run_over(conn, now, outcome, why=why, at=at)
    reports.change(conn, now.row.id, number=None, why=why)
    now = replace(now, run=None, row=replace(now.row, why=why))
    if now.filing.then in (Then.REJECT.value, Then.STOP.value):
        end(conn, now, means, at=at)
        return
    filings.change(conn, now.row.id, then=None)
    state = ReportState.EXPIRED if outcome is Outcome.EXPIRED else ReportState.OPENING
    reports.change(conn, now.row.id, state=state.value)
    put_off(conn, now, means, why=why, at=at, delay=timedelta(0) if why == Why.EXPIRED else None)


def end(conn: Connection, now: Standing, means: Means, *, at: datetime) -> None:
    """It is rejected, or stopped: people go on from here, or nobody does."""
    row, why = now.row, now.row.why
    if now.run is not None and now.run.ended is None and now.run.number is None:
        run_over(conn, now, Outcome.ABANDONED, why=why, at=at)
    rejected = now.filing.then == Then.REJECT.value
    if rejected:
        state = ReportState.REJECTED
    else:
        state = ReportState.WITHDRAWN if why == Why.NOT_WANTED else ReportState.RETRACTED
    filings.change(conn, row.id, active=False, then=None)
    reports.change(conn, row.id, state=state.value, next_try=None, changed=at, number=None)
    write(conn, "report.rejected" if rejected else "report.retracted", row, at=at, why=why)
    if rejected:
        means.alarm(conn, word_of(row, Told.REJECTED))


def put_aside(conn: Connection, now: Standing, means: Means, *, why: str, at: datetime) -> None:
    """People find out what became of it: nothing more is sent by itself."""
    filings.change(conn, now.row.id, active=False)
    reports.change(conn, now.row.id, state=ReportState.MANUAL.value, why=why, next_try=None, changed=at)
    write(conn, "report.put_aside", now.row, at=at, why=why)
    means.alarm(conn, word_of(now.row, Told.MANUAL, why=why))


def word_of(row: ReportRow, told: Told, *, why: str | None = None) -> Word:
    """Something to tell of a report."""
    return Word(
        told=told, environment=row.environment, report=row.id, case_id=row.case_id, why=why or row.why,
        since=row.confirmed_at,
    )  # fmt: skip
