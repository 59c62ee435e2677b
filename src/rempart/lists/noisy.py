"""Hashes that many unrelated pictures share: they would stop the innocent, so they never enter unseen.

PDQ sets each of its 256 bits by comparing a coefficient with their median, so a hash of a picture with something in
it has about 128 bits set and sixteen unlike rows and columns. A plain area, a frame, a chequerboard or a line of text
on white gives ties or repeated rows, and so does every other picture of that kind. Measured over photographs, drawn
scenes and plain patterns; see docs/howto/live-lists.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rempart.index.hamming import HammingIndex
from rempart.signals.outcome import LOW_QUALITY_BELOW

BITS_SET = (88, 168)
"""Fewer or more bits than this are ties with the median: photographs have 128, random bits 128 ± 8."""
PLAIN_BELOW = 8
"""A hash with fewer unlike rows or columns (a row and its reverse are alike) is a pattern: photographs have 14 up."""


def unlike_lines(keys: NDArray[np.uint8]) -> NDArray[np.int64]:
    """For each key ((n, 32) uint8) the smaller of its numbers of unlike rows and columns, 1 to 16."""
    bits = np.unpackbits(keys, axis=1).reshape(-1, 16, 16)
    return np.minimum(_unlike(bits), _unlike(bits.transpose(0, 2, 1)))


def _unlike(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    plain = bits ^ bits[:, :, :1]  # a row that begins with 1 is reversed, so that it equals its negative
    words = np.packbits(plain, axis=2).astype(np.uint16)
    values = np.sort(words[:, :, 0] << 8 | words[:, :, 1], axis=1)
    changes: NDArray[np.int64] = np.count_nonzero(values[:, 1:] != values[:, :-1], axis=1).astype(np.int64)
    return changes + 1


class NoisyHashes:
    """Judges PDQ hashes by their own shape and by the operator's list of noisy ones."""

    def __init__(self, operators: NDArray[np.uint8], *, radius: int) -> None:
        self._index = HammingIndex.from_keys(operators) if len(operators) else None
        self._radius = radius

    def judge(self, keys: NDArray[np.uint8], qualities: Sequence[int | None]) -> list[str]:
        """For each key ((n, 32) uint8) why it is noisy, empty where it is not. `qualities` are 0 to 100 or None."""
        if not len(keys):
            return []
        found = [""] * len(keys)
        if self._index is not None:
            hits = self._index.search(keys, self._radius)
            for place in np.flatnonzero(np.diff(hits.offsets)):
                found[place] = "is near a hash on the operator's list of noisy ones"
        weights = np.bitwise_count(keys).sum(axis=1, dtype=np.int64)
        tied = (weights < BITS_SET[0]) | (weights > BITS_SET[1])
        plain = unlike_lines(keys) < PLAIN_BELOW
        for at, quality in enumerate(qualities):
            if found[at]:
                continue
            if quality is not None and quality < LOW_QUALITY_BELOW:
                found[at] = f"has quality {quality}, below {LOW_QUALITY_BELOW}"
            elif tied[at]:
                found[at] = "is that of a flat or nearly flat picture"
            elif plain[at]:
                found[at] = "is that of a plain pattern"
        return found
