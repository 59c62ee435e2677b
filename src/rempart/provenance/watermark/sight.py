"""What is seen in a flattened plane as it lies: whether a pattern stands out, where, and the bits there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rempart.provenance.watermark.canonical import Plane, folded
from rempart.provenance.watermark.framing import record_of
from rempart.provenance.watermark.lattice import Steps
from rempart.provenance.watermark.pattern import Pattern

ENOUGH = 4.0
"""The synchronisation pattern stands out by so many standard deviations before bits are read."""


@dataclass(frozen=True, slots=True)
class View:
    """A flattened plane whose tiles lie straight, and the lattice along which it was drawn."""

    plane: Plane
    steps: Steps | None


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen in a view, and of which pattern."""

    strength: float
    mirrored: bool
    pattern: Pattern
    record: int | None = None


def look(view: View, patterns: Sequence[Pattern]) -> Sight:
    """What is seen of whichever pattern gives a record, or stands out most."""
    tile = folded(view.plane)
    sights = [_look_for(tile, pattern) for pattern in patterns]
    return max(sights, key=lambda one: (one.record is not None, one.strength))


def _look_for(tile: Plane, pattern: Pattern) -> Sight:
    strength, mirrored, row, column = strongest(tile, pattern)
    if strength < ENOUGH:
        return Sight(strength, mirrored, pattern)
    straight = np.roll(tile, (-row, -column), (0, 1))
    if mirrored:
        straight = straight[:, ::-1]
    return Sight(strength, mirrored, pattern, record_of(pattern.soft(straight)))


def strongest(tile: Plane, pattern: Pattern) -> tuple[float, bool, int, int]:
    """By how many standard deviations the synchronisation pattern stands out of a folded tile, whether as its mirror
    image, and at which row and column."""
    spectrum = np.fft.rfft2(tile)
    found = [np.fft.irfft2(spectrum * one, s=tile.shape) for one in pattern.sync]
    mirrored = bool(found[1].max() > found[0].max())
    row, column = np.unravel_index(int(found[mirrored].argmax()), tile.shape)
    return float(found[mirrored].max() / (found[mirrored].std() + 1e-12)), mirrored, int(row), int(column)
