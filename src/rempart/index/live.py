"""An index that changes while it is searched, and that many processes share.

A big base lies in a mapped file; what was added since lies in a few parts in memory, the youngest of them short and
compared row by row. What was removed is remembered with the moment of its removal and checked after lookup.
Readers take no lock: they work on an unchangeable state that writers replace. `merge` writes base and parts into a
new file beside the old one, renames it into place and swaps, while searches, additions and removals go on; other
processes take the new base over with `reload` and forget what it holds already.

Nothing here is durable but the base: the caller's database is the truth. `mark` tells up to which change the base
holds it, and `last` up to which change this process does, so that it can apply the changes after that one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError, ForeignFileError, IncompleteError, UnavailableError
from rempart.index.liveparts import Part, joined, part_after, read_base, read_mark, rows_found, stamp_of
from rempart.index.livetables import HAMMING, Tables
from rempart.index.sections import SectionWriter

# The youngest part is compared row by row until it has so many rows.
TAIL_ROWS = 4096


class LiveHits(NamedTuple):
    """Query i's hits are `ids[offsets[i]:offsets[i+1]]`, each id once, by distance then id, with `distances`."""

    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]
    distances: NDArray[np.uint8]


class Changes(NamedTuple):
    """Changes of a caller's own sequence, in any order: row i of `keys` came under `ids[i]` with change `at[i]`, and
    what had come under `removed[i]` went with change `removed_at[i]`."""

    keys: NDArray[np.uint8]
    ids: NDArray[np.int64]
    at: NDArray[np.int64]
    removed: NDArray[np.int64]
    removed_at: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What one search sees. `removed` (id → change) only ever gains entries; a merge begins a new one."""

    base: Part | None = None
    parts: tuple[Part, ...] = ()
    tail: Part | None = None
    removed: dict[int, int] = field(default_factory=dict)

    def all_parts(self) -> tuple[Part, ...]:
        whole = self.parts if self.base is None else (self.base, *self.parts)
        return whole if self.tail is None else (*whole, self.tail)


class _Tail:
    """Room for the youngest rows; what lies before `count` never changes."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.keys = np.empty((TAIL_ROWS, tables.width), np.uint8)
        self.ids = np.empty(TAIL_ROWS, np.int64)
        self.at = np.empty(TAIL_ROWS, np.int64)
        self.count = 0

    def append(self, keys: NDArray[np.uint8], ids: NDArray[np.int64], at: NDArray[np.int64]) -> Part:
        own = slice(self.count, self.count + len(keys))
        self.keys[own], self.ids[own], self.at[own] = keys, ids, at
        self.count += len(keys)
        whole = slice(0, self.count)
        return Part(table=self._tables.loose(self.keys[whole]), ids=self.ids[whole], at=self.at[whole])


class LiveIndex:
    """Keys by id, added and removed with effect at the next search, from any thread of this process.

    `path` is the base's file (made by the first `merge`); None keeps everything in memory. The file is verified when
    it is opened or taken over: raises CorruptFileError, ForeignFileError or IncompleteError. With `fresh` it is not
    opened: the index begins empty whatever stands there.
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, tables: Tables = HAMMING, fresh: bool = False
    ) -> None:
        self._path = None if path is None else Path(path)
        self._tables = tables
        self._write = threading.RLock()
        self._merging = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._tail = _Tail(tables)
        self._merged_parts = 0
        self._mark = self._last = 0
        self._state = _State()
        self._stamp: tuple[int, ...] | None = None
        if self._path is not None and not fresh and self._path.exists():
            self._stamp = stamp_of(self._path)
            base, self._mark = read_base(self._path, tables)
            self._last = self._mark
            self._state = _State(base=base)

    def __len__(self) -> int:
        """Rows, those among them that were removed since the last merge."""
        return sum(len(part.ids) for part in self._state.all_parts())

    @property
    def mark(self) -> int:
        """The last change that the base file holds; 0 before the first merge."""
        return self._mark

    @property
    def last(self) -> int:
        """The last change that searches know of."""
        return self._last

    @property
    def pending(self) -> int:
        """Rows and removals that are not in the base yet: what makes a merge worth its while."""
        state = self._state
        fresh = sum(len(part.ids) for part in state.parts) + (0 if state.tail is None else len(state.tail.ids))
        return fresh + len(state.removed)

    @property
    def removals(self) -> int:
        """Ids that were removed and may still stand in the base."""
        return len(self._state.removed)

    @property
    def nbytes(self) -> int:
        """Bytes of keys, ids and tables, mapped and in memory."""
        return sum(part.nbytes for part in self._state.all_parts())

    @property
    def base(self) -> Part | None:
        """The rows of the base."""
        return self._state.base

    def add(self, keys: NDArray[np.uint8], ids: NDArray[np.integer] | Sequence[int], *, at: int | None = None) -> None:
        """Add `keys` ((n, 32) uint8) under `ids` (n whole numbers); an id may have several keys.

        `at` is the change's number in the caller's own sequence, higher than the last; by default the next. One call is
        one change: a change told in two calls could be parted by a merge, and half of it lost. Raises ValueError.
        """
        rows, names = self._checked(keys, np.asarray(ids, np.int64))
        with self._write:
            change = self._next(at)
            self._insert(rows, names, np.full(len(rows), change, np.int64))

    def remove(self, ids: Iterable[int], *, at: int | None = None) -> None:
        """Forget every key that was added under `ids` until now; unknown ids are ignored. `at` as for `add`."""
        with self._write:
            change = self._next(at)
            self._state.removed.update((int(one), change) for one in ids)

    def apply(self, changes: Changes, *, upto: int) -> None:
        """Take in all changes after `last` up to `upto`, as one; those that are known already are passed over."""
        rows, names = self._checked(changes.keys, changes.ids)
        with self._write:
            fresh = changes.at > self._last
            if not fresh.all():
                rows, names = rows[fresh], names[fresh]
            if upto > self._last:
                self._insert(rows, names, changes.at[fresh])
                gone = zip(changes.removed.tolist(), changes.removed_at.tolist(), strict=True)
                self._state.removed.update((one, change) for one, change in gone if change > self._last)
                self._last = upto

    def replace(self, keys: NDArray[np.uint8], ids: NDArray[np.int64], *, mark: int, publish: bool = True) -> None:
        """Forget everything and begin with these rows, as of change `mark`; without `publish` in memory alone."""
        rows, names = self._checked(keys, ids)
        with self._merging:
            to_file = publish and self._path is not None
            base = self._tables.part(rows, names, np.full(len(rows), mark, np.int64), indexed=not to_file)
            if to_file and self._path is not None:
                self._write_file(base, mark, None)
                base, mark = read_base(self._path, self._tables)
            elif self._path is not None:
                self._stamp = stamp_of(self._path)  # what stands there is known and not wanted
            with self._write:
                self._tail, self._state = _Tail(self._tables), _State(base=base)
                self._mark = self._last = mark

    def search(self, queries: NDArray[np.uint8], radius: int = 31) -> LiveHits:
        """Every id with a key within `radius` (0 to 63) of each query, at its smallest distance; exact."""
        state = self._state
        parts = (rows_found(part, state.removed, queries, radius) for part in state.all_parts())
        found = [columns for columns in parts if columns is not None]
        if not found:
            return LiveHits(np.zeros(len(queries) + 1, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))
        asked, ids, distances = (np.concatenate(column) for column in zip(*found, strict=True))
        if len(ids) > 1:
            order = np.lexsort((distances, ids, asked))
            asked, ids, distances = asked[order], ids[order], distances[order]
            once = np.append(True, (ids[1:] != ids[:-1]) | (asked[1:] != asked[:-1]))
            asked, ids, distances = asked[once], ids[once], distances[once]
            order = np.lexsort((ids, distances, asked))
            asked, ids, distances = asked[order], ids[order], distances[order]
        offsets = np.zeros(len(queries) + 1, np.int64)
        np.cumsum(np.bincount(asked, minlength=len(queries)), out=offsets[1:])
        return LiveHits(offsets, ids, distances)

    def merge(self, *, wait: bool = True, guard: Callable[[], bool] | None = None) -> None:
        """Write everything into a new base, without pausing anyone; with `wait=False` in a thread (see `wait`).

        One merge runs at a time; a second call waits for the first. Errors leave the old base in use. Where a newer
        base has been published meanwhile, that one is taken over. `guard` is asked right before publishing: False
        raises UnavailableError, and nothing is published.
        """
        if wait:
            self._merge(guard)
            return
        self.wait()
        self._thread = threading.Thread(
            target=self._merge_and_keep_failure, args=(guard,), name="rempart-merge", daemon=True
        )
        self._thread.start()

    def wait(self) -> None:
        """Wait for a merge in the background; raises what it failed with."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def reload(self) -> bool:
        """Take over a base that another process has published; own changes that it holds already are dropped.

        True when there was a newer one. Raises CorruptFileError and the like; everything is then as before.
        """
        if self._path is None:
            raise ValueError("an index in memory has no file to load again")
        if not self._merging.acquire(blocking=False):
            return False  # we are making a newer one ourselves
        try:
            stamp = stamp_of(self._path)
            if stamp is None or stamp == self._stamp:
                return False
            self._stamp = stamp
            if read_mark(self._path, self._tables) <= self._mark:
                return False
            return self._take_over(*read_base(self._path, self._tables))
        finally:
            self._merging.release()

    def _checked(self, keys: NDArray[np.uint8], ids: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        rows = np.ascontiguousarray(keys)
        width = self._tables.width
        if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != width or ids.shape != (len(rows),):
            raise ValueError(f"keys are (n, {width}) uint8 with n ids, not {rows.shape} with {ids.shape}")
        return rows, ids

    def _next(self, at: int | None) -> int:
        change = self._last + 1 if at is None else at
        if change <= self._last:
            raise ValueError(f"change {change} does not come after change {self._last}")
        self._last = change
        return change

    def _insert(self, rows: NDArray[np.uint8], names: NDArray[np.int64], at: NDArray[np.int64]) -> None:
        if self._tail.count + len(rows) > TAIL_ROWS:
            self._freeze()
        if len(rows) > TAIL_ROWS:
            part = self._tables.part(rows.copy(), names.copy(), at)
            self._state = replace(self._state, parts=self._compacted((*self._state.parts, part)))
        elif len(rows):
            self._state = replace(self._state, tail=self._tail.append(rows, names, at))

    def _freeze(self) -> None:
        """Turn the tail into a part that is searched by its own tables."""
        tail = self._state.tail
        if tail is not None:
            part = self._tables.part(tail.table.keys, tail.ids, tail.at)
            self._tail = _Tail(self._tables)
            self._state = replace(self._state, parts=self._compacted((*self._state.parts, part)), tail=None)

    def _compacted(self, parts: tuple[Part, ...]) -> tuple[Part, ...]:
        """Join the youngest parts while they are of like size, so that there are ever only a few; what a merge is
        reading stays as it is."""
        while len(parts) - self._merged_parts >= 2 and len(parts[-2].ids) < 2 * len(parts[-1].ids):
            parts = (*parts[:-2], joined(self._tables, parts[-2:], {}))
        return parts

    def _merge_and_keep_failure(self, guard: Callable[[], bool] | None) -> None:
        try:
            self._merge(guard)
        except BaseException as err:  # noqa: BLE001 - handed to whoever waits
            self._failure = err

    def _merge(self, guard: Callable[[], bool] | None) -> None:
        with self._merging:
            with self._write:
                self._freeze()
                state, mark = self._state, self._last
                self._merged_parts = len(state.parts)
                removed = dict(state.removed)
            try:
                parts = state.parts if state.base is None else (state.base, *state.parts)
                whole = joined(self._tables, parts, removed, indexed=self._path is None)
                if self._path is None:
                    self._install(whole, mark, len(state.parts))
                else:
                    self._publish(whole, mark, guard, len(state.parts))
            finally:
                self._merged_parts = 0

    def _publish(self, whole: Part, mark: int, guard: Callable[[], bool] | None, merged: int) -> None:
        assert self._path is not None
        if stamp_of(self._path) not in (None, self._stamp) and self._published_mark() >= mark:
            self._stamp = stamp_of(self._path)
            self._take_over(*read_base(self._path, self._tables))
            return
        self._write_file(whole, mark, guard)
        base, published = read_base(self._path, self._tables, check=False)
        if published == mark:
            self._install(base, mark, merged)
        elif published > mark:
            # Another process came between; an older base of one that stood still is left alone, ours is not used.
            self._take_over(*read_base(self._path, self._tables))

    def _write_file(self, whole: Part, mark: int, guard: Callable[[], bool] | None) -> None:
        assert self._path is not None
        with SectionWriter(self._path, kind=self._tables.file_kind) as writer:
            self._tables.write(writer, whole, mark)
            if guard is not None and not guard():
                raise UnavailableError("Another process merges the index now.")
        self._stamp = stamp_of(self._path)

    def _published_mark(self) -> int:
        """The mark of the file that stands there now; -1 when it is of no use."""
        assert self._path is not None
        try:
            return read_mark(self._path, self._tables)
        except (CorruptFileError, ForeignFileError, IncompleteError, OSError):
            return -1

    def _take_over(self, base: Part, mark: int) -> bool:
        with self._write:
            if mark <= self._mark:
                return False
            self._freeze()
            kept = [part_after(self._tables, part, mark) for part in self._state.parts]
            self._replace_base(base, tuple(part for part in kept if part is not None), mark)
            return True

    def _install(self, base: Part, mark: int, merged: int) -> None:
        """A base that holds the first `merged` parts."""
        with self._write:
            self._replace_base(base, self._state.parts[merged:], mark)

    def _replace_base(self, base: Part, parts: tuple[Part, ...], mark: int) -> None:
        removed = {one: change for one, change in self._state.removed.items() if change > mark}
        self._mark, self._last = mark, max(mark, self._last)  # so _last is never below _mark
        self._state = replace(self._state, base=base, parts=parts, removed=removed)
