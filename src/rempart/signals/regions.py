"""Regions: the rectangle of a photo inside a frame of interface, text or bars.

Interfaces put flat space around a photo: margins, padding, bars. Cutting a picture along its flat lines, rows and
columns in turn, takes text apart into lines and leaves the photo whole, whatever the layout. Lines are judged by a few
samples each, at full precision along the cut, so a picture without flat lines costs two small reductions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
_SAMPLES = 64
_FLAT_RANGE = 12  # of 255: what JPEG leaves of one colour
_LEAST_SHARE = 0.12  # of the whole picture's side: shorter pieces are text, buttons, avatars
_LEAST_PIXELS = 64
_DEPTH = 8


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """Rows `top` to `bottom` and columns `left` to `right` of a picture, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def area(self) -> int:
        return (self.bottom - self.top) * (self.right - self.left)

    def of(self, pixels: Pixels) -> Pixels:
        """The view of `pixels` inside the box; nothing is copied."""
        return pixels[self.top : self.bottom, self.left : self.right]


def whole(pixels: Pixels) -> Box:
    """The box of the full picture."""
    return Box(0, pixels.shape[0], 0, pixels.shape[1])


def flat_rows(view: Pixels) -> NDArray[np.bool_]:
    """For each row of a (h, w) picture, whether its samples are one colour, within what JPEG leaves of one."""
    step = max(1, view.shape[1] // _SAMPLES)
    samples = np.ascontiguousarray(view[:, step // 2 :: step].T)
    flat: NDArray[np.bool_] = samples.max(axis=0) - samples.min(axis=0) <= _FLAT_RANGE
    return flat


def _pieces(flat: NDArray[np.bool_], *, least: int) -> list[tuple[int, int]]:
    """The runs of lines that are not flat and at least `least` long, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate(([True], flat, [True]))))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2) if b - a >= least]


def find_regions(pixels: Pixels, *, limit: int) -> list[Box]:
    """Up to `limit` boxes that flat lines frame, largest first; empty when the picture has no such frame.

    `pixels` is (h, w, 3) or (h, w) uint8. A box is at least 12 % of the picture's sides and 64 pixels long and wide.
    """
    plane = pixels[:, :, 1] if pixels.ndim == 3 else pixels
    h, w = plane.shape
    least = (max(_LEAST_PIXELS, int(h * _LEAST_SHARE)), max(_LEAST_PIXELS, int(w * _LEAST_SHARE)))
    found: list[Box] = []
    _cut(plane, whole(pixels), least, depth=_DEPTH, found=found)
    found = [box for box in found if box != whole(pixels)]
    return sorted(found, key=lambda box: -box.area)[:limit]


def _cut(plane: Pixels, box: Box, least: tuple[int, int], *, depth: int, found: list[Box]) -> None:
    """Cut `box` along flat rows, the pieces along flat columns, and again until nothing is cut."""
    rows = _pieces(flat_rows(box.of(plane)), least=least[0])
    for a, b in rows:
        band = Box(box.top + a, box.top + b, box.left, box.right)
        for c, d in _pieces(flat_rows(band.of(plane).T), least=least[1]):
            piece = Box(band.top, band.bottom, box.left + c, box.left + d)
            if piece == box or depth == 0:
                found.append(piece)
            else:
                _cut(plane, piece, least, depth=depth - 1, found=found)
