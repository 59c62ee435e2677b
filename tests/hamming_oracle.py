"""The slow, plain answer that the Hamming index is held against, and the keys it is tried on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint8]


def distances(keys: Keys, query: Keys) -> NDArray[np.int64]:
    """Bit by bit, with nothing in common with the code under test."""
    return np.unpackbits(keys ^ query, axis=1).sum(axis=1, dtype=np.int64)


def expected(keys: Keys, query: Keys, radius: int) -> list[tuple[int, int]]:
    """(distance, row) of every row within the radius, in order."""
    return within(distances(keys, query), radius)


def within(found: NDArray[np.int64], radius: int) -> list[tuple[int, int]]:
    """The same, from distances that were worked out before."""
    return sorted((int(found[row]), int(row)) for row in np.flatnonzero(found <= radius))


def answers(hits: object) -> list[list[tuple[int, int]]]:
    """Hits as one list of (distance, row) for each query, in the order they were given."""
    offsets, rows, found = hits  # type: ignore[misc]
    return [
        list(zip(found[low:high].tolist(), rows[low:high].tolist(), strict=True))
        for low, high in pairwise(offsets.tolist())
    ]


def random_keys(rng: np.random.Generator, count: int) -> Keys:
    return rng.integers(0, 256, (count, 32), dtype=np.uint8)


def turned(rng: np.random.Generator, key: Keys, flips: int) -> Keys:
    """A copy of one key with exactly `flips` bits turned."""
    mask = np.zeros(256, np.uint8)
    mask[rng.choice(256, flips, replace=False)] = 1
    return key ^ np.packbits(mask)


def planted(rng: np.random.Generator, keys: Keys, *, each: int = 1) -> Keys:
    """Queries at every distance 0 to 63 from some key, `each` times."""
    return np.array([turned(rng, keys[rng.integers(len(keys))], flips) for flips in range(64) for _ in range(each)])


def shapes(rng: np.random.Generator) -> dict[str, Keys]:
    """Lists that no random test would make: crowded, repeated, extreme."""
    one = random_keys(rng, 1)
    centres = random_keys(rng, 3)
    clustered = np.array([turned(rng, centres[i % 3], int(rng.integers(0, 40))) for i in range(5000)])
    narrow = random_keys(rng, 6000)
    narrow[:, 4:] = 0
    return {
        "one": one,
        **{f"{count} identical": np.repeat(one, count, axis=0) for count in (2, 4, 8, 2048, 4097)},
        "nine": random_keys(rng, 9),
        "all zeros": np.zeros((3000, 32), np.uint8),
        "all ones": np.full((3000, 32), 255, np.uint8),
        "clustered": clustered,
        "same in all but 32 bits": narrow,
        "random and ties": np.concatenate([random_keys(rng, 4000), np.repeat(random_keys(rng, 20), 50, axis=0)]),
    }
