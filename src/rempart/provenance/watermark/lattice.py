"""Where the repeated tile lies in a picture that was cropped, turned or stretched.

What repeats shows in the autocorrelation: peaks at every sum of two steps of the lattice. Lattices are scored by what
stands at fourteen such places, each capped, so that one strong texture outweighs nothing; the best are made exact by
least squares over their peaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rempart.provenance.watermark.canonical import Plane
from rempart.provenance.watermark.pattern import TILE

Steps = NDArray[np.float64]
"""The two steps of a lattice, along and down, each (x, y), in canonical pixels: float64 (2, 2)."""

_PLACES = np.array(
    [(1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2), (2, 1), (2, -1), (1, 2), (1, -2), (3, 0), (0, 3), (2, 2), (2, -2)]
)
_WEIGHTS = np.array([1.0, 1.0, 1.0, 1.0, 0.8, 0.8, 0.7, 0.7, 0.7, 0.7, 0.5, 0.5, 0.5, 0.5], dtype=np.float32)
_CAP, _USUAL = 5.0, 1.8  # in standard deviations; the greatest of nine neighbours is 1.8 by chance
_PEAK, _HEAVIEST = 3.0, 8.0
_SCALE = TILE * np.exp(np.arange(np.log(0.74), np.log(1.75), 0.0035))
_TILTS = np.deg2rad(np.arange(-18, 19) * 0.35)
_STRETCHES = np.arange(-6, 7) * 0.01
_OVER = 4
"""So many candidates of all lattices, and so many of those that are neither turned nor stretched."""
SEEN = 2 * _OVER
"""So many lattices are given."""


@dataclass(frozen=True)
class _Grid:
    """Every lattice that is scored: float32 (scales, shapes) for each part of its steps."""

    ux: NDArray[np.float32]
    uy: NDArray[np.float32]
    vx: NDArray[np.float32]
    vy: NDArray[np.float32]
    upright: NDArray[np.bool_]

    @classmethod
    def made(cls) -> _Grid:
        """Turned ones, and stretched ones that are turned a little."""
        slight = np.deg2rad([-0.4, 0.0, 0.4])
        tilt = np.concatenate([_TILTS, np.repeat(slight, len(_STRETCHES))])
        stretch = np.concatenate([np.zeros(len(_TILTS)), np.tile(_STRETCHES, len(slight))])
        along, down = _SCALE[:, None] * np.exp(stretch / 2), _SCALE[:, None] * np.exp(-stretch / 2)
        cos, sin = np.cos(tilt), np.sin(tilt)
        parts = (along * cos, along * sin, -down * sin, down * cos)
        upright = (np.abs(tilt) < 1e-6) & (np.abs(stretch) < 1e-6)
        ux, uy, vx, vy = (one.astype(np.float32) for one in parts)
        return cls(ux=ux, uy=uy, vx=vx, vy=vy, upright=upright)

    def at(self, where: tuple[int, int]) -> Steps:
        """The steps of one lattice."""
        parts = (self.ux, self.uy, self.vx, self.vy)
        return np.array([float(one[where]) for one in parts]).reshape(2, 2)

    def near(self, steps: Steps) -> NDArray[np.bool_]:
        """The lattices that are about the same."""
        parts = zip((self.ux, self.uy, self.vx, self.vy), steps.ravel(), strict=True)
        return np.asarray(np.all([np.abs(one - float(value)) < 3 for one, value in parts], axis=0))


_GRID = _Grid.made()


def lattices(plane: Plane) -> Iterator[Steps]:
    """Lattices that may be in a flattened plane, the likeliest first: of all, then of the upright ones."""
    found = _autocorrelation(plane)
    score = _scored(found)
    for upright in (False, True):
        left = np.where(_GRID.upright, score, -np.inf) if upright else score
        for _ in range(_OVER):
            height, width = np.unravel_index(int(left.argmax()), left.shape)
            steps = _GRID.at((int(height), int(width)))
            near = _GRID.near(steps)
            left, score = np.where(near, -np.inf, left), np.where(near, -np.inf, score)
            yield _exact(found, steps)


def usual() -> Iterator[Steps]:
    """Lattices of pictures that were cropped, stretched along one side, or turned, as the canonical size shows them."""
    for scale in TILE * np.exp(np.arange(np.log(0.85), np.log(1.72), 0.008)):
        yield np.array([[scale, 0.0], [0.0, scale]])
    for stretch in TILE * np.exp(np.arange(-9, 10) * 0.008):
        if stretch != TILE:
            yield np.array([[stretch, 0.0], [0.0, TILE]])
            yield np.array([[TILE, 0.0], [0.0, stretch]])
    for tilt in np.deg2rad(np.arange(-20, 21) * 0.3):
        cos, sin = TILE * np.cos(tilt), TILE * np.sin(tilt)
        yield np.array([[cos, sin], [-sin, cos]])


def _autocorrelation(plane: Plane) -> Plane:
    """In standard deviations of its surroundings, no shift in the middle."""
    height, width = plane.shape
    size = tuple(cv2.getOptimalDFTSize(int(1.5 * one)) for one in (height, width))
    padded = np.zeros(size, dtype=np.float32)
    padded[:height, :width] = plane - plane.mean()
    spectrum = np.fft.rfft2(padded)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
    power /= cv2.blur(power, (25, 25), borderType=cv2.BORDER_REFLECT) + 1e-3 * float(power.mean()) + 1e-12
    np.minimum(power, 4, out=power)  # what a texture repeats is one loud line of the spectrum
    found = np.fft.fftshift(np.fft.irfft2(power, s=size)).astype(np.float32)
    middle = size[0] // 2, size[1] // 2
    square = found * found
    _blank(square, middle, 20, 0)
    found /= np.sqrt(float(square.mean())) + 1e-12
    square = found * found
    _blank(square, middle, 12, 1)
    lines = np.maximum(cv2.blur(square, (61, 1)), cv2.blur(square, (1, 61)))  # rows and columns are loud of themselves
    return np.asarray(found / np.sqrt(np.maximum(lines, 1)), dtype=np.float32)


def _blank(plane: Plane, middle: tuple[int, int], reach: int, value: float) -> None:
    row, column = middle
    plane[row - reach : row + reach + 1, column - reach : column + reach + 1] = value


def _scored(found: Plane) -> NDArray[np.float32]:
    height, width = found.shape
    values = np.minimum(cv2.dilate(found, np.ones((3, 3))), _CAP) - _USUAL
    total = np.zeros(_GRID.ux.shape, dtype=np.float32)
    for (along, down), weight in zip(_PLACES, _WEIGHTS, strict=True):
        x = np.rint(width // 2 + along * _GRID.ux + down * _GRID.vx).astype(np.int32)
        y = np.rint(height // 2 + along * _GRID.uy + down * _GRID.vy).astype(np.int32)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        total += np.where(inside, values[np.where(inside, y, 0), np.where(inside, x, 0)], 0) * weight
    return total


def _exact(found: Plane, steps: Steps) -> Steps:
    """Fitted to the peaks near where they should be, the nearest first."""
    for reach in (1, 2, 3):
        about = [place for place in _PLACES if np.abs(place).max() <= reach]
        peaks = [(place, _peak(found, place @ steps)) for place in about]
        seen = [(place, x, y, min(value, _HEAVIEST)) for place, (value, x, y) in peaks if value >= _PEAK]
        places = np.array([place for place, *_ in seen], dtype=float).reshape(-1, 2)
        if len(seen) < 3 or np.linalg.matrix_rank(places) < 2:
            continue
        weights = np.array([weight for *_, weight in seen])[:, None]
        where = np.array([(x, y) for _, x, y, _ in seen])
        fitted = np.linalg.lstsq(places * weights, where * weights, rcond=None)[0]
        if np.abs(fitted - steps).max() < 3:
            steps = fitted
    return steps


def _peak(found: Plane, about: NDArray[np.float64]) -> tuple[float, float, float]:
    """The highest place within two pixels: its value, and where it is, to parts of a pixel."""
    height, width = found.shape
    column, row = round(width // 2 + float(about[0])), round(height // 2 + float(about[1]))
    if not (3 <= column < width - 3 and 3 <= row < height - 3):
        return 0.0, 0.0, 0.0
    window = found[row - 2 : row + 3, column - 2 : column + 3]
    down, along = np.unravel_index(int(window.argmax()), window.shape)
    row, column = row + int(down) - 2, column + int(along) - 2
    x = column + _between(*(float(one) for one in found[row, column - 1 : column + 2]))
    y = row + _between(*(float(one) for one in found[row - 1 : row + 2, column]))
    return float(found[row, column]), x - width // 2, y - height // 2


def _between(before: float, here: float, after: float) -> float:
    """Where the top of a parabola through three values lies, from the middle one."""
    bend = before - 2 * here + after
    return 0.0 if abs(bend) < 1e-9 else float(np.clip((before - after) / (2 * bend), -0.6, 0.6))
