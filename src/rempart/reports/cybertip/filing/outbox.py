"""Sees to it that everything that waits is tried when its time has come, whatever became of the job that was to do it;
and tells people of what was to be filed long ago."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.reports.cybertip.filing import stops
from rempart.reports.cybertip.filing.beginning import queue
from rempart.reports.cybertip.filing.ending import word_of, write
from rempart.reports.cybertip.filing.means import Means, Told
from rempart.reports.cybertip.filing.standing import is_due
from rempart.reports.cybertip.records import filings, reports
from rempart.reports.cybertip.records.filings import Filing
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import ReportState
from rempart.store.engine import Store
from rempart.store.jobs import is_running
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

SECONDS = 2.0
_CONFIRMED_SECONDS = 5.0
_AT_ONCE = 200


class Outbox:
    """`run` looks once; one process at a time."""

    def __init__(self, store: Store, means: Means, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._store, self._means, self._steady = store, means, steady
        self._looked: float | None = None

    def periodic(self) -> Periodic:
        """The work."""

        def run(worker: Worker) -> None:
            self.run(worker)

        return Periodic(name="report.outbox", seconds=SECONDS, run=run)

    def run(self, worker: Worker) -> int:
        """Queue what is due and in nobody's hands; gives how many."""
        now = self._steady()
        if self._looked is None or now - self._looked >= _CONFIRMED_SECONDS:
            self._begin_confirmed(worker)
            self._looked = now
        queued, after = 0, ""
        while True:
            at = self._store.clock()
            with self._store.read() as conn:
                found = filings.active(conn, after=after, most=_AT_ONCE)
                due = [one.report for one in found if self._is_due(conn, one, at=at)]
                late = [one for one in found if self._is_late(conn, one, at=at)]
            if due or late:
                with self._store.write() as conn:
                    worker.guard(conn)
                    for report in due:
                        queue(conn, report, at=at)
                    for one in late:
                        self._tell(conn, one, at=at)
            queued += len(due)
            if len(found) < _AT_ONCE:
                return queued
            after = found[-1].report

    def _begin_confirmed(self, worker: Worker) -> None:
        """What was confirmed while nothing could be sent there, as before filing for real was switched on."""
        after = ""
        while True:
            with self._store.read() as conn:
                found = reports.in_states(conn, {ReportState.CONFIRMED}, after=after, most=_AT_ONCE)
                idle = [one.id for one in found if not _is_active(filings.find(conn, one.id))]
            for report in idle:
                with self._store.write() as conn:
                    worker.guard(conn)
                    row = reports.find(conn, report, lock=True)
                    if row is not None and row.state is ReportState.CONFIRMED:
                        self._means.begin(conn, report, self._store.clock())
            if len(found) < _AT_ONCE:
                return
            after = found[-1].id

    def _is_due(self, conn: Connection, filing: Filing, *, at: datetime) -> bool:
        row = reports.find(conn, filing.report)
        if row is None or not (is_due(row, filing, at=at) or stops.is_over(conn, row, self._means)):
            return False
        return filing.job is None or not is_running(conn, filing.job)

    def _is_late(self, conn: Connection, filing: Filing, *, at: datetime) -> bool:
        if filing.told_late is not None:
            return False
        row = reports.find(conn, filing.report)
        return row is not None and at - filing.begun >= self._patience(row)

    def _patience(self, row: ReportRow) -> timedelta:
        limits = self._means.limits
        return limits.late_in_danger if row.danger else limits.late

    def _tell(self, conn: Connection, filing: Filing, *, at: datetime) -> None:
        row = reports.find(conn, filing.report)
        if row is not None:
            filings.change(conn, row.id, told_late=at)
            write(conn, "report.late", row, at=at, why=row.why)
            self._means.alarm(conn, word_of(row, Told.LATE))


def _is_active(filing: Filing | None) -> bool:
    return filing is not None and filing.active
