"""The map of what agrees: the source laid over the suspect, cell by cell.

Points alone mislead: a caption banner that two pictures share gives a hundred of them. So each cell of the part that
both show is asked whether the same light and dark stand there. Cells without texture say nothing, and neither do cells
in which both pictures hold lettering or flat graphics, since those are shared by pictures that have nothing else to do
with each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from rempart.provenance.derivation.matching import Mapping, corners, mapped
from rempart.provenance.derivation.sheets import Plane, Sheet

AGREES_FROM = 0.7
"""Correlation of a cell from which it agrees (normalised, 1 for the same up to brightness and contrast)."""
_CELLS, _LEAST_CELL, _MOST_CELL = 160, 12, 32
_SHIFTS = tuple((x, y) for y in range(-2, 3) for x in range(-2, 3))
_SMOOTH = 1.2
_TEXTURE = 3.5
"""Levels of grey by which a cell's pixels must deviate to say anything."""
_STARK = 90
"""Levels between the darkest and the lightest of a cell from which it may be lettering."""
_LEVELS, _ONE_LEVEL, _TWO_LEVELS = 12, 0.5, 0.72
_EVEN, _EVEN_SHARE, _EVEN_STARK = 2, 0.3, 40
"""Around lettering lies even ground, as it hardly does in a photo's texture."""
_INSIDE = 0.95


class Cell(IntEnum):
    """What a cell of the suspect says of the source."""

    OUTSIDE = 0
    SILENT = 1
    DIFFERS = 2
    AGREES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """The map, (rows, columns) uint8 of `Cell`, over the suspect's plane from its upper left corner on.

    `cell` is the side of a cell in pixels of that plane; `quad` (4, 2) is where the source's frame lies in it, its
    upper left corner first; `seen` counts the suspect's pixels that lie inside it.
    """

    map: NDArray[np.uint8]
    cell: int
    quad: NDArray[np.float64]
    seen: int

    @property
    def agreeing(self) -> int:
        return int((self.map == Cell.AGREES).sum())

    @property
    def judged(self) -> int:
        """Cells that say something: those that agree and those that differ."""
        return int((self.map >= Cell.DIFFERS).sum())

    @property
    def share(self) -> float:
        """Of the judged cells, how many agree: 0 to 1, 0 when none says anything."""
        return self.agreeing / self.judged if self.judged else 0.0

    @property
    def frame(self) -> float:
        """The area of the source's frame as the suspect shows it, in pixels, what lies outside the suspect too."""
        return abs(float(cv2.contourArea(self.quad.astype(np.float32))))

    def at(self, points: NDArray[np.float32]) -> NDArray[np.uint8]:
        """What the cells say in which points (n, 2) of the suspect's plane lie."""
        rows, columns = self.map.shape
        x = np.clip(points[:, 0] // self.cell, 0, columns - 1).astype(np.intp)
        y = np.clip(points[:, 1] // self.cell, 0, rows - 1).astype(np.intp)
        return self.map[y, x]


def agreement(suspect: Sheet, source: Sheet, mapping: Mapping) -> Agreement:
    """Lay the source over the suspect and ask every cell."""
    quad = mapped(corners(source), mapping)
    height, width = suspect.plane.shape
    shown = cv2.warpPerspective(np.full(source.plane.shape, 255, np.uint8), mapping, (width, height))
    covered = shown > 127
    seen = int(covered.sum())
    cell = int(np.clip(round((seen / _CELLS) ** 0.5), _LEAST_CELL, _MOST_CELL))
    rows, columns = height // cell, width // cell
    if not rows or not columns:
        return Agreement(map=np.zeros((max(1, rows), max(1, columns)), np.uint8), cell=cell, quad=quad, seen=seen)
    size = slice(0, rows * cell), slice(0, columns * cell)
    theirs = _laid_over(source.plane, mapping, quad, (width, height))
    inside = _means(covered.astype(np.float32)[size], cell) >= _INSIDE
    (silent, lettered), (also_silent, also_lettered) = (_read(one[size], cell) for one in (suspect.plane, theirs))
    best = _correlation(suspect.plane, theirs, cell, (rows, columns))
    found = np.full((rows, columns), Cell.OUTSIDE, np.uint8)
    found[inside] = Cell.SILENT
    speaks = inside & ~(silent & also_silent)
    found[speaks & (best < AGREES_FROM)] = Cell.DIFFERS
    found[speaks & (best >= AGREES_FROM) & ~(lettered | also_lettered)] = Cell.AGREES
    return Agreement(map=found, cell=cell, quad=quad, seen=seen)


def _laid_over(plane: Plane, mapping: Mapping, quad: NDArray[np.float64], size: tuple[int, int]) -> Plane:
    """The source as the suspect would show it; reduced beforehand where it is shown smaller, so nothing flickers."""
    height, width = plane.shape
    shown = abs(float(cv2.contourArea(quad.astype(np.float32)))) / (height * width)
    scale = min(1.0, max(shown, 1e-6) ** 0.5)
    if scale < 0.75:
        less = max(8, round(width * scale)), max(8, round(height * scale))
        plane = np.asarray(cv2.resize(plane, less, interpolation=cv2.INTER_AREA), np.uint8)
        mapping = mapping @ np.diag([width / less[0], height / less[1], 1.0])
    return np.asarray(cv2.warpPerspective(plane, mapping, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _correlation(suspect: Plane, theirs: Plane, cell: int, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Of each cell, the best over small shifts: points place a mapping to a pixel or two."""
    ours, other = _smoothed(suspect), _smoothed(theirs)
    rows, columns = shape
    size = slice(0, rows * cell), slice(0, columns * cell)
    ours = ours[size]
    mean = _means(ours, cell)
    deviation = np.maximum(_means(ours * ours, cell) - mean * mean, 0)
    best = np.full(shape, -1, np.float32)
    wide = np.pad(other, 2, mode="edge")
    for x, y in _SHIFTS:
        moved = wide[2 + y : 2 + y + rows * cell, 2 + x : 2 + x + columns * cell]
        level = _means(moved, cell)
        spread = np.maximum(_means(moved * moved, cell) - level * level, 0)
        both = _means(ours * moved, cell) - mean * level
        best = np.maximum(best, both / np.sqrt(np.maximum(deviation * spread, 1e-3)))
    return best


def _smoothed(plane: Plane) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane.astype(np.float32), (0, 0), _SMOOTH), np.float32)


def _means(plane: NDArray[np.float32], cell: int) -> NDArray[np.float32]:
    """The mean of each cell of a plane whose sides are multiples of it."""
    height, width = plane.shape
    shape = width // cell, height // cell
    return np.asarray(cv2.resize(np.ascontiguousarray(plane), shape, interpolation=cv2.INTER_AREA), np.float32).reshape(
        shape[::-1]
    )


def _read(plane: Plane, cell: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which cells say nothing, and which of them hold lettering or flat graphics.

    Lettering stands in stark contrast of one or two levels of grey, or on even ground.
    """
    shape = plane.shape[0] // cell, plane.shape[1] // cell
    cells = _cells(plane, cell)
    flat = cells.astype(np.float32).std(axis=1) < _TEXTURE
    contrast = cells.max(axis=1).astype(np.int16) - cells.min(axis=1)
    first, second = _commonest(cells)
    even = _cells(_steady(plane).astype(np.uint8), cell).mean(axis=1) >= _EVEN_SHARE
    graphic = (contrast >= _STARK) & ((first >= _ONE_LEVEL) | (first + second >= _TWO_LEVELS))
    lettered = graphic | (even & (contrast >= _EVEN_STARK))
    return (flat | even | graphic).reshape(shape), lettered.reshape(shape)


def _cells(plane: NDArray[np.uint8], cell: int) -> NDArray[np.uint8]:
    """The pixels of each cell, (cells, pixels)."""
    rows, columns = plane.shape[0] // cell, plane.shape[1] // cell
    return plane.reshape(rows, cell, columns, cell).swapaxes(1, 2).reshape(rows * columns, cell * cell)


def _steady(plane: Plane) -> NDArray[np.bool_]:
    """Which pixels are as light as all their neighbours, nearly."""
    around = np.ones((3, 3), np.uint8)
    high, low = cv2.dilate(plane, around), cv2.erode(plane, around)
    return np.asarray(cv2.subtract(high, low) <= _EVEN)


def _commonest(cells: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each row of pixels, the shares of the two commonest levels, each two steps wide so that none is cut apart."""
    steps = 256 // _LEVELS + 2
    offsets = np.arange(len(cells), dtype=np.intp)[:, None] * steps
    counts = np.bincount((cells // _LEVELS + offsets).ravel(), minlength=len(cells) * steps).reshape(-1, steps)
    pairs = counts[:, :-1] + counts[:, 1:]
    rows = np.arange(len(cells))
    at = pairs.argmax(axis=1)
    first = pairs[rows, at]
    for near in (-1, 0, 1):
        pairs[rows, np.clip(at + near, 0, steps - 2)] = 0
    return first / cells.shape[1], pairs.max(axis=1) / cells.shape[1]
