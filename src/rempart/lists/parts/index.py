"""Which pictures share local features with an upload: the Hamming index over their keys, then votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rempart.index.hamming import HammingIndex
from rempart.provenance.partial.features import KEY_BYTES, Features
from rempart.provenance.partial.voting import votes

RADIUS = 21
"""Bits by which two features may differ; all within it are found."""
LEAST_VOTES = 3
MOST_CANDIDATES = 3
"""Pictures that are compared with an upload at most: those with most votes."""


class Candidate(NamedTuple):
    """A picture, by its number, whose features fit; a lead, and no finding."""

    number: int
    votes: int


class PartIndex:
    """The features of many pictures, by their numbers; never changed once made. Safe from several threads."""

    def __init__(self, numbers: Sequence[int], features: Sequence[Features]) -> None:
        self.numbers = np.array(numbers, np.int64)
        empty = Features(keys=np.empty((0, KEY_BYTES), np.uint8), places=np.empty((0, 4), np.float32))
        self._owner = np.repeat(np.arange(len(features), dtype=np.uint32), [len(one) for one in features])
        self._places = np.concatenate([one.places for one in (empty, *features)])
        self._index = HammingIndex.from_keys(np.concatenate([one.keys for one in (empty, *features)]))

    def __len__(self) -> int:
        return len(self.numbers)

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self._index.nbytes + self._places.nbytes + self._owner.nbytes + self.numbers.nbytes

    def candidates(
        self, asked: Features, *, least: int = LEAST_VOTES, most: int = MOST_CANDIDATES, radius: int = RADIUS
    ) -> list[Candidate]:
        """Those pictures with at least so many votes, the most votes first."""
        hits = self._index.search(asked.keys, radius)
        owners = self._owner[hits.rows]
        queries = np.repeat(np.arange(len(asked)), np.diff(hits.offsets))
        order = np.lexsort((hits.distances, owners))
        found, starts, counts = np.unique(owners[order], return_index=True, return_counts=True)
        made: list[Candidate] = []
        for at in np.flatnonzero(counts >= least).tolist():
            pairs = order[starts[at] : starts[at] + counts[at]]
            count = votes(asked.places[queries[pairs]], self._places[hits.rows[pairs]])
            made.append(Candidate(int(self.numbers[found[at]]), count))
        return sorted((one for one in made if one.votes >= least), key=lambda one: (-one.votes, one.number))[:most]
