"""The Merkle tree of RFC 6962 section 2.1: hashes, a growing frontier, inclusion and consistency proofs.

Everything here is pure: where stored nodes are needed, the caller passes a function that gives them. Nodes are kept in
tiles of 256 (eight levels in one row), the layout of C2SP `tlog-tiles`, so that a tree of n leaves costs n / 255 rows.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

HASH_BYTES = 32
TILE_LEVELS = 8
TILE_WIDTH = 1 << TILE_LEVELS
EMPTY_ROOT = hashlib.sha256(b"").digest()

Subtree = Callable[[int, int], bytes]
"""The root over the leaves [start, end)."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256 over 0x00 and the leaf's bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 over 0x01 and the two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, or over nodes of equal height of which the last may be an unfinished one."""
    if not hashes:
        return EMPTY_ROOT
    level = list(hashes)
    while len(level) > 1:
        odd = [level.pop()] if len(level) % 2 else []
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level), 2)] + odd
    return level[0]


def split_of(size: int) -> int:
    """The largest power of two below `size` (>= 2): where the left subtree ends."""
    return 1 << ((size - 1).bit_length() - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A finished tile: the 256 hashes of the nodes at height 8 * `level` from 256 * `index` on."""

    level: int
    index: int
    hashes: bytes
    root: bytes

    def at(self, place: int) -> bytes:
        return self.hashes[place * HASH_BYTES : (place + 1) * HASH_BYTES]


class Frontier:
    """A tree's right edge: enough to add leaves and to tell the root, in at most 255 hashes for every eight levels."""

    def __init__(self, unfinished: Sequence[Sequence[bytes]] = ((),)) -> None:
        """`unfinished[k]`: the hashes of the unfinished tile at level k; none by default, an empty tree."""
        self._unfinished = [list(level) for level in unfinished] or [[]]
        self._finished = [0] * len(self._unfinished)
        self.size = sum(len(level) << (TILE_LEVELS * k) for k, level in enumerate(self._unfinished))
        for k in range(len(self._unfinished)):
            self._finished[k] = self.size >> (TILE_LEVELS * (k + 1))

    def append(self, leaf: bytes) -> Iterator[Tile]:
        """Add a leaf hash; yields the tiles that it finishes, lowest first. The iterator must be run to its end."""
        self.size += 1
        level, node = 0, leaf
        while True:
            if level == len(self._unfinished):
                self._unfinished.append([])
                self._finished.append(0)
            row = self._unfinished[level]
            row.append(node)
            if len(row) < TILE_WIDTH:
                return
            node = root_of(row)
            yield Tile(level=level, index=self._finished[level], hashes=b"".join(row), root=node)
            self._finished[level] += 1
            row.clear()
            level += 1

    def add(self, leaf: bytes) -> None:
        """Add a leaf hash whose tiles nobody keeps."""
        for _ in self.append(leaf):
            pass

    def root(self) -> bytes:
        """The root over all leaves added so far."""
        below: list[bytes] = []
        for row in self._unfinished:
            if row or below:
                below = [root_of([*row, *below])]
        return below[0] if below else EMPTY_ROOT


def inclusion_path(index: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of leaf `index` in the tree of `size` leaves, from the leaf upwards (RFC 6962 2.1.1)."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + split_of(end - start)
        if index < middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start = middle
    return path[::-1]


def consistency_path(old: int, new: int, subtree: Subtree) -> list[bytes]:
    """The proof that the tree of `old` leaves is the beginning of that of `new` (RFC 6962 2.1.2).

    Empty where nothing needs proof: `old` is 0 or `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {old} is not the beginning of one of {new}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end, whole = 0, new, True
    while old != end:
        middle = start + split_of(end - start)
        if old <= middle:
            path.append(subtree(middle, end))
            end = middle
        else:
            path.append(subtree(start, middle))
            start, whole = middle, False
    if not whole:
        path.append(subtree(start, end))
    return path[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an audit path leads to (RFC 9162 2.1.3.2); None when the path has not the length it must have."""
    if not 0 <= index < size:
        return None
    place, last, node = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if place % 2 or place == last:
            node = node_hash(step, node)
            while not place % 2 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, step)
        place, last = place >> 1, last >> 1
    return node if last == 0 else None


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Does the path show that `leaf` is number `index` in the tree with this size and root?"""
    found = root_from_inclusion(leaf, index, size, path)
    return found is not None and hmac.compare_digest(found, root)


def is_consistent(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Does the path show that the old tree is the beginning of the new one (RFC 9162 2.1.4.2)?"""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and hmac.compare_digest(old_root, new_root)
    if old == 0:
        return not path and hmac.compare_digest(old_root, EMPTY_ROOT)
    if not path:
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    of_old = of_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place % 2 or place == last:
            of_old, of_new = node_hash(step, of_old), node_hash(step, of_new)
            while not place % 2 and place:
                place, last = place >> 1, last >> 1
        else:
            of_new = node_hash(of_new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and hmac.compare_digest(of_old, old_root) and hmac.compare_digest(of_new, new_root)
