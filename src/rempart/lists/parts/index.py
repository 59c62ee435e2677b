"""Which pictures share local features with an upload: the Hamming index over their keys, then votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rempart.index.hamming import HammingIndex
from rempart.provenance.partial.features import KEY_BYTES, Features
from rempart.provenance.partial.voting import votes

RADIUS = 21
"""Bits by which two features may differ; all within it are found."""
LEAST_VOTES = 3
MOST_CANDIDATES = 3
"""Pictures that are compared with an upload at most: those with most votes."""

_MOST_HITS = 500_000
_MOST_VOTED = 64
"""Pictures whose votes are counted: those that share the rarest features. A list may hold thousands of one scene."""


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
        shared = np.diff(hits.offsets)
        queries = np.repeat(np.arange(len(asked)), shared)
        kept = np.flatnonzero(_rarest(shared)[queries])
        rows, queries = hits.rows[kept], queries[kept]
        owners = self._owner[rows]
        order = np.lexsort((hits.distances[kept], owners))
        found, starts, counts = np.unique(owners[order], return_index=True, return_counts=True)
        telling = np.add.reduceat(1 / shared[queries[order]], starts) if len(starts) else np.empty(0)
        likely = np.lexsort((found, -np.where(counts >= least, telling, 0)))[:_MOST_VOTED]
        made: list[Candidate] = []
        for at in likely[counts[likely] >= least].tolist():
            pairs = order[starts[at] : starts[at] + counts[at]]
            count = votes(asked.places[queries[pairs]], self._places[rows[pairs]])
            made.append(Candidate(int(self.numbers[found[at]]), count))
        return sorted((one for one in made if one.votes >= least), key=lambda one: (-one.votes, one.number))[:most]


def _rarest(shared: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The features that are looked at, by how many listed ones each is like: all, or the rarest where they are too many
    together. A pattern that repeats is like itself everywhere, and says little."""
    order = np.argsort(shared, kind="stable")
    kept = np.zeros(len(shared), np.bool_)
    kept[order[np.cumsum(shared[order]) <= _MOST_HITS]] = True
    return kept
