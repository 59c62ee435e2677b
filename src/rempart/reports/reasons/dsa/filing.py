"""Filing statements: batches are written down, sent as jobs, and sent again only after asking what has arrived.

A batch is `new` until the moment before it is first sent, and `sending` from then on: from there it may have arrived,
whoever answered or died. Each further try first asks for every puid whether the database has it. The database itself
takes a puid once, so that a try that arrives late beside a later one makes no second statement either.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta

from rempart.clock import Clock
from rempart.errors import FilingRefusedError, RempartError, UnavailableError
from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import SYSTEM
from rempart.reports.reasons.dsa.connection import MOST, Database
from rempart.reports.reasons.dsa.rules import problems
from rempart.reports.reasons.records import batches as records
from rempart.reports.reasons.records import statements
from rempart.reports.reasons.records.statements import COUNTER, Reason
from rempart.reports.reasons.values import Filing
from rempart.store.counters import locked_number
from rempart.store.engine import Store
from rempart.store.ids import new_id
from rempart.store.jobs import Job, RetryLater, enqueue
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

FILE = "reasons.file"
"""The kind of job that sends a batch: {"batch": id}."""
SECONDS = 5.0
_FIRST_DELAY = 5.0
_LONGEST_DELAY = 3_600.0
_REFUSED_DELAY = timedelta(minutes=30)
_DUE = timedelta(seconds=5)
"""How long the oldest statement waits for others to make a batch with; a full batch waits for nobody."""


class Batcher:
    """Puts statements that are out and due into batches, `run` every so often; one process at a time."""

    def __init__(self, store: Store, *, rest: timedelta = _DUE) -> None:
        self._store, self._rest = store, rest

    def periodic(self) -> Periodic:
        """The work."""

        def run(worker: Worker) -> None:
            while self.run(worker):
                pass

        return Periodic(name="reasons.batch", seconds=SECONDS, run=run)

    def run(self, worker: Worker) -> int:
        """Make one batch; gives how many statements were looked at, 0 when there is nothing to do yet."""
        with self._store.read() as conn:
            waiting = statements.due_for_filing(conn, most=MOST)
        now = self._store.clock()
        oldest = min((one.out for one in waiting if one.out is not None), default=now)
        if not waiting or (len(waiting) < MOST and timedelta(0) <= now - oldest < self._rest):
            return 0
        with self._store.write() as conn:
            worker.guard(conn)
            locked_number(conn, COUNTER)
            found = statements.due_for_filing(conn, most=MOST)
            good = []
            for one in found:
                wrong = problems(one.payload or {})
                if wrong:
                    statements.change(conn, one.id, filing=Filing.REFUSED.value, errors=wrong)
                else:
                    good.append(one.id)
            if good:
                batch = new_id("batch")
                records.add(conn, batch, at=now)
                statements.file_all(conn, good, filing=Filing.BATCHED.value, batch=batch)
                enqueue(conn, FILE, {"batch": batch}, now=now, key=batch)
        return len(found)


class Filer:
    """The handler of `reasons.file` jobs."""

    def __init__(
        self,
        store: Store,
        connect: Callable[[], Database],
        *,
        clock: Clock,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._store, self._connect, self._clock, self._jitter = store, connect, clock, jitter

    def __call__(self, job: Job) -> None:
        """Send a batch, or what is left of it. RetryLater when the database cannot be asked, or takes nothing."""
        batch = str(job.payload["batch"])
        with self._store.write() as conn:
            job.guard(conn)
            found = records.find(conn, batch)
            left = self._left(statements.of_batch(conn, batch))
            if found is None or found.state == "done":
                return
            again = found.state == "sending"
            records.change(conn, batch, state="sending", tries=found.tries + 1)
        try:
            with self._connect() as database:
                if again:
                    left = self._without_known(job, batch, database, left)
                self._send(job, batch, database, left)
        except RempartError as err:
            self._put_off(job, batch, found.tries, err)

    def _without_known(self, job: Job, batch: str, database: Database, left: Sequence[Reason]) -> Sequence[Reason]:
        """What has not arrived of what was tried before."""
        known = [one for one in left if database.has(one.puid)]
        self._filed(job, known)
        return [one for one in left if one not in known]

    def _send(self, job: Job, batch: str, database: Database, left: Sequence[Reason]) -> None:
        """Until nothing is left: with what is refused nothing of a batch is taken, so that is set apart. A puid that
        is there already means that the statement was filed."""
        while left:
            done = database.file([one.payload or {} for one in left])
            if done.taken:
                self._filed(job, left)
                break
            puids = {place for place, errors in done.wrong.items() if {"puid", "existing"} & errors.keys()}
            known = {place for place in puids if database.has(left[place].puid)}
            self._filed(job, [left[place] for place in sorted(known)])
            refused = {place: dict(errors) for place, errors in done.wrong.items() if place not in known}
            with self._store.write() as conn:
                job.guard(conn)
                for place, errors in refused.items():
                    statements.change(conn, left[place].id, filing=Filing.REFUSED.value, errors=errors)
            left = [one for place, one in enumerate(left) if place not in done.wrong]
        with job.finishing() as conn:
            records.change(conn, batch, state="done", settled=self._clock(), error=None)

    def _filed(self, job: Job, some: Sequence[Reason]) -> None:
        if not some:
            return
        now = self._clock()
        with self._store.write() as conn:
            job.guard(conn)
            statements.file_all(conn, [one.id for one in some], filing=Filing.FILED.value, filed=now, errors=None)
            facts = {"statements": len(some)}
            append(conn, Leaf(action="reasons.filed", actor=SYSTEM.pseudonym, facts=facts), at=now)

    def _put_off(self, job: Job, batch: str, tries: int, err: RempartError) -> None:
        if not isinstance(err, UnavailableError | FilingRefusedError):
            raise err
        with self._store.write() as conn:
            job.guard(conn)
            records.change(conn, batch, error=err.message[:200])
        if isinstance(err, FilingRefusedError):
            raise RetryLater(_REFUSED_DELAY, err.message) from err
        seconds = min(_FIRST_DELAY * 2.0 ** min(tries, 20), _LONGEST_DELAY) * (1 + self._jitter() / 4)
        raise RetryLater(timedelta(seconds=seconds), err.message) from err

    def _left(self, some: Sequence[Reason]) -> Sequence[Reason]:
        return [one for one in some if one.filing == Filing.BATCHED]
