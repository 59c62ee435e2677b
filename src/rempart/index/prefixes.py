"""A filter of digests: their first eight bytes, sorted, so that "surely not here" costs a search in numbers.

A digest that is found may be another one with the same beginning: whoever needs to be sure compares the whole digest
where it is kept. Digests of all kinds stand together; files that share eight bytes do not happen by chance.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index.hamming import Hits
from rempart.index.sections import SectionFile, SectionWriter

PREFIX_BYTES = 8


class PrefixTable:
    """Beginnings of digests by row, (n, 8) uint8; rows may repeat. Safe to search from several threads at once."""

    def __init__(self, keys: NDArray[np.uint8], *, ordered: bool) -> None:
        """With `ordered`, the rows stand as `order` puts them; otherwise each search passes over all of them."""
        self._heads = keys.view("<u8").reshape(-1)
        self._ordered = ordered

    @staticmethod
    def order(keys: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The order in which rows are kept."""
        return np.argsort(np.ascontiguousarray(keys).view("<u8").reshape(-1), kind="stable")

    @classmethod
    def unordered(cls, keys: NDArray[np.uint8]) -> Self:
        """A table of a few rows, in any order."""
        return cls(keys, ordered=False)

    @classmethod
    def from_keys(cls, keys: NDArray[np.uint8]) -> Self:
        """A table of rows as `order` puts them."""
        return cls(np.ascontiguousarray(keys), ordered=True)

    @classmethod
    def build_into(cls, writer: SectionWriter, keys: NDArray[np.uint8], *, prefix: str) -> None:
        """Write rows as `order` puts them as section `prefix`.heads."""
        writer.add(f"{prefix}.heads", np.ascontiguousarray(keys).view("<u8").reshape(-1))

    @classmethod
    def from_file(cls, file: SectionFile, prefix: str) -> Self:
        """The table in an open file that was verified, by mapping; CorruptFileError when it is not in order."""
        heads = file.array(f"{prefix}.heads", "<u8")
        if bool(np.any(heads[1:] < heads[:-1])):
            raise CorruptFileError(f"{file.path.name}: the digests are not in order.")
        return cls(heads.view(np.uint8).reshape(-1, PREFIX_BYTES), ordered=True)

    def __len__(self) -> int:
        return len(self._heads)

    @property
    def keys(self) -> NDArray[np.uint8]:
        """The rows, (n, 8) uint8."""
        return self._heads.view(np.uint8).reshape(-1, PREFIX_BYTES)

    @property
    def nbytes(self) -> int:
        """Bytes of the rows."""
        return int(self._heads.nbytes)

    def search(self, queries: NDArray[np.uint8], radius: int = 0) -> Hits:
        """Every row that is equal to each query ((q, 8) uint8), at distance 0 whatever the radius."""
        asked = np.ascontiguousarray(queries).view("<u8").reshape(-1)
        if not self._ordered:
            found = [np.flatnonzero(self._heads == one) for one in asked]
            rows = np.concatenate(found) if found else np.empty(0, np.int64)
            counts = np.array([len(one) for one in found], np.int64)
        else:
            first = np.searchsorted(self._heads, asked, side="left")
            counts = np.searchsorted(self._heads, asked, side="right") - first
            # Row numbers first, first + 1, … for each query, one run after another.
            runs = np.cumsum(counts) - counts
            rows = np.arange(int(counts.sum())) + np.repeat(first - runs, counts)
        offsets = np.zeros(len(asked) + 1, np.int64)
        np.cumsum(counts, out=offsets[1:])
        return Hits(offsets, rows.astype(np.uint32), np.zeros(len(rows), np.uint8))
