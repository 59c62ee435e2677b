"""What the vault does by itself: it deletes blobs of what was destroyed, ends what nobody needs, sweeps strays."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice

from sqlalchemy import Connection

from rempart.evidence.vault import records
from rempart.evidence.vault.rotation import REWRAP, Also, rewrap_job
from rempart.evidence.vault.sealing import Actor
from rempart.evidence.vault.vault import RECORD_WITHIN, UNLINK, Vault
from rempart.store.engine import Store
from rempart.store.jobs import Handler, Job
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

log = logging.getLogger(__name__)

GRACE = timedelta(hours=24)
"""How long a reason must be seen to have run out: so long a clock may be wrong and nothing is lost."""
_BATCH = 100
_NAMES = 500


def handlers(vault: Vault, *, by: Actor, also: Sequence[Also] = ()) -> Mapping[str, Handler]:
    """The jobs of the vault by their kinds; `also` wraps what other rooms keep under the service key."""

    def unlink(job: Job) -> None:
        delete_blob(vault, job)

    return {UNLINK: unlink, REWRAP: lambda job: rewrap_job(vault, job, by=by, also=also)}


def periodics(vault: Vault, *, by: Actor) -> tuple[Periodic, ...]:
    """The periodic work of the vault."""
    sweep = Sweep(vault)

    def retain(worker: Worker) -> None:
        run_retention(vault, by=by, worker=worker)

    def swept(_: Worker) -> None:
        sweep.run()

    return (
        Periodic(name="vault.retention", seconds=60.0, run=retain),
        Periodic(name="vault.sweep", seconds=3600.0, run=swept),
    )


def delete_blob(vault: Vault, job: Job) -> None:
    """Delete a destroyed object's blob, then take the traces of its keys out of the database's log file."""
    vault.blobs.delete(job.payload["blob"])
    with job.finishing() as conn:
        records.blob_deleted(conn, job.payload["object"])
    forget_traces(vault.store)


def forget_traces(store: Store) -> None:
    """Empty SQLite's write-ahead log, where erased rows would still be read; Postgres gives no such means."""
    if store.dialect == "sqlite":
        with store.engine.connect() as connection:
            raw = connection.connection.driver_connection
            if raw is not None:
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def run_retention(vault: Vault, *, by: Actor, worker: Worker | None = None, grace: timedelta = GRACE) -> int:
    """Destroy what nobody has a reason to keep; gives how many.

    What somebody let go is destroyed now. What ran out by the clock is destroyed once that was so for `grace`.
    """
    with vault.store.read() as conn:  # nearly always there is nothing to do: look without stopping others
        wrong = records.marked_wrongly(conn, now=vault.clock())
    if wrong:
        with _guarded(vault.store, worker) as conn:
            records.mark_due(conn, wrong, now=vault.clock())
    destroyed = 0
    while True:
        with vault.store.read() as conn:
            now = vault.clock()
            batch = records.due(conn, now=now, seen_before=now - grace, limit=_BATCH)
        if batch:
            with _guarded(vault.store, worker) as conn:
                for object_id in batch:
                    destroyed += vault.destroy_due(conn, object_id, by=by)
        if len(batch) < _BATCH:
            return destroyed


@contextmanager
def _guarded(store: Store, worker: Worker | None) -> Iterator[Connection]:
    with store.write() as conn:
        if worker is not None:
            worker.guard(conn)
        yield conn


@dataclass(slots=True)
class Sweep:
    """Finds blobs that belong to no object, and deletes those that it has known as such for long enough.

    Long enough is measured by the steady clock and is twice the time in which `record` takes sealed bytes, so that a
    blob whose object is about to be committed is never taken.
    """

    vault: Vault
    after: float = 2 * RECORD_WITHIN
    _since: dict[str, float] = field(default_factory=dict)

    def run(self) -> int:
        """Look once; gives how many blobs were deleted."""
        now = self.vault.elapsed()
        orphans = self._orphans()
        self._since = {name: self._since.get(name, now) for name in orphans}
        ripe = [name for name, since in self._since.items() if now - since >= self.after]
        for name in ripe:
            self.vault.blobs.delete(name)
            del self._since[name]
        if ripe:
            log.info("%d blobs that belonged to nothing were deleted", len(ripe))
        return len(ripe)

    def _orphans(self) -> list[str]:
        names = (one.name for one in self.vault.blobs.found())
        orphans: list[str] = []
        while some := list(islice(names, _NAMES)):
            with self.vault.store.read() as conn:
                known = records.known_blobs(conn, some)
            orphans += [name for name in some if name not in known]
        return orphans
