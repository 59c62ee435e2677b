"""Votes: which pictures have several features that fit one and the same move, turn and change of size.

A single feature that two pictures share says nothing. Each pair of like features proposes one similarity (a shift, a
turn, a size); the votes of a picture are the most pairs, each of another place, that one proposal explains.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.float32]

_SIZE = 0.75
"""Factors of two by which the sizes of a pair may differ from the proposal's."""
_TURN = 30.0
_NEAR = 0.35
"""How far from where it should be a feature may lie, against its own size."""
_MOST = 64


def votes(asked: Places, listed: Places) -> int:
    """How many pairs (rows of the two, `Features.places` each) one similarity explains; at most 64 are looked at."""
    asked, listed = asked[:_MOST].astype(np.float64), listed[:_MOST].astype(np.float64)
    if len(asked) < 2:
        return len(asked)
    ratio = np.log2(asked[:, 2] / listed[:, 2])
    turn = np.deg2rad(asked[:, 3] - listed[:, 3])
    # As complex numbers a similarity is one product and one sum.
    here, there = asked[:, 0] + 1j * asked[:, 1], listed[:, 0] + 1j * listed[:, 1]
    move = np.exp2(ratio) * np.exp(1j * turn)
    # Row i: what the similarity of pair i says of all pairs.
    off = np.abs(here[:, None] + move[:, None] * (there[None] - there[:, None]) - here[None])
    span = np.abs(there[None] - there[:, None]) * np.exp2(ratio)[:, None]
    fits = off <= _NEAR * asked[None, :, 2] + 0.15 * span
    fits &= np.abs(ratio[None] - ratio[:, None]) <= _SIZE
    fits &= np.abs(np.angle(np.exp(1j * (turn[None] - turn[:, None])))) <= np.deg2rad(_TURN)
    places, sizes = (_places(asked), _places(listed)), fits.sum(axis=1)
    best = 0
    for row in np.argsort(-sizes, kind="stable").tolist():
        if sizes[row] <= best:
            break
        # One corner found at three sizes is one: places count, on either side.
        best = max(best, min(len(np.unique(side[fits[row]])) for side in places))
    return best


def _places(some: NDArray[np.floating]) -> NDArray[np.int64]:
    """A number for each place: of points that lie so near each other that they are one, the same."""
    cells = np.rint(some[:, :2] / 8).astype(np.int64)
    return cells[:, 0] << 32 | cells[:, 1] & 0xFFFFFFFF
