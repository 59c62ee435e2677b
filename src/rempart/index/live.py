"""A Hamming index that changes while it is searched.

A big base lies in a mapped file; what was added since lies in a few parts in memory, the youngest of them short and
compared row by row. What was removed is remembered with the moment of its removal and checked after lookup.
Readers take no lock: they work on an unchangeable state that writers replace. `merge` writes base and parts into a
new file beside the old one, renames it into place and swaps, while searches, additions and removals go on.

Nothing here is durable but the base: the caller's database is the truth. `mark` tells up to which change the base
holds it, so that a process can apply the changes after that one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index.hamming import KEY_BYTES, HammingIndex
from rempart.index.sections import SectionFile, SectionWriter

KIND = "rempart-live"
_PREFIX = "live"
# The youngest part is compared row by row until it has so many rows.
TAIL_ROWS = 4096


class LiveHits(NamedTuple):
    """Query i's hits are `ids[offsets[i]:offsets[i+1]]`, each id once, by distance then id, with `distances`."""

    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]
    distances: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """Rows of an index: their ids, and the change that brought each (ascending)."""

    index: HammingIndex
    ids: NDArray[np.int64]
    at: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """What one search sees. `removed` (id → change) only ever gains entries; a merge begins a new one."""

    parts: tuple[_Part, ...] = ()
    tail: _Part | None = None
    removed: dict[int, int] = field(default_factory=dict)

    def all_parts(self) -> tuple[_Part, ...]:
        return self.parts if self.tail is None else (*self.parts, self.tail)


class _Tail:
    """Room for the youngest rows; what lies before `count` never changes."""

    def __init__(self) -> None:
        self.keys = np.empty((TAIL_ROWS, KEY_BYTES), np.uint8)
        self.ids = np.empty(TAIL_ROWS, np.int64)
        self.at = np.empty(TAIL_ROWS, np.int64)
        self.count = 0

    def append(self, keys: NDArray[np.uint8], ids: NDArray[np.int64], at: int) -> _Part:
        own = slice(self.count, self.count + len(keys))
        self.keys[own], self.ids[own], self.at[own] = keys, ids, at
        self.count += len(keys)
        whole = slice(0, self.count)
        return _Part(index=HammingIndex(self.keys[whole], ()), ids=self.ids[whole], at=self.at[whole])


class LiveIndex:
    """Keys by id, added and removed with effect at the next search, from any thread of this process.

    `path` is the base's file (made by the first `merge`); None keeps everything in memory.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._path = None if path is None else Path(path)
        self._write = threading.RLock()
        self._merging = threading.Lock()
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._tail = _Tail()
        self._merged_parts = 0
        self._mark = self._last = 0
        self._state = _State()
        if self._path is not None and self._path.exists():
            base, self._mark = _read_base(self._path)
            self._last = self._mark
            self._state = _State(parts=(base,))

    @property
    def mark(self) -> int:
        """The last change that the base file holds; 0 before the first merge."""
        return self._mark

    @property
    def pending(self) -> int:
        """Rows and removals that are not in the base yet: what makes a merge worth its while."""
        state = self._state
        fresh = sum(int(np.count_nonzero(part.at > self._mark)) for part in state.all_parts())
        return fresh + len(state.removed)

    def add(self, keys: NDArray[np.uint8], ids: NDArray[np.integer] | Sequence[int], *, at: int | None = None) -> None:
        """Add `keys` ((n, 32) uint8) under `ids` (n whole numbers); an id may have several keys.

        `at` is the change's number in the caller's own sequence, higher than the last; by default the next. One call is
        one change: a change told in two calls could be parted by a merge, and half of it lost. Raises ValueError.
        """
        rows = np.ascontiguousarray(keys)
        names = np.asarray(ids, np.int64)
        if rows.dtype != np.uint8 or rows.ndim != 2 or rows.shape[1] != KEY_BYTES or names.shape != (len(rows),):
            raise ValueError(f"keys are (n, {KEY_BYTES}) uint8 with n ids, not {rows.shape} with {names.shape}")
        with self._write:
            change = self._next(at)
            if self._tail.count + len(rows) > TAIL_ROWS:
                self._freeze()
            if len(rows) > TAIL_ROWS:
                part = _Part(index=HammingIndex.from_keys(rows.copy()), ids=names.copy(), at=np.full(len(rows), change))
                self._state = replace(self._state, parts=self._compacted((*self._state.parts, part)))
            elif len(rows):
                self._state = replace(self._state, tail=self._tail.append(rows, names, change))

    def remove(self, ids: Iterable[int], *, at: int | None = None) -> None:
        """Forget every key that was added under `ids` until now; unknown ids are ignored. `at` as for `add`."""
        with self._write:
            change = self._next(at)
            self._state.removed.update((int(one), change) for one in ids)

    def search(self, queries: NDArray[np.uint8], radius: int = 31) -> LiveHits:
        """Every id with a key within `radius` (0 to 63) of each query, at its smallest distance; exact."""
        state = self._state
        found = [_found(part, state.removed, queries, radius) for part in state.all_parts()]
        asked, ids, distances = (np.concatenate(column) for column in zip(_NONE, *found, strict=True))
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

    def merge(self, *, wait: bool = True) -> None:
        """Write everything into a new base, without pausing anyone; with `wait=False` in a thread (see `wait`).

        One merge runs at a time; a second call waits for the first. Errors leave the old base in use.
        """
        if wait:
            self._merge()
            return
        self.wait()
        self._thread = threading.Thread(target=self._merge_and_keep_failure, name="rempart-merge", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait for a merge in the background; raises what it failed with."""
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def reload(self) -> None:
        """Take over a base that another process has published; own changes that it holds already are dropped."""
        if self._path is None:
            raise ValueError("an index in memory has no file to load again")
        base, mark = _read_base(self._path)
        with self._merging, self._write:
            if mark > self._mark:
                self._freeze()
                kept = [part for part in (_after(part, mark) for part in self._state.parts) if part is not None]
                self._install(base, tuple(kept), mark)

    def _next(self, at: int | None) -> int:
        change = self._last + 1 if at is None else at
        if change <= self._last:
            raise ValueError(f"change {change} does not come after change {self._last}")
        self._last = change
        return change

    def _freeze(self) -> None:
        """Turn the tail into a part that is searched by its own tables."""
        tail = self._state.tail
        if tail is not None:
            part = replace(tail, index=HammingIndex.from_keys(tail.index.keys))
            self._tail = _Tail()
            self._state = replace(self._state, parts=self._compacted((*self._state.parts, part)), tail=None)

    def _compacted(self, parts: tuple[_Part, ...]) -> tuple[_Part, ...]:
        """Join the youngest parts while they are of like size, so that there are ever only a few; the base and
        what a merge is reading stay as they are."""
        fixed = max(self._merged_parts, 1 if self._mark else 0)
        while len(parts) - fixed >= 2 and len(parts[-2].ids) < 2 * len(parts[-1].ids):
            parts = (*parts[:-2], _joined(parts[-2:], {}))
        return parts

    def _merge_and_keep_failure(self) -> None:
        try:
            self._merge()
        except BaseException as err:  # noqa: BLE001 - handed to whoever waits
            self._failure = err

    def _merge(self) -> None:
        with self._merging:
            with self._write:
                self._freeze()
                state, mark = self._state, self._last
                self._merged_parts = len(state.parts)
                removed = dict(state.removed)
            try:
                base = self._written(state.parts, removed, mark)
                with self._write:
                    self._install(base, self._state.parts[len(state.parts) :], mark)
            finally:
                self._merged_parts = 0

    def _install(self, base: _Part, parts: tuple[_Part, ...], mark: int) -> None:
        removed = {one: change for one, change in self._state.removed.items() if change > mark}
        self._mark, self._last = mark, max(mark, self._last)  # so _last is never below _mark
        self._state = replace(self._state, parts=(base, *parts), removed=removed)

    def _written(self, parts: Sequence[_Part], removed: dict[int, int], mark: int) -> _Part:
        whole = _gathered(parts, removed)
        if self._path is None:
            return _Part(index=HammingIndex.from_keys(whole[0]), ids=whole[1], at=whole[2])
        with SectionWriter(self._path, kind=KIND) as writer:
            writer.add("mark", np.array([mark], "<i8"))
            writer.add(f"{_PREFIX}.ids", whole[1].astype("<i8", copy=False))
            HammingIndex.build_into(writer, whole[0], prefix=_PREFIX)
        return _read_base(self._path, check=False)[0]


_Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]
_NONE: _Columns = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.uint8))


def _found(part: _Part, removed: dict[int, int], queries: NDArray[np.uint8], radius: int) -> _Columns:
    hits = part.index.search(queries, radius)
    if not len(hits.rows):
        return _NONE
    asked = np.repeat(np.arange(len(queries)), np.diff(hits.offsets))
    ids, distances = part.ids[hits.rows], hits.distances
    if removed:
        kept = _alive(ids, part.at[hits.rows], removed)
        asked, ids, distances = asked[kept], ids[kept], distances[kept]
    return asked, ids, distances


def _alive(ids: NDArray[np.int64], at: NDArray[np.int64], removed: dict[int, int]) -> NDArray[np.bool_]:
    return np.fromiter(
        (removed.get(one, -1) < was for one, was in zip(ids.tolist(), at.tolist(), strict=True)), np.bool_
    )


def _gathered(
    parts: Sequence[_Part], removed: dict[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Keys, ids and changes of every row that was not removed."""
    ids = np.concatenate([part.ids for part in parts]) if parts else np.empty(0, np.int64)
    at = np.concatenate([part.at for part in parts]) if parts else np.empty(0, np.int64)
    keys = np.concatenate([part.index.keys for part in parts]) if parts else np.empty((0, KEY_BYTES), np.uint8)
    if removed:
        suspects = np.flatnonzero(np.isin(ids, np.fromiter(removed, np.int64, len(removed))))
        dead = suspects[~_alive(ids[suspects], at[suspects], removed)]
        if len(dead):
            kept = np.ones(len(ids), np.bool_)
            kept[dead] = False
            keys, ids, at = keys[kept], ids[kept], at[kept]
    return keys, ids, at


def _joined(parts: Sequence[_Part], removed: dict[int, int]) -> _Part:
    keys, ids, at = _gathered(parts, removed)
    return _Part(index=HammingIndex.from_keys(keys), ids=ids, at=at)


def _after(part: _Part, mark: int) -> _Part | None:
    """The rows that came after change `mark`; None when there are none."""
    first = int(np.searchsorted(part.at, mark, side="right"))
    if first == 0:
        return part
    if first == len(part.at):
        return None
    return _Part(index=HammingIndex.from_keys(part.index.keys[first:]), ids=part.ids[first:], at=part.at[first:])


def _read_base(path: Path, *, check: bool = True) -> tuple[_Part, int]:
    """The base and its mark; `check` is for files that this process has not just written itself."""
    file = SectionFile.open(path, kind=KIND)
    index = HammingIndex.from_file(file, _PREFIX, check=check)
    ids, mark = file.array(f"{_PREFIX}.ids", "<i8"), file.checked("mark", "<i8")
    if len(ids) != len(index) or len(mark) != 1:
        raise CorruptFileError(f"{path.name}: the sections do not fit together.")
    # Every row of the base was there at its mark; one number stands for all.
    at = np.broadcast_to(mark.astype(np.int64), (len(index),))
    return _Part(index=index, ids=ids, at=at), int(mark[0])
