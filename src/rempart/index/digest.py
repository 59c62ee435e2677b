"""Exact lookup of digests: rows sorted by value, the first eight bytes apart so that they are searched as numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index.firstuse import FirstUse
from rempart.index.sections import SectionFile, SectionWriter

_MAX_LENGTH = 64
_MAX_ROWS = (1 << 32) - 2
_HEAD = 8


class DigestIndex:
    """Row numbers of equal-length digests by their value. Safe to use from several threads at once."""

    def __init__(
        self, length: int, heads: NDArray[np.uint64], tails: NDArray[np.uint8], rows: NDArray[np.uint32]
    ) -> None:
        self._length = length
        self._heads = heads
        self._tails = tails
        self._rows = rows
        self._first_use: FirstUse | None = None

    def __len__(self) -> int:
        return len(self._rows)

    @classmethod
    def from_digests(cls, digests: NDArray[np.uint8]) -> Self:
        """An index in memory of `digests`, (n, L) uint8 unique rows with L 1 to 64; raises ValueError for others."""
        heads, tails = _split(_checked(digests))
        order = np.argsort(heads)
        heads = heads[order]
        equal = np.flatnonzero(heads[1:] == heads[:-1])
        if len(equal):
            # Digests of files hardly ever share eight bytes; those that do are put in order by the rest.
            order = _settled(order, heads, tails)
            pairs = tails[order[equal]] == tails[order[equal + 1]]
            if bool(np.any(np.all(pairs, axis=1))):
                raise ValueError("digests must be unique")
        return cls(digests.shape[1], heads, np.ascontiguousarray(tails[order]), order.astype("<u4"))

    @classmethod
    def build_into(cls, writer: SectionWriter, digests: NDArray[np.uint8], *, prefix: str) -> None:
        """Write an index of `digests` (as `from_digests` takes them) as sections `prefix`.*."""
        index = cls.from_digests(digests)
        writer.add(f"{prefix}.shape", np.array(digests.shape, dtype="<u8"))
        writer.add(f"{prefix}.heads", index._heads)
        writer.add(f"{prefix}.tails", index._tails)
        writer.add(f"{prefix}.rows", index._rows)

    @classmethod
    def write_sorted(
        cls, writer: SectionWriter, parts: Callable[[], Iterable[NDArray[np.uint8]]], *, length: int, prefix: str
    ) -> None:
        """As `build_into` in flat memory, for unique digests that come in ascending order, in parts of (n, length).

        `parts` is called twice and gives the same both times. Row i is the i-th digest.
        """
        writer.add_chunks(f"{prefix}.heads", (_split(part)[0].tobytes() for part in parts()), dtype="<u8")
        size = writer.add_chunks(f"{prefix}.tails", (_split(part)[1].tobytes() for part in parts()))
        count = sum(len(part) for part in parts()) if length <= _HEAD else size // (length - _HEAD)
        writer.add(f"{prefix}.shape", np.array([count, length], dtype="<u8"))
        writer.add(f"{prefix}.rows", np.arange(count, dtype="<u4"))

    @property
    def ascends(self) -> bool:
        """True when row i is the i-th digest in strictly ascending order, as `write_sorted` leaves it."""
        step = 1 << 18
        for start in range(0, len(self), step):
            heads, tails = self._heads[max(0, start - 1) : start + step], self._tails[max(0, start - 1) : start + step]
            part = self._rows[start : start + step]
            if not np.array_equal(part, np.arange(start, start + len(part), dtype=part.dtype)):
                return False
            equal = np.flatnonzero(heads[1:] == heads[:-1])
            ordered = all(tails[at].tobytes() < tails[at + 1].tobytes() for at in equal)
            if not ordered or bool(np.any(heads[1:] < heads[:-1])):
                return False
        return True

    @classmethod
    def from_file(cls, file: SectionFile, prefix: str, *, check: bool = True) -> Self:
        """The index in an open file, by mapping; raises CorruptFileError when its sections do not fit together.

        With `check`, its blocks are verified on first use (see `firstuse`).
        """
        shape = [int(value) for value in file.checked(f"{prefix}.shape", "<u8")]
        heads, rows = file.array(f"{prefix}.heads", "<u8"), file.array(f"{prefix}.rows", "<u4")
        tails = file.array(f"{prefix}.tails", np.uint8)
        if len(shape) == 2 and 1 <= shape[1] <= _MAX_LENGTH and shape[0] <= _MAX_ROWS:
            count, rest = shape[0], max(0, shape[1] - _HEAD)
            if len(heads) == len(rows) == count and len(tails) == count * rest:
                index = cls(shape[1], heads, tails.reshape(count, rest), rows)
                if check:
                    index._first_use = FirstUse(file, [name for name in file.names if name.startswith(f"{prefix}.")])
                return index
        raise CorruptFileError(f"{file.path.name}: the sections of index {prefix} do not fit together.")

    def nth(self, place: int) -> bytes:
        """The digest at this place in ascending order; it is that row's when digests were given in ascending order."""
        head = int(self._heads[place]).to_bytes(_HEAD)
        tail: bytes = self._tails[place].tobytes()
        return head[: self._length] + tail

    def find(self, queries: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The row of each query ((q, L) uint8), -1 where it is absent.

        Raises ValueError for another length, CorruptFileError when the file is found damaged on the way.
        """
        heads, tails = _split(_checked(queries))
        if queries.shape[1] != self._length:
            raise ValueError(f"digests here have {self._length} bytes, not {queries.shape[1]}")
        # Read once: another thread may be setting it to None.
        check = self._first_use
        if check is not None and check.begin():
            self._first_use = None
        first = np.searchsorted(self._heads, heads, side="left")
        found = np.full(len(queries), -1, np.int64)
        near = np.flatnonzero(first < len(self))
        near = near[self._heads[first[near]] == heads[near]]
        for at in near[~np.all(self._tails[first[near]] == tails[near], axis=1)]:
            first[at] = self._among_equal_heads(heads[at], tails[at], int(first[at]))
        near = near[np.all(self._tails[first[near]] == tails[near], axis=1)]
        found[near] = self._rows[first[near]]
        if len(near) and int(found.max()) >= len(self):
            raise CorruptFileError("The digest index names a row that does not exist.")
        return found

    def _among_equal_heads(self, head: np.uint64, tail: NDArray[np.uint8], first: int) -> int:
        end = int(np.searchsorted(self._heads, head, side="right"))
        place = first + int(np.searchsorted(_values(self._tails[first:end]), _values(tail[None, :]))[0])
        return min(place, len(self) - 1)


def _split(digests: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """The first eight bytes of each row as a number (short digests end in zeros), and the others."""
    heads = np.zeros((len(digests), _HEAD), np.uint8)
    width = min(_HEAD, digests.shape[1])
    heads[:, :width] = digests[:, :width]
    return heads.view(">u8").reshape(-1).astype("<u8"), np.ascontiguousarray(digests[:, width:])


def _settled(order: NDArray[np.int64], heads: NDArray[np.uint64], tails: NDArray[np.uint8]) -> NDArray[np.int64]:
    """`order` with every run of equal heads in order of the tails too."""
    if not tails.shape[1]:
        return order
    starts = np.flatnonzero(np.append(True, heads[1:] != heads[:-1]))
    ends = np.append(starts[1:], len(heads))
    settled = order.copy()
    for start, end in zip(starts[ends - starts > 1], ends[ends - starts > 1], strict=True):
        run = order[start:end]
        settled[start:end] = run[np.argsort(_values(tails[run]))]
    return settled


def _values(rows: NDArray[np.uint8]) -> NDArray[Any]:
    """Rows as one value each, ordered by their bytes; rows of no bytes are all the same."""
    if not rows.shape[1]:
        return np.zeros(len(rows), np.uint8)
    return np.ascontiguousarray(rows).view(f"V{rows.shape[1]}").reshape(-1)


def _checked(digests: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if digests.dtype != np.uint8 or digests.ndim != 2 or not 1 <= digests.shape[1] <= _MAX_LENGTH:
        raise ValueError(f"digests are (n, 1 to {_MAX_LENGTH}) uint8, not {digests.shape} {digests.dtype}")
    if len(digests) > _MAX_ROWS:
        raise ValueError(f"an index holds at most {_MAX_ROWS} digests")
    return np.ascontiguousarray(digests)
