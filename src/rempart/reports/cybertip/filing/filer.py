"""The handler of `report.file` jobs: one worker for each report, one call after the other, each written down before it
is made and after it was answered, so that it can die at any moment."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import RefusedError, StorageFullError, TamperedError, UnavailableError
from rempart.reports.cybertip.document.editions import Edition
from rempart.reports.cybertip.filing import ending
from rempart.reports.cybertip.filing.beginning import FILE
from rempart.reports.cybertip.filing.examining import examine
from rempart.reports.cybertip.filing.means import Means, Told
from rempart.reports.cybertip.filing.preparing import Prepared, prepare
from rempart.reports.cybertip.filing.receipts import seal_receipt
from rempart.reports.cybertip.filing.sending import Reply, send
from rempart.reports.cybertip.filing.settling import settle
from rempart.reports.cybertip.filing.standing import Standing, standing
from rempart.reports.cybertip.filing.values import Why
from rempart.reports.cybertip.records import filings
from rempart.reports.cybertip.service.connection import Connection as Service
from rempart.reports.cybertip.values import Environment
from rempart.store.engine import Store
from rempart.store.jobs import Handler, Job, is_running

log = logging.getLogger(__name__)


class Filer:
    """Files one report, as far as that goes now. `store` is where its rows lie."""

    def __init__(self, store: Store, means: Means) -> None:
        self._store, self._means = store, means
        self._kept: dict[str, tuple[Prepared, Reply]] = {}
        self._lock = threading.Lock()

    def handlers(self) -> Mapping[str, Handler]:
        """What runs which kind of job."""
        return {FILE: self}

    def __call__(self, job: Job) -> None:
        """Go on with a report until it is filed, ended or has to wait."""
        report_id = str(job.payload["report"])
        with self._store.write() as conn:
            job.guard(conn)
            taken = self._taken(conn, job, report_id)
        if taken is None:
            return
        self._write_kept(job, report_id)
        try:
            edition = self._means.edition()
            with self._means.connect(taken) as service:
                while self._one(job, report_id, service, edition):
                    pass
        except RefusedError as err:
            log.warning("a report cannot be sent: %s", err)
            self._put_off(job, report_id, Why.NOT_SET_UP)
        except TamperedError:
            self._put_aside(job, report_id, Why.CHANGED)

    def _one(self, job: Job, report_id: str, service: Service, edition: Edition) -> bool:
        """One call, or the end; False when nothing more is to be done now."""
        examined = examine(self._store, report_id, self._means, edition=edition)
        with self._store.write() as conn:
            job.guard(conn)
            prepared = prepare(conn, report_id, self._means, examined=examined, at=self._store.clock())
        if prepared is None:
            return False
        if prepared.request is None:
            return self._sealed(job, report_id)
        reply = send(service, prepared.request, vault=self._means.vault)
        with self._lock:
            self._kept[report_id] = prepared, reply
        self._write_kept(job, report_id)
        return True

    def _write_kept(self, job: Job, report_id: str) -> None:
        """Write down what was answered. Where that cannot be done now it is kept in mind and done first next time, so
        that nothing is asked of the service twice."""
        with self._lock:
            found = self._kept.get(report_id)
        if found is None:
            return
        with self._store.write() as conn:
            job.guard(conn)
            settle(conn, *found, self._means, at=self._store.clock())
        with self._lock:
            self._kept.pop(report_id, None)

    def _sealed(self, job: Job, report_id: str) -> bool:
        try:
            return seal_receipt(job, report_id, self._means)
        except UnavailableError as err:
            full = isinstance(err, StorageFullError)
            log.error("a report is filed, and its receipt cannot be sealed now: %s", err)
            self._put_off(job, report_id, Why.STORAGE if full else Why.EVIDENCE_WAITS, told=Told.STORAGE)
            return False

    def _taken(self, conn: Connection, job: Job, report_id: str) -> Environment | None:
        """Take the report, unless another job is at it; gives where it is sent."""
        now = standing(conn, report_id)
        if now is None:
            return None
        if now.filing.job not in (None, job.id) and is_running(conn, now.filing.job):
            return None
        filings.change(conn, report_id, job=job.id)
        return now.row.environment

    def _put_off(self, job: Job, report_id: str, why: Why, *, told: Told | None = None) -> None:
        def later(conn: Connection, now: Standing, at: datetime) -> None:
            if told is not None and now.row.why != why:
                self._means.alarm(conn, ending.word_of(now.row, told, why=why.value))
            ending.put_off(conn, now, self._means, why=why.value, at=at)

        self._changed(job, report_id, later)

    def _put_aside(self, job: Job, report_id: str, why: Why) -> None:
        self._changed(
            job, report_id, lambda conn, now, at: ending.put_aside(conn, now, self._means, why=why.value, at=at)
        )

    def _changed(
        self, job: Job, report_id: str, change: Callable[[Connection, Standing, datetime], None]
    ) -> None:  # fmt: skip
        with self._store.write() as conn:
            job.guard(conn)
            now = standing(conn, report_id)
            if now is not None:
                change(conn, now, self._store.clock())
