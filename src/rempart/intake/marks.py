"""Whether a picture in a case is one that this installation stamped: read by a job, shown to people, judged by nobody.

The mark is read in the sealed bytes once a case is opened over them. That a record answers says that the picture is, or
looks like, one that was made here; it says neither who posted it nor who made it, and a mark can be copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.errors import (
    BlobMissingError,
    IncompleteError,
    ObjectDestroyedError,
    ServiceKeyMissingError,
    TamperedError,
)
from rempart.evidence.vault import Vault
from rempart.intake.generator.recognising import Recognised, recognise
from rempart.items.records import items, marks, signals
from rempart.items.records.items import Item
from rempart.people.principal import SYSTEM
from rempart.provenance.carried import unpacked
from rempart.provenance.looking import read_plane
from rempart.provenance.watermark.pattern import Pattern
from rempart.signals.frames import FrameError
from rempart.signals.outcome import LOW_QUALITY_BELOW, Outcome
from rempart.signals.pool import WorkerPool
from rempart.signals.values import PdqHash
from rempart.store.engine import Store
from rempart.store.jobs import Job

PURPOSE = "mark"
"""What evidence is opened for, as the ledger has it."""
_WAIT_SECONDS = 60.0
_GONE = (ObjectDestroyedError, ServiceKeyMissingError, BlobMissingError, TamperedError, IncompleteError)


class MarkReader:
    """The handler of `mark` jobs. Done twice it changes nothing more; an item that went meanwhile has no mark."""

    def __init__(
        self,
        store: Store,
        *,
        vault: Vault,
        pool: WorkerPool,
        clock: Clock,
        recognise: Callable[..., Sequence[Recognised]] = recognise,
    ) -> None:
        self._store, self._vault, self._pool, self._clock = store, vault, pool, clock
        self._recognise = recognise

    def __call__(self, job: Job) -> None:
        """Read and write down; raises UnavailableError when it has to be tried again."""
        with self._store.read() as conn:
            item = items.hosted(conn, int(job.payload["item"]))
        if item is None or item.object is None:
            return
        outcome, record = self._read(item.object)
        with job.finishing() as conn:
            now = items.hosted(conn, item.id)
            if now is None or now.object != item.object:
                return
            found = self._recognised(conn, now, record)
            marks.put(
                conn,
                marks.MarkRow(
                    item=item.id, object=item.object, outcome=outcome, record=record, recognised=found, at=self._clock()
                ),
            )  # fmt: skip

    def _read(self, object_id: str) -> tuple[str, int | None]:
        """How the reading ended, and the number in the mark."""
        try:
            with self._vault.opened(object_id, purpose=PURPOSE, by=SYSTEM) as data:
                plane = read_plane(self._pool, data, timeout=_WAIT_SECONDS)
        except _GONE:
            return "unread", None
        if plane.pixels is None or plane.outcome is not Outcome.OK:
            return "unread", None
        from rempart.provenance.watermark.reading import read_any

        found = read_any(plane.pixels, [Pattern(key) for key in self._vault.keyring.mark_keys()])
        return ("none", None) if found is None else ("found", found.record)

    def _recognised(self, conn: Connection, item: Item, record: int | None) -> list[Mapping[str, Any]]:
        found = self._recognise(conn, record=record, pdq=_pdq(conn, item), manifests=_manifests(item))
        return [
            {"record": f"{one.record:012x}", "by": list(one.by), "at": one.at.isoformat(), "edited": one.edited}
            for one in found
        ]


def _pdq(conn: Connection, item: Item) -> PdqHash | None:
    for one in signals.of(conn, item.id):
        if isinstance(one.signal, PdqHash) and one.probe == "canonical" and (one.quality or 0) >= LOW_QUALITY_BELOW:
            return one.signal
    return None


def _manifests(item: Item) -> tuple[str, ...]:
    """The names under which a file's credentials may stand in the records: only a lead, as all that a file says."""
    try:
        origin = unpacked(item.origin)
    except FrameError:
        return ()
    if origin is None:
        return ()
    signed = origin.credentials
    return (*signed.manifests, *(one.value for one in signed.soft_bindings))
