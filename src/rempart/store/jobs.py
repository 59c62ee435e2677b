"""Durable work: rows written with the state they serve, claimed by any process, finished once.

A job is written in the transaction that makes it necessary. Whoever claims it works outside any transaction and ends
with `finishing`, which marks the job done in the same transaction as its effects, and refuses when another process has
taken the job over meanwhile. A job may therefore begin twice, but its effects on the database are committed once.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    or_,
    select,
    text,
    type_coerce,
    update,
)

from rempart.clock import utc_now
from rempart.errors import LeaseLostError, RempartError, UnavailableError
from rempart.store.engine import Store
from rempart.store.schema import BigId, Json, UtcTime, metadata, to_micros
from rempart.store.upsert import insert_or_ignore
from rempart.store.workers import Worker

log = logging.getLogger(__name__)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("kind", String(40), nullable=False),
    Column("key", Text),
    Column("payload", Json, nullable=False),
    Column("state", String(10), nullable=False),  # queued, running, done, dead
    Column("worker", String(40)),
    Column("attempts", Integer, nullable=False),
    Column("run_at", UtcTime, nullable=False),
    # How long it was put off: a time further ahead than that was written by a clock that was wrong.
    Column("delay", BigInteger, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("finished", UtcTime),
    Column("error", Text),
    Index(None, "state", "run_at"),
    Index(None, "worker"),
    Index(
        "uq_jobs_queued_key", "key", unique=True,
        sqlite_where=text("state = 'queued'"), postgresql_where=text("state = 'queued'"),
    ),
)  # fmt: skip

LONGEST_BACKOFF = timedelta(hours=1)
ATTEMPTS = 16
_CLOCK_SLACK = timedelta(minutes=1)  # that much two machines may disagree about the time


class RetryLater(Exception):  # noqa: N818 - a way to leave a handler, not a failure
    """Raised by a handler whose time has not come: the job is tried again after `delay`, without counting as failed."""

    def __init__(self, delay: timedelta, reason: str = "") -> None:
        super().__init__(reason)
        self.delay = delay


def enqueue(
    conn: Connection,
    kind: str,
    payload: Mapping[str, Any],
    *,
    now: datetime | None = None,
    delay: timedelta = timedelta(0),
    key: str | None = None,
) -> None:
    """Write a job in the caller's transaction, to be run `delay` from now; with a `key` still queued, nothing."""
    created = now or utc_now()
    conn.execute(
        insert_or_ignore(conn, jobs),
        {
            "kind": kind, "key": key, "payload": dict(payload), "state": "queued", "worker": None, "attempts": 0,
            "run_at": created + delay, "delay": delay // timedelta(microseconds=1), "created": created,
        },
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A claimed job, in the hands of its handler."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    attempts: int
    created: datetime
    claimed_by: str
    store: Store

    @contextmanager
    def finishing(self) -> Iterator[Connection]:
        """A transaction in which the job is done. Raises LeaseLostError when it is no longer ours."""
        with self.store.write() as conn:
            self.guard(conn)
            _end(conn, self.id, "done", self.store.clock(), None)
            yield conn

    def guard(self, conn: Connection) -> None:
        """Raise LeaseLostError unless the job is still this process's; for transactions on the way."""
        if not self.held(conn):
            raise LeaseLostError

    def held(self, conn: Connection) -> bool:
        """Whether the job is still this process's; it stays so until the transaction ends."""
        own = jobs.c.id == self.id, jobs.c.worker == self.claimed_by, jobs.c.state == "running"
        return conn.execute(select(jobs.c.id).where(*own).with_for_update()).first() is not None


Handler = Callable[[Job], None]


def release_jobs_of(conn: Connection, worker: str) -> None:
    """Put the jobs of a process that is gone back into the queue (`on_death` of Worker)."""
    mine = jobs.c.worker == worker, jobs.c.state == "running"
    for row in conn.execute(select(jobs.c.id, jobs.c.key).where(*mine).with_for_update()).all():
        twin = row.key is not None and _is_queued(conn, row.key)
        conn.execute(update(jobs).where(jobs.c.id == row.id).values(state="done" if twin else "queued", worker=None))


class JobRunner:
    """Threads that claim jobs and run them. A handler that returns without `finishing` is done as well."""

    def __init__(
        self,
        store: Store,
        worker: Worker,
        handlers: Mapping[str, Handler],
        *,
        threads: int = 2,
        poll: float = 0.5,
        on_dead: Callable[[Connection, str, Mapping[str, Any], str], None] | None = None,
    ) -> None:
        self._store, self._worker, self._handlers, self._poll = store, worker, dict(handlers), poll
        self._on_dead = on_dead
        self._stopping, self._wake = threading.Event(), threading.Condition()
        self._woken = 0
        self._unsettled: list[Callable[[], None]] = []
        self._threads = [
            threading.Thread(target=self._run, name=f"rempart-jobs-{n}", daemon=True) for n in range(threads)
        ]

    def start(self) -> None:
        """Begin to claim jobs."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Claim nothing more and wait for the handlers that run."""
        self._stopping.set()
        self.wake()
        for thread in self._threads:
            thread.join()

    def wake(self) -> None:
        """Look for work now: something was just committed."""
        with self._wake:
            self._woken += 1
            self._wake.notify_all()

    def run_due(self, *, most: int = 1_000) -> int:
        """Run what is due in this very thread until nothing is, and say how many ran."""
        for done in range(most):
            if not self._one():
                return done
        return most

    def _run(self) -> None:
        while not self._stopping.is_set():
            before = self._woken
            try:
                worked = self._one()
            except UnavailableError as err:
                log.warning("jobs wait: %s", err)
                worked = False
            if not worked:
                with self._wake:
                    self._wake.wait_for(lambda: self._woken != before or self._stopping.is_set(), self._poll)  # noqa: B023

    def _one(self) -> bool:
        while self._unsettled:
            self._unsettled[0]()
            self._unsettled.pop(0)
        job = self._claim()
        if job is None:
            return False
        settle = self._handled(job)
        try:
            settle()
        except UnavailableError:
            # The row says "running" and we are alive: nobody else would ever end it.
            self._unsettled.append(settle)
            raise
        return True

    def _handled(self, job: Job) -> Callable[[], None]:
        """Run a job's handler, and say how to write down how it ended."""
        try:
            self._handlers[job.kind](job)
        except RetryLater as later:
            return partial(self._put_off, job, later.delay, str(later), counts=False)
        except LeaseLostError:
            log.warning("job %s was taken over by another process", job.id)
            return lambda: None
        except RempartError as err:
            return partial(self._failed, job, str(err))
        except Exception as err:
            log.error("job %s (%s) failed", job.id, job.kind, exc_info=err)
            return partial(self._failed, job, type(err).__name__)
        return partial(self._finish, job)

    def _claim(self) -> Job | None:
        now = self._store.clock()
        with self._store.read() as conn:
            if conn.execute(self._due(now)).first() is None:
                return None
        with self._store.write() as conn:
            self._worker.guard(conn)
            row = conn.execute(self._due(now).with_for_update(skip_locked=True)).first()
            if row is None:
                return None
            me = self._worker.id
            conn.execute(
                update(jobs).where(jobs.c.id == row.id).values(state="running", worker=me, attempts=jobs.c.attempts + 1)
            )
        return Job(
            id=row.id, kind=row.kind, payload=row.payload, attempts=row.attempts + 1, created=row.created,
            claimed_by=me, store=self._store,
        )  # fmt: skip

    def _due(self, now: datetime) -> Any:
        written = type_coerce(jobs.c.run_at, BigInteger) - jobs.c.delay
        due = or_(jobs.c.run_at <= now, written > to_micros(now + _CLOCK_SLACK))
        return (
            select(jobs)
            .where(jobs.c.state == "queued", jobs.c.kind.in_(tuple(self._handlers)), due)
            .order_by(jobs.c.run_at, jobs.c.id)
            .limit(1)
        )

    def _finish(self, job: Job) -> None:
        with self._store.write() as conn:
            if job.held(conn):
                _end(conn, job.id, "done", self._store.clock(), None)

    def _failed(self, job: Job, reason: str) -> None:
        """A job that had finished before its handler failed, or that another process has, is left as it is."""
        if job.attempts < ATTEMPTS:
            self._put_off(job, min(timedelta(seconds=2 ** (job.attempts - 1)), LONGEST_BACKOFF), reason, counts=True)
            return
        with self._store.write() as conn:
            if not job.held(conn):
                return
            _end(conn, job.id, "dead", self._store.clock(), reason)
            if self._on_dead is not None:
                self._on_dead(conn, job.kind, job.payload, reason)
        log.error("job %s (%s) was given up: %s", job.id, job.kind, reason)

    def _put_off(self, job: Job, delay: timedelta, reason: str, *, counts: bool) -> None:
        with self._store.write() as conn:
            if not job.held(conn):
                return
            key = conn.execute(select(jobs.c.key).where(jobs.c.id == job.id)).scalar_one()
            if key is not None and _is_queued(conn, key):
                _end(conn, job.id, "done", self._store.clock(), "a younger job of the same key took its place")
                return
            conn.execute(
                update(jobs)
                .where(jobs.c.id == job.id)
                .values(
                    state="queued", worker=None, run_at=self._store.clock() + delay, error=reason[:500],
                    delay=delay // timedelta(microseconds=1), attempts=job.attempts - (0 if counts else 1),
                )
            )  # fmt: skip


def is_running(conn: Connection, job: int) -> bool:
    """Whether a process is at this job, as far as anybody knows."""
    return conn.execute(select(jobs.c.id).where(jobs.c.id == job, jobs.c.state == "running")).first() is not None


def sweep(conn: Connection, *, before: datetime, most: int) -> int:
    """Forget some jobs that were done before a moment, and say how many; dead ones stay until somebody has looked."""
    old = select(jobs.c.id).where(jobs.c.state == "done", jobs.c.finished < before).limit(most)
    return conn.execute(jobs.delete().where(jobs.c.id.in_(old))).rowcount


def _end(conn: Connection, job: int, state: str, now: datetime, error: str | None) -> None:
    conn.execute(
        update(jobs).where(jobs.c.id == job).values(state=state, worker=None, finished=now, error=error and error[:500])
    )


def _is_queued(conn: Connection, key: str) -> bool:
    return conn.execute(select(jobs.c.id).where(jobs.c.key == key, jobs.c.state == "queued")).first() is not None
