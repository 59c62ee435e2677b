"""Whether a picture in a case is one that this installation stamped: read by a job, shown to people, judged by nobody.

The mark is read in the sealed bytes once a case is opened over them. That a record answers says that the picture is, or
looks like, one that was made here; it says neither who posted it nor who made it, and a mark can be copied.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from rempart.intake.generator.recognising import names_of, recognise
from rempart.items.records import items, marks, signals
from rempart.items.records.items import Item
from rempart.people.principal import SYSTEM
from rempart.provenance.carried import packed, unpacked
from rempart.provenance.looking import read_whole
from rempart.provenance.origin.trust import Trust
from rempart.provenance.origin.values import Origin
from rempart.provenance.watermark.pattern import Pattern
from rempart.signals.frames import FrameError
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.pool import WorkerPool
from rempart.signals.values import PdqHash
from rempart.store.engine import Store
from rempart.store.jobs import Job

PURPOSE = "mark"
"""What evidence is opened for, as the ledger has it."""
_GONE = (ObjectDestroyedError, ServiceKeyMissingError, BlobMissingError, TamperedError, IncompleteError)


class MarkReader:
    """The handler of `mark` jobs. Done twice it changes nothing more; an item that went meanwhile has no mark."""

    def __init__(self, store: Store, *, vault: Vault, pool: WorkerPool, trust: Trust, clock: Clock) -> None:
        self._store, self._vault, self._pool, self._trust, self._clock = store, vault, pool, trust, clock

    def __call__(self, job: Job) -> None:
        """Read and write down; raises UnavailableError when it has to be tried again."""
        with self._store.read() as conn:
            item = items.hosted(conn, int(job.payload["item"]))
        if item is None or item.object is None:
            return
        read = self._read(item.object)
        with job.finishing() as conn:
            now = items.hosted(conn, item.id, lock=True)
            if now is None or now.object != item.object:
                return
            if read.origin is not None:
                now = replace(now, origin=packed(read.origin))
                items.change(conn, now.id, origin=now.origin)
            row = marks.MarkRow(
                item=now.id, object=item.object, outcome=read.outcome, record=read.record,
                recognised=self._recognised(conn, now, read.record), at=self._clock(),
            )  # fmt: skip
            marks.put(conn, row)

    def _read(self, object_id: str) -> _Read:
        try:
            with self._vault.opened(object_id, purpose=PURPOSE, by=SYSTEM) as data:
                looked = read_whole(self._pool, data, trust=self._trust)
        except _GONE:
            return _Read(outcome="unread")
        if looked.plane is None:
            return _Read(outcome="unread", origin=looked.origin)
        # Loaded with the first picture that has to be read: it is large.
        from rempart.provenance.watermark.reading import read_any

        pixels = looked.plane[:, :, None].repeat(3, axis=2)
        found = read_any(pixels, [Pattern(key) for key in self._vault.keyring.mark_keys()])
        record = None if found is None else found.record
        return _Read(outcome="none" if record is None else "found", record=record, origin=looked.origin)

    def _recognised(self, conn: Connection, item: Item, record: int | None) -> list[Mapping[str, Any]]:
        found = recognise(conn, record=record, pdq=_pdq(conn, item), manifests=_manifests(item))
        return [
            {"record": f"{one.record:012x}", "by": list(one.by), "at": one.at.isoformat(), "edited": one.edited}
            for one in found
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """How a reading ended, the number in the mark, and what the file says, its pixels included."""

    outcome: str
    record: int | None = None
    origin: Origin | None = None


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
    return () if origin is None else names_of(origin.credentials)
