"""Regions: the rectangle of a photo inside a frame of interface, text or bars.

Interfaces put flat space around a photo: margins, padding, bars. Cutting a picture along its flat lines, rows and
columns in turn, takes text apart into lines and leaves the photo whole, whatever the layout. A photo whose own edge
is flat (sky, night) is cut too far, so another box goes on outward to the next sharp step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rempart.signals.lines import FLAT_RANGE, Box, Pixels, flat_rows, sampled, turned, whole
from rempart.signals.trim import settle

_LEAST_SHARE = 0.12  # of the whole picture's side: shorter pieces are text, buttons, avatars
_LEAST_PIXELS = 64
_DEPTH = 8
_INSET = 0.033  # of a side at each end, as in the facet crop:even:6.6
_RINGING = 6  # levels of luma, on average over a line
_STEP = 8  # levels of luma between neighbouring lines that a photo's own soft areas do not reach
_STEP_LINES = 3
_WIDEST = 1.5  # times its own side a box may grow


class Region(NamedTuple):
    """A box that may hold a photo, and what it is called: `edge`, `inset` or `wide`, then `:2` for the second piece."""

    name: str
    box: Box


def find_regions(pixels: Pixels, *, limit: int) -> list[Region]:
    """The boxes of up to `limit` pieces that flat lines frame, the largest piece first; empty without such a frame.

    `pixels` is (h, w, 3) or (h, w) uint8. A piece is at least 12 % of the picture's sides and 64 pixels long and wide.
    It gives one to three boxes: its edges as found, those a little further in, and those grown over the photo's own
    flat areas where it has any.
    """
    full = whole(pixels)
    least = tuple(max(_LEAST_PIXELS, int(side * _LEAST_SHARE)) for side in pixels.shape[:2])
    pieces = [box for box in _cut(pixels, full, (least[0], least[1]), depth=_DEPTH) if box != full]
    if not pieces:
        return []
    pieces.sort(key=lambda box: -box.height * box.width)
    page = _page_level(pixels)
    found: list[Region] = []
    for number, piece in enumerate(pieces[:limit], start=1):
        edge = settle(pixels, piece)
        wide = _widened(pixels, piece, page)
        for name, box in (("edge", edge), ("inset", _inset(edge)), ("wide", wide)):
            if not box.near(full) and not any(box.near(region.box) for region in found):
                found.append(Region(name if number == 1 else f"{name}:{number}", box))
    return found


def _inset(box: Box) -> Box:
    """The box without its outermost part, where rounded corners show the page; a facet of the entry is cut alike."""
    dy, dx = round(box.height * _INSET), round(box.width * _INSET)
    return Box(box.top + dy, box.bottom - dy, box.left + dx, box.right - dx)


def _page_level(pixels: Pixels) -> float:
    """The luma that most flat lines share: the page's."""
    levels = []
    for view in (pixels, turned(pixels)):
        points = sampled(view)
        levels.append(points[0, flat_rows(points)])
    return _most_common(np.concatenate(levels))


def _cut(pixels: Pixels, box: Box, least: tuple[int, int], *, depth: int) -> Iterator[Box]:
    """Cut `box` along flat rows, the pieces along flat columns, and again until nothing is cut."""
    for a, b in _pieces(_breaks(sampled(box.of(pixels))), least=least[0]):
        band = Box(box.top + a, box.top + b, box.left, box.right)
        for c, d in _pieces(_breaks(sampled(turned(band.of(pixels)))), least=least[1]):
            piece = Box(band.top, band.bottom, box.left + c, box.left + d)
            if piece == box or depth == 0:
                yield piece
            else:
                yield from _cut(pixels, piece, least, depth=depth - 1)


def _breaks(points: NDArray[np.int16]) -> NDArray[np.bool_]:
    """The rows to cut along: flat ones, and those that hardly leave the luma most flat ones share.

    The second kind is a screen that was made smaller and saved again, where text and icons ring into the space around.
    """
    flat = flat_rows(points)
    if not flat.any():
        return flat
    page = _most_common(points[0, flat])
    near_page: NDArray[np.bool_] = np.abs(points - np.int16(page)).mean(axis=0) <= _RINGING
    return flat | near_page


def _most_common(levels: NDArray[np.int16]) -> float:
    """The luma that most lines share, in steps of four."""
    return float(np.bincount(levels // 4).argmax() * 4 + 2)


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
    """How many rows below the box still belong to the photo: up to the next sharp step, or to the picture's end.

    0 where the page begins at once, or where no step follows.
    """
    reach = int(box.height * _WIDEST)
    beyond = pixels[box.bottom : box.bottom + reach, box.left : box.right]
    if len(beyond) <= _STEP_LINES:
        return 0
    # The median, so that a word or a rounded corner on the photo is no step.
    level = np.median(sampled(beyond), axis=0)
    if abs(level[_STEP_LINES - 1] - page) <= FLAT_RANGE:
        return 0
    steps = np.flatnonzero(np.abs(level[_STEP_LINES:] - level[:-_STEP_LINES]) > _STEP)
    if len(steps):
        return int(steps[0]) + _STEP_LINES - 1
    return len(beyond) if len(beyond) < reach else 0
