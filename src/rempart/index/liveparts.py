"""The parts of a live index: searched, joined, cut at a change, read from a base file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rempart.index.livetables import Part as Part
from rempart.index.livetables import Tables
from rempart.index.sections import SectionFile

Columns = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]


def rows_found(part: Part, removed: dict[int, int], queries: NDArray[np.uint8], radius: int) -> Columns | None:
    """Query numbers, ids and distances of the live rows within the radius; None when there are none."""
    hits = part.table.search(queries, radius)
    if not len(hits.rows):
        return None
    asked = np.repeat(np.arange(len(queries)), np.diff(hits.offsets))
    ids, distances = part.ids[hits.rows], hits.distances
    if removed:
        kept = _alive(ids, part.at[hits.rows], removed)
        asked, ids, distances = asked[kept], ids[kept], distances[kept]
    return asked, ids, distances


def gathered(
    tables: Tables, parts: Sequence[Part], removed: dict[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int64]]:
    """Keys, ids and changes of every row that was not removed."""
    ids = np.concatenate([part.ids for part in parts]) if parts else np.empty(0, np.int64)
    at = np.concatenate([part.at for part in parts]) if parts else np.empty(0, np.int64)
    keys = np.concatenate([part.table.keys for part in parts]) if parts else np.empty((0, tables.width), np.uint8)
    if removed:
        suspects = np.flatnonzero(np.isin(ids, np.fromiter(removed, np.int64, len(removed))))
        dead = suspects[~_alive(ids[suspects], at[suspects], removed)]
        if len(dead):
            kept = np.ones(len(ids), np.bool_)
            kept[dead] = False
            keys, ids, at = keys[kept], ids[kept], at[kept]
    return keys, ids, at


def joined(tables: Tables, parts: Sequence[Part], removed: dict[int, int], *, indexed: bool = True) -> Part:
    """One part of several, without what was removed; without `indexed` for writing only."""
    return tables.part(*gathered(tables, parts, removed), indexed=indexed)


def part_after(tables: Tables, part: Part, mark: int) -> Part | None:
    """The rows that came after change `mark`; None when there are none."""
    later = part.at > mark
    if later.all():
        return part if len(part.at) else None
    if not later.any():
        return None
    return tables.part(part.table.keys[later], part.ids[later], part.at[later])


def read_base(path: Path, tables: Tables, *, check: bool = True) -> tuple[Part, int]:
    """The base and its mark; `check` verifies every block, and is left out for a file that was just written."""
    file = SectionFile.open(path, kind=tables.file_kind)
    if check:
        file.verify()
    base = tables.read(file)
    file.let_pages_go()
    return base


def read_mark(path: Path, tables: Tables) -> int:
    """The mark of a base file alone."""
    file = SectionFile.open(path, kind=tables.file_kind)
    try:
        return tables.read_mark(file)
    finally:
        file.close()


def stamp_of(path: Path) -> tuple[int, ...] | None:
    """What tells one file at a path from the next; None when there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _alive(ids: NDArray[np.int64], at: NDArray[np.int64], removed: dict[int, int]) -> NDArray[np.bool_]:
    return np.fromiter(
        (removed.get(one, -1) < was for one, was in zip(ids.tolist(), at.tolist(), strict=True)), np.bool_
    )
