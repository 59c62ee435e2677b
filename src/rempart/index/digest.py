"""Exact lookup of digests: sorted rows behind a directory over their first bits."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from rempart.errors import CorruptFileError
from rempart.index.sections import SectionFile, SectionWriter

_MAX_LENGTH = 64
_MAX_ROWS = (1 << 32) - 2


class DigestIndex:
    """Row numbers of equal-length digests by their value; rows are unique. Safe to use from several threads."""

    def __init__(self, ranked: NDArray[np.uint8], order: NDArray[np.uint32]) -> None:
        self._ranked = ranked
        self._order = order
        self._values = _as_values(ranked)

    def __len__(self) -> int:
        return len(self._order)

    @classmethod
    def build_into(cls, writer: SectionWriter, digests: NDArray[np.uint8], *, prefix: str) -> None:
        """Write an index of `digests`, (n, L) uint8 unique rows with L 1 to 64, as sections `prefix`.*."""
        index = cls.from_digests(digests)
        writer.add(f"{prefix}.shape", np.array(digests.shape, dtype="<u8"))
        writer.add(f"{prefix}.ranked", index._ranked)
        writer.add(f"{prefix}.order", index._order)

    @classmethod
    def from_digests(cls, digests: NDArray[np.uint8]) -> Self:
        """An index in memory; raises ValueError for another shape or repeated rows."""
        checked = _checked(digests)
        order = np.argsort(_as_values(checked), kind="stable")
        ranked = np.ascontiguousarray(checked[order])
        if len(ranked) > 1 and bool(np.any(np.all(ranked[1:] == ranked[:-1], axis=1))):
            raise ValueError("digests must be unique")
        return cls(ranked, order.astype("<u4"))

    @classmethod
    def from_file(cls, file: SectionFile, prefix: str) -> Self:
        """The index in an open file, by mapping; raises CorruptFileError when its sections do not fit together."""
        shape = [int(value) for value in file.checked(f"{prefix}.shape", "<u8")]
        ranked, order = file.array(f"{prefix}.ranked", np.uint8), file.array(f"{prefix}.order", "<u4")
        fits = len(shape) == 2 and 1 <= shape[1] <= _MAX_LENGTH and shape[0] <= _MAX_ROWS
        if not fits or len(ranked) != shape[0] * shape[1] or len(order) != shape[0]:
            raise CorruptFileError(f"{file.path.name}: the sections of index {prefix} do not fit together.")
        return cls(ranked.reshape(shape), order)

    def find(self, queries: NDArray[np.uint8]) -> NDArray[np.int64]:
        """The row of each query ((q, L) uint8), -1 where it is absent.

        Raises ValueError for another length, CorruptFileError when the file is found damaged on the way.
        """
        asked = _checked(queries)
        if asked.shape[1] != self._ranked.shape[1]:
            raise ValueError(f"digests here have {self._ranked.shape[1]} bytes, not {asked.shape[1]}")
        if not len(self) or not len(asked):
            return np.full(len(asked), -1, np.int64)
        place = np.minimum(np.searchsorted(self._values, _as_values(asked)), len(self) - 1)
        equal = np.all(self._ranked[place] == asked, axis=1)
        rows = np.where(equal, self._order[place].astype(np.int64), -1)
        if int(rows.max()) >= len(self):
            raise CorruptFileError("The digest index names a row that does not exist.")
        return rows


def _as_values(digests: NDArray[np.uint8]) -> NDArray[Any]:
    """Rows as one value each that sorts by bytes."""
    return np.ascontiguousarray(digests).view(f"V{digests.shape[1]}").reshape(-1)


def _checked(digests: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if digests.dtype != np.uint8 or digests.ndim != 2 or not 1 <= digests.shape[1] <= _MAX_LENGTH:
        raise ValueError(f"digests are (n, 1 to {_MAX_LENGTH}) uint8, not {digests.shape} {digests.dtype}")
    if len(digests) > _MAX_ROWS:
        raise ValueError(f"an index holds at most {_MAX_ROWS} digests")
    return np.ascontiguousarray(digests)
