"""Regions: the rectangle of a photo inside a frame of interface, text or bars.

Interfaces put flat space around a photo: margins, padding, bars. Cutting a picture along its flat lines, rows and
columns in turn, takes text apart into lines and leaves the photo whole, whatever the layout. A photo whose own edge
is flat (sky, night) is cut too far, so a second box goes on outward to the next sharp step.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rempart.signals.lines import FLAT_RANGE, Box, Lines, Pixels, measure, turned, whole
from rempart.signals.trim import settle

_LEAST_SHARE = 0.12  # of the whole picture's side: shorter pieces are text, buttons, avatars
_LEAST_PIXELS = 64
_DEPTH = 8
_STEP = 8  # levels of luma between neighbouring lines that a photo's own soft areas do not reach
_STEP_LINES = 3
_WIDEST = 1.5  # times its own side a box may grow


def find_regions(pixels: Pixels, *, limit: int) -> list[Box]:
    """Up to `limit` boxes that flat lines frame, those of the largest pieces first; empty without such a frame.

    `pixels` is (h, w, 3) or (h, w) uint8. A box is at least 12 % of the picture's sides and 64 pixels long and wide.
    """
    full = whole(pixels)
    rows, columns = measure(pixels), measure(turned(pixels))
    if not rows.flat.any() and not columns.flat.any():
        return []
    least = tuple(max(_LEAST_PIXELS, int(side * _LEAST_SHARE)) for side in pixels.shape[:2])
    pieces = [box for box in _cut(pixels, full, (least[0], least[1]), depth=_DEPTH) if box != full]
    pieces.sort(key=lambda box: -box.height * box.width)
    page = _page_level(rows, columns)
    found: list[Box] = []
    for piece in pieces[:limit]:
        for box in (settle(pixels, piece), _widened(pixels, piece, page)):
            if not box.near(full) and not any(box.near(other) for other in found):
                found.append(box)
    return found[:limit]


def _page_level(rows: Lines, columns: Lines) -> float:
    """The luma that most flat lines share: the page's."""
    levels = np.concatenate((rows.level[rows.flat], columns.level[columns.flat]))
    return float(np.bincount((levels / 4).astype(np.intp)).argmax() * 4 + 2)


def _cut(pixels: Pixels, box: Box, least: tuple[int, int], *, depth: int) -> Iterator[Box]:
    """Cut `box` along flat rows, the pieces along flat columns, and again until nothing is cut."""
    for a, b in _pieces(measure(box.of(pixels)).flat, least=least[0]):
        band = Box(box.top + a, box.top + b, box.left, box.right)
        for c, d in _pieces(measure(turned(band.of(pixels))).flat, least=least[1]):
            piece = Box(band.top, band.bottom, box.left + c, box.left + d)
            if piece == box or depth == 0:
                yield piece
            else:
                yield from _cut(pixels, piece, least, depth=depth - 1)


def _pieces(flat: NDArray[np.bool_], *, least: int) -> list[tuple[int, int]]:
    """The runs of lines that are not flat and at least `least` long, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], flat, [True]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= least]


def _widened(pixels: Pixels, box: Box, page: float) -> Box:
    """The box grown on each side over flat lines that are not the page's colour, up to the next sharp step."""
    across = turned(pixels)
    left = _growth(across[::-1], _mirrored(box.turned(), across), page)
    right = _growth(across, box.turned(), page)
    box = Box(box.top, box.bottom, box.left - left, box.right + right)
    top = _growth(pixels[::-1], _mirrored(box, pixels), page)
    bottom = _growth(pixels, box, page)
    return Box(box.top - top, box.bottom + bottom, box.left, box.right)


def _mirrored(box: Box, pixels: Pixels) -> Box:
    return Box(pixels.shape[0] - box.bottom, pixels.shape[0] - box.top, box.left, box.right)


def _growth(pixels: Pixels, box: Box, page: float) -> int:
    """How many rows below the box still belong to the photo; 0 where its edge is the page's or no step follows."""
    beyond = pixels[box.bottom : box.bottom + int(box.height * _WIDEST), box.left : box.right]
    if len(beyond) <= _STEP_LINES:
        return 0
    lines = measure(beyond)
    if not lines.flat[1] or abs(lines.level[1] - page) <= FLAT_RANGE:
        return 0
    steps = np.abs(lines.level[_STEP_LINES:] - lines.level[:-_STEP_LINES]) > _STEP
    ends = np.flatnonzero(steps | ~lines.flat[:-_STEP_LINES])
    return int(ends[0]) + _STEP_LINES - 1 if len(ends) and steps[ends[0]] else 0
