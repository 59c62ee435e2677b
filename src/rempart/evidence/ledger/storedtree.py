"""The tree as the database has it: finished tiles, and the leaves of the unfinished one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, insert, select

from rempart.evidence.ledger.records import positions, tiles
from rempart.evidence.ledger.tree import (
    HASH_BYTES,
    TILE_LEVELS,
    TILE_WIDTH,
    Frontier,
    Tile,
    consistency_path,
    inclusion_path,
    root_of,
)
from rempart.store.prepared import Prepared

_SIZE = Prepared(select(func.coalesce(func.max(positions.c.position) + 1, 0)))
_SAVE = Prepared(insert(tiles))
_LEAVES = (
    select(positions.c.hash)
    .where(positions.c.position >= bindparam("start"), positions.c.position < bindparam("end"))
    .order_by(positions.c.position)
)
_ROOTS = (
    select(tiles.c.root)
    .where(
        tiles.c.level == bindparam("of_level"), tiles.c.place >= bindparam("start"), tiles.c.place < bindparam("end")
    )
    .order_by(tiles.c.place)
)
_HASHES = select(tiles.c.hashes).where(tiles.c.level == bindparam("of_level"), tiles.c.place == bindparam("at_place"))


def size_of(conn: Connection) -> int:
    """How many leaves have a position."""
    return int(_SIZE.rows(conn, {})[0][0])


def frontier_of(conn: Connection) -> Frontier:
    """The right edge of the whole tree, to go on from."""
    size, level, rows = size_of(conn), 0, []
    while True:
        count = size >> (TILE_LEVELS * level)
        rows.append(_nodes(conn, level, count - count % TILE_WIDTH, count))
        if count < TILE_WIDTH:
            return Frontier(rows)
        level += 1


def save_tiles(conn: Connection, finished: Sequence[Tile]) -> None:
    """Keep tiles that a frontier has finished."""
    _SAVE.write(
        conn, [{"level": one.level, "place": one.index, "root": one.root, "hashes": one.hashes} for one in finished]
    )


class StoredTree:
    """The tree of the first `size` leaves; reads a tile or less for each step, and keeps what it read."""

    def __init__(self, conn: Connection, size: int) -> None:
        self._conn, self.size = conn, size
        self._rows: dict[tuple[int, int], list[bytes]] = {}

    def root(self) -> bytes:
        """The root over all its leaves."""
        return self.subtree(0, self.size)

    def inclusion(self, index: int) -> list[bytes]:
        """The audit path of a leaf; ValueError when there is none of that number."""
        return inclusion_path(index, self.size, self.subtree)

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the tree of `old` leaves is the beginning of this one; ValueError when it is larger."""
        return consistency_path(old, self.size, self.subtree)

    def subtree(self, start: int, end: int) -> bytes:
        """The root over the leaves [start, end), where `start` is where RFC 6962 would split."""
        peaks = []
        while start < end:
            height = (end - start).bit_length() - 1
            if start:
                height = min(height, (start & -start).bit_length() - 1)
            peaks.append(self._node(height, start >> height))
            start += 1 << height
        return _folded(peaks)

    def _node(self, height: int, index: int) -> bytes:
        """The finished node over the leaves from index * 2^height on."""
        level, above = divmod(height, TILE_LEVELS)
        first = index << above
        row = self._row(level, first // TILE_WIDTH)
        place = first % TILE_WIDTH
        return root_of(row[place : place + (1 << above)])

    def _row(self, level: int, place: int) -> list[bytes]:
        """The hashes of a tile, finished or not."""
        found = self._rows.get((level, place))
        if found is None:
            kept = self._conn.execute(_HASHES, {"of_level": level, "at_place": place}).scalar()
            if kept is not None:
                found = [kept[i : i + HASH_BYTES] for i in range(0, len(kept), HASH_BYTES)]
            else:
                found = _nodes(self._conn, level, place * TILE_WIDTH, (place + 1) * TILE_WIDTH)
            self._rows[level, place] = found
        return found


def _nodes(conn: Connection, level: int, start: int, end: int) -> list[bytes]:
    """Nodes at height 8 * level: leaves, or the roots of the finished tiles below."""
    if level == 0:
        return [bytes(one) for one in conn.execute(_LEAVES, {"start": start, "end": end}).scalars()]
    return [bytes(one) for one in conn.execute(_ROOTS, {"of_level": level - 1, "start": start, "end": end}).scalars()]


def _folded(peaks: Sequence[bytes]) -> bytes:
    """The root over finished subtrees of falling height."""
    if not peaks:
        return root_of(())
    folded = [peaks[-1]]
    for peak in reversed(peaks[:-1]):
        folded = [root_of([peak, *folded])]
    return folded[0]
