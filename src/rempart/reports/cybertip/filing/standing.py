"""Where the filing of a report stands, read under its lock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.records import tasks
from rempart.reports.cybertip.filing.planning import Call, Situation
from rempart.reports.cybertip.filing.values import Limits, Result, Step, Then
from rempart.reports.cybertip.records import calls as call_records
from rempart.reports.cybertip.records import files as file_records
from rempart.reports.cybertip.records import filings, reports
from rempart.reports.cybertip.records.calls import CallRow
from rempart.reports.cybertip.records.files import FileRow
from rempart.reports.cybertip.records.filings import Filing, Run
from rempart.reports.cybertip.records.reports import ReportRow

_SLACK = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A report that is being filed: `run` is the opening that has not ended, with its `calls`; `files` are those that
    shall be sent."""

    row: ReportRow
    filing: Filing
    run: Run | None
    files: tuple[FileRow, ...]
    calls: tuple[CallRow, ...]

    def situation(self, *, at: datetime, limits: Limits, wanted: bool) -> Situation:
        """What planning asks for."""
        return Situation(
            number=None if self.run is None else self.run.number,
            files=tuple(one.state for one in self.files),
            calls=tuple(
                Call(step=Step(one.step), result=None if one.result is None else Result(one.result))
                for one in self.calls
            ),
            then=None if self.filing.then is None else Then(self.filing.then),
            expired=self.run is not None and is_expired(self.run, at=at, limits=limits),
            wanted=wanted,
        )  # fmt: skip


def standing(conn: Connection, report_id: str) -> Standing | None:
    """Where a report stands, its rows locked until the transaction ends; None where nothing is being filed."""
    row = reports.find(conn, report_id, lock=True)
    filing = filings.find(conn, report_id, lock=True)
    if row is None or filing is None or not filing.active:
        return None
    run = filings.find_run(conn, report_id, row.run) if row.run else None
    if run is not None and run.ended is not None:
        run = None
    files = tuple(one for one in file_records.of_report(conn, report_id) if one.object is not None)
    calls = call_records.of_run(conn, report_id, run.run) if run is not None else ()
    return Standing(row=row, filing=filing, run=run, files=files, calls=calls)


def is_wanted(conn: Connection, row: ReportRow) -> bool:
    """Whether the decision still asks for the report."""
    task = tasks.find(conn, row.task_id)
    return task is not None and task.state == "waiting"


def is_expired(run: Run, *, at: datetime, limits: Limits) -> bool:
    """Whether an unfinished report is gone at the service, by our clock: so long after it was opened, and after the
    last call about a file, whichever is later."""
    if run.opened is None:
        return False
    return at - run.opened >= limits.open_for and at - (run.touched or run.opened) >= limits.quiet_for


def is_due(row: ReportRow, filing: Filing, *, at: datetime) -> bool:
    """Whether its next try has come. One that was set by a clock further ahead than ours is not waited for."""
    if row.next_try is None or row.next_try <= at:
        return True
    return filing.put_off is not None and filing.put_off > at + _SLACK
