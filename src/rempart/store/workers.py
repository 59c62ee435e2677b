"""Processes that share the work, and what happens to the work of one that dies or stands still.

Each process has a row that it changes every few seconds. Another one calls it dead when it has *seen* that row
unchanged for a while by its own steady clock, so that no wall clock needs to be right; on the same machine it is
enough that the process is gone. Calling it dead deletes its row and frees what it held. A process that wakes up later
finds its row missing: `guard` refuses whatever it still wanted to write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, String, Table, Text, bindparam, delete, insert, select, update

from rempart.errors import LeaseLostError, UnavailableError
from rempart.store.engine import Store
from rempart.store.ids import new_id
from rempart.store.place import own_place, surely_gone
from rempart.store.prepared import Prepared
from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

log = logging.getLogger(__name__)

TTL_SECONDS = 10.0
_BEATS = 4  # own beats within the time to live

workers = Table(
    "workers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("beat", BigInteger, nullable=False),
    Column("place", Text, nullable=False),
    Column("started", UtcTime, nullable=False),
)
leases = Table(
    "leases",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("worker", String(40)),
    Column("fence", BigInteger, nullable=False),
)

_ALIVE = Prepared(
    select(workers.c.id).where(workers.c.id == bindparam("worker")).with_for_update(read=True, key_share=True)
)
_HOLDER = Prepared(select(leases.c.worker).where(leases.c.name == bindparam("lease")).with_for_update())
_BEAT = update(workers).where(workers.c.id == bindparam("worker")).values(beat=workers.c.beat + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """A process that shares the work. `machine` and `process` are empty where the system does not tell."""

    id: str
    machine: str
    process: str
    started: datetime


def alive(conn: Connection) -> tuple[Alive, ...]:
    """The processes that nobody has called dead, the oldest first."""
    rows = conn.execute(select(workers.c.id, workers.c.place, workers.c.started).order_by(workers.c.started))
    found = []
    for row in rows:
        machine, _, rest = row.place.partition(":")
        found.append(Alive(id=row.id, machine=machine, process=rest.partition(":")[0], started=row.started))
    return tuple(found)


@dataclass(slots=True)
class _Seen:
    """What was last seen of another process: its beat, since when, and how often we beat since."""

    beat: int
    since: float
    own_beats: int = 0


class Worker:
    """This process among those that share a database. Use as a context manager, or `start` and `stop`."""

    def __init__(
        self,
        store: Store,
        *,
        ttl: float = TTL_SECONDS,
        steady: Callable[[], float] = time.monotonic,
        on_death: Callable[[Connection, str], None] | None = None,
    ) -> None:
        self._store, self._ttl, self._steady, self._on_death = store, ttl, steady, on_death
        self._seen: dict[str, _Seen] = {}
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.id = new_id("worker")
        self.deaths = 0
        """How often this process was called dead, and began anew."""

    def __enter__(self) -> Worker:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Enter this process, free what gone neighbours held, and beat from now on."""
        self._register()
        self.beat()
        self._thread = threading.Thread(target=self._run, name="rempart-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Give everything back, so that others go on at once."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        try:
            with self._store.write() as conn:
                self._free(conn, self.id)
        except UnavailableError as err:
            log.warning("worker could not sign off; others notice within %.0f s: %s", self._ttl, err)

    def guard(self, conn: Connection) -> None:
        """Raise LeaseLostError unless this process still counts as alive; holds until the transaction ends."""
        if not _ALIVE.rows(conn, {"worker": self.id}):
            raise LeaseLostError

    def take(self, conn: Connection, name: str) -> bool:
        """Hold the one lease called `name` from now until this process stops or dies; False when another has it."""
        self.guard(conn)
        rows = _HOLDER.rows(conn, {"lease": name})
        if not rows:
            conn.execute(insert_or_ignore(conn, leases), {"name": name, "worker": None, "fence": 0})
            rows = _HOLDER.rows(conn, {"lease": name})
        holder = rows[0][0]
        if holder == self.id:
            return True
        if holder is not None and self._is_worker(conn, holder):
            return False
        conn.execute(update(leases).where(leases.c.name == name).values(worker=self.id, fence=leases.c.fence + 1))
        return True

    def drop(self, conn: Connection, name: str) -> None:
        """Give a lease back."""
        conn.execute(update(leases).where(leases.c.name == name, leases.c.worker == self.id).values(worker=None))

    def beat(self) -> None:
        """One beat: show that we live, and look for those who do not. Raises UnavailableError."""
        with self._store.write() as conn:
            alive = conn.execute(_BEAT, {"worker": self.id}).rowcount == 1
        if not alive:
            self.deaths += 1
            log.warning("this process was called dead by another and begins anew")
            self.id = new_id("worker")
            self._seen.clear()
            self._register()
            return
        with self._store.read() as conn:
            others = conn.execute(select(workers).where(workers.c.id != self.id)).all()
        now = self._steady()
        for row in others:
            if surely_gone(row.place) or self._stale(row.id, row.beat, now):
                self._bury(row.id, row.beat)
        self._seen = {row.id: seen for row in others if (seen := self._seen.get(row.id))}

    def _stale(self, name: str, beat: int, now: float) -> bool:
        seen = self._seen.get(name)
        if seen is None or seen.beat != beat:
            self._seen[name] = _Seen(beat, now)
            return False
        # Our own beats count too: when a busy database stops everyone, nobody is dead.
        seen.own_beats += 1
        return seen.own_beats >= _BEATS and now - seen.since >= self._ttl

    def _bury(self, name: str, beat: int) -> None:
        with self._store.write() as conn:
            if conn.execute(delete(workers).where(workers.c.id == name, workers.c.beat == beat)).rowcount == 1:
                self._free(conn, name)
                log.warning("worker %s is gone; its work is taken over", name)

    def _free(self, conn: Connection, name: str) -> None:
        conn.execute(delete(workers).where(workers.c.id == name))
        conn.execute(update(leases).where(leases.c.worker == name).values(worker=None))
        if self._on_death is not None:
            self._on_death(conn, name)

    def _is_worker(self, conn: Connection, name: str) -> bool:
        return conn.execute(select(workers.c.id).where(workers.c.id == name)).first() is not None

    def _register(self) -> None:
        row = {"id": self.id, "beat": 0, "place": own_place(), "started": self._store.clock()}
        with self._store.write() as conn:
            conn.execute(insert(workers), row)

    def _run(self) -> None:
        while not self._stopping.wait(self._ttl / _BEATS):
            try:
                self.beat()
            except UnavailableError as err:
                log.warning("no heartbeat: %s", err)
