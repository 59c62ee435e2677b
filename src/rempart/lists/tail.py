"""An index over a table of signals that follows the table: what one process commits, every process soon finds.

The database is the truth. Each process keeps two live indexes (PDQ hashes, and the beginnings of digests) whose bases
lie in files that all processes of a machine share, and asks the database for the changes after the last it knows.
Numbers of changes are given out in the order of commits, so that none is missed. One process at a time writes new base
files. A base that is damaged, missing, or not of this database is made anew from the database, and the log says so.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rempart.clock import Clock
from rempart.errors import (
    CorruptFileError,
    ForeignFileError,
    IncompleteError,
    LeaseLostError,
    StorageFullError,
)
from rempart.index.live import LiveHits, LiveIndex
from rempart.index.livetables import HAMMING, PREFIXES, Tables
from rempart.lists.tailsource import Source as Source
from rempart.signals.values import Signal, SignalKind
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

log = logging.getLogger(__name__)

TAIL_SECONDS = 0.25
MERGE_SECONDS = 15.0
_UNUSABLE = (CorruptFileError, ForeignFileError, IncompleteError, OSError)
_UNWRITABLE = (StorageFullError, OSError)
# A merge is due after so many changes, or an eighth of the index.
_MERGE_ROWS = 20_000
# What was removed stands in a base file for so long at most (while some process runs).
_FORGET_SECONDS = 3600.0
_LEFT_OVER_SECONDS = 3600.0


class Place(NamedTuple):
    """A row of the table that a signal led to, and how many bits away it is."""

    id: int
    distance: int


class SignalIndex:
    """The signals of a table, searched. Safe to use from several threads at once; call `open` before anything else.

    Whether a row is still there is for the caller to check where it matters: a withdrawal by another process is known
    here only after the next `catch_up`.
    """

    def __init__(self, store: Store, folder: Path, source: Source, clock: Clock) -> None:
        self._store, self._folder, self._source, self._clock = store, folder, source, clock
        self._pdq = self._fresh(HAMMING)
        self._digests = self._fresh(PREFIXES)
        self._lock = threading.Lock()
        self._mark = self._rebuilt = 0
        self._merged = time.monotonic()

    @property
    def mark(self) -> int:
        """The number of the last change that searches know of."""
        return self._mark

    @property
    def nbytes(self) -> int:
        """Bytes of both indexes, mapped and in memory."""
        return self._pdq.nbytes + self._digests.nbytes

    def __len__(self) -> int:
        """Signals in the index, those among them that were removed since the last merge."""
        return len(self._pdq) + len(self._digests)

    @property
    def pending(self) -> int:
        """Changes that are in no base file yet."""
        return self._pdq.pending + self._digests.pending

    @property
    def lease(self) -> str:
        """The name under which one process at a time writes this folder's base files."""
        return f"merge:{self._source.name}:{_folder_id(self._folder)}"

    def open(self) -> None:
        """Map the base files, check them against the database, and catch up. Raises StoreUnavailableError."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with self._lock:
            problem = self._open_files()
            if problem is not None:
                self._rebuild(problem)
            self._catch_up()

    def catch_up(self) -> int:
        """Take in every change that was committed before this call; the new `mark`. Raises StoreUnavailableError."""
        with self._lock:
            return self._catch_up()

    def refresh(self) -> None:
        """Catch up, and take over base files that another process has published: what every process does all the
        time. Raises StoreUnavailableError."""
        # Reading a big file takes its time: nobody waits for it, and a merge may go on meanwhile.
        for index in (self._pdq, self._digests):
            try:
                index.reload()
            except _UNUSABLE as err:
                log.warning("index %s: a new base file is of no use, ours stays: %s", self._source.name, err)
        with self._lock:
            self._mark = max(self._mark, min(self._pdq.last, self._digests.last))
            self._catch_up()

    def search(self, signals: Sequence[Signal], *, radius: int) -> list[tuple[Place, ...]]:
        """For each signal the rows that hold it, PDQ within `radius` bits (0 to 63), nearest first.

        A digest's row holds one that begins with the same eight bytes. Raises ValueError for a radius out of range.
        """
        rebuilt = self._rebuilt
        try:
            return self._search(signals, radius)
        except CorruptFileError as err:
            with self._lock:
                if rebuilt == self._rebuilt:
                    self._rebuild(str(err))
            return self._search(signals, radius)

    def merge_is_due(self) -> bool:
        """True when a base file is missing, when enough has changed, or when what was removed is to be forgotten."""
        both = (self._pdq, self._digests)
        if any(index.pending > _MERGE_ROWS + len(index) // 8 for index in both):
            return True
        if any(index.removals for index in both) and time.monotonic() - self._merged > _FORGET_SECONDS:
            return True
        return len(self) > 0 and not all(self._path(tables).exists() for tables in (HAMMING, PREFIXES))

    def merge(self, *, guard: Callable[[], bool] | None = None) -> None:
        """Write new base files, while searches and changes go on.

        For one process at a time: `guard` is asked right before a file is published, and False raises
        UnavailableError. Raises StorageFullError; the old files then stay in use.
        """
        self._clear_left_overs()
        for index in (self._pdq, self._digests):
            index.merge(guard=guard)
        self._merged = time.monotonic()

    def works(self) -> tuple[Periodic, ...]:
        """What a running process does for this index in the background."""
        name = self._source.name
        return (
            Periodic(name=f"tail:{name}", seconds=TAIL_SECONDS, run=lambda _: self.refresh(), everywhere=True),
            Periodic(name=self.lease, seconds=MERGE_SECONDS, run=self._merge_for),
        )

    def _merge_for(self, worker: Worker) -> None:
        if self.merge_is_due():
            self.merge(guard=lambda: self._holds_lease(worker))

    def _holds_lease(self, worker: Worker) -> bool:
        try:
            with self._store.write() as conn:
                return worker.take(conn, self.lease)
        except LeaseLostError:
            return False

    def _path(self, tables: Tables) -> Path:
        return self._folder / f"{self._source.name}.{'pdq' if tables is HAMMING else 'digests'}"

    def _fresh(self, tables: Tables) -> LiveIndex:
        return LiveIndex(self._path(tables), tables=tables, fresh=True)

    def _open_files(self) -> str | None:
        """Open both files; what is wrong with them, None when nothing is."""
        if not all(self._path(tables).exists() for tables in (HAMMING, PREFIXES)):
            with self._store.read() as conn:
                return "there is no base file" if self._source.current(conn) else None
        try:
            self._pdq = LiveIndex(self._path(HAMMING), tables=HAMMING)
            self._digests = LiveIndex(self._path(PREFIXES), tables=PREFIXES)
        except _UNUSABLE as err:
            return str(err)
        self._mark = min(self._pdq.last, self._digests.last)
        with self._store.read() as conn:
            for tables, index in ((HAMMING, self._pdq), (PREFIXES, self._digests)):
                assert index.base is not None
                problem = self._source.mismatch(conn, tables, index.base, mark=index.mark)
                if problem is not None:
                    return f"the base file is not of this database: {problem}"
        return None

    def _rebuild(self, reason: str) -> None:
        """Everything from the database, and new base files where they can be written."""
        started, name = time.monotonic(), self._source.name
        log.warning("index %s is made anew from the database: %s", name, reason)
        with self._store.read() as conn:
            upto = self._source.current(conn)
            made = [(tables, self._source.changes(conn, tables, after=0, upto=upto)) for tables in (HAMMING, PREFIXES)]
        fresh = []
        for tables, rows in made:
            index = self._fresh(tables)
            try:
                index.replace(rows.keys, rows.ids, mark=upto)
            except _UNWRITABLE as err:
                log.warning("index %s: no base file could be written, it is kept in memory: %s", name, err)
                index.replace(rows.keys, rows.ids, mark=upto, publish=False)
            fresh.append(index)
        self._pdq, self._digests = fresh
        self._mark = min(index.last for index in fresh)
        self._rebuilt += 1
        log.warning("index %s is ready: %d signals in %.1f s", name, len(self), time.monotonic() - started)

    def _catch_up(self) -> int:
        with self._store.read() as conn:
            upto = self._source.current(conn)
            if upto == self._mark:
                return upto
            changes = [
                self._source.changes(conn, tables, after=self._mark, upto=upto) for tables in (HAMMING, PREFIXES)
            ]
        if upto < self._mark:
            self._rebuild("the database was set back to an earlier state")
            return self._mark
        self._pdq.apply(changes[0], upto=upto)
        self._digests.apply(changes[1], upto=upto)
        self._mark = upto
        return upto

    def _search(self, signals: Sequence[Signal], radius: int) -> list[tuple[Place, ...]]:
        found: list[tuple[Place, ...]] = [()] * len(signals)
        pdq = [at for at, signal in enumerate(signals) if signal.kind is SignalKind.PDQ]
        other = [at for at, signal in enumerate(signals) if signal.kind is not SignalKind.PDQ]
        for places, index, width in ((pdq, self._pdq, HAMMING.width), (other, self._digests, PREFIXES.width)):
            if places:
                joined = b"".join([signals[at][:width] for at in places])
                keys = np.frombuffer(joined, np.uint8).reshape(-1, width)
                _put(found, places, index.search(keys, radius))
        return found

    def _clear_left_overs(self) -> None:
        """Remove what a process that was killed while it published has left."""
        for path in self._folder.glob(".*.tmp"):
            with suppress(FileNotFoundError):
                if self._clock().timestamp() - path.stat().st_mtime > _LEFT_OVER_SECONDS:
                    path.unlink()


def _put(found: list[tuple[Place, ...]], places: Sequence[int], hits: LiveHits) -> None:
    if not len(hits.ids):
        return
    ends, ids, distances = hits.offsets.tolist(), hits.ids.tolist(), hits.distances.tolist()
    for place, start, stop in zip(places, ends, ends[1:], strict=False):
        if start != stop:
            found[place] = tuple(map(Place, ids[start:stop], distances[start:stop]))


def _folder_id(folder: Path) -> str:
    """A folder's own random name: processes that share the folder share it."""
    path = folder / "id"
    if not path.exists():
        made = folder / f".{secrets.token_hex(8)}.tmp"
        made.write_text(secrets.token_hex(8), "ascii")
        with suppress(FileExistsError):
            path.hardlink_to(made)
        made.unlink()
    return path.read_text("ascii")
