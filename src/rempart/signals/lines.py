"""Rows and columns of a picture, judged flat or not from a few samples of each.

Interfaces, borders and bars are made of flat lines, photos hardly ever are. Lines are sampled across but not along, so
an edge is found to the pixel at the cost of a small reduction, whatever the size of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
FLAT_RANGE = 12  # levels of luma that JPEG leaves between points of one colour near an edge
_SAMPLES = 64
_GLANCE_SAMPLES = 32
_GLANCE_RANGE = 5  # of green, away from edges: skies and walls in photos are hardly ever as even


@dataclass(frozen=True, slots=True, order=True)
class Box:
    """Rows `top` to `bottom` and columns `left` to `right` of a picture, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    def of(self, pixels: Pixels) -> Pixels:
        """The view of `pixels` inside the box; nothing is copied."""
        return pixels[self.top : self.bottom, self.left : self.right]

    def turned(self) -> Box:
        """The same box in the picture with rows and columns exchanged."""
        return Box(self.left, self.right, self.top, self.bottom)

    def near(self, other: Box) -> bool:
        """Whether each edge is within 1 % of the side of the other's: PDQ would hardly tell them apart."""
        rows = max(abs(self.top - other.top), abs(self.bottom - other.bottom))
        columns = max(abs(self.left - other.left), abs(self.right - other.right))
        return rows <= 0.01 * other.height and columns <= 0.01 * other.width


class Glance(NamedTuple):
    """What a first look at a picture found: quite even lines at its ends, or anywhere."""

    ends: bool
    anywhere: bool


def whole(pixels: Pixels) -> Box:
    """The box of the full picture."""
    return Box(0, pixels.shape[0], 0, pixels.shape[1])


def turned(pixels: Pixels) -> Pixels:
    """The picture with rows and columns exchanged, as a view."""
    return pixels.swapaxes(0, 1)


def glance(pixels: Pixels) -> Glance:
    """Look for quite even lines among the rows and columns of a (h, w, 3) or (h, w) picture, from few samples."""
    plane = pixels[:, :, 1] if pixels.ndim == 3 else pixels
    even = [_even_columns(plane), _even_columns(plane.T)]
    return Glance(ends=any(bool(line[0] or line[-1]) for line in even), anywhere=any(bool(line.any()) for line in even))


def _even_columns(plane: Pixels) -> NDArray[np.bool_]:
    step = max(1, plane.shape[0] // _GLANCE_SAMPLES)
    points = np.ascontiguousarray(plane[step // 2 :: step])
    even: NDArray[np.bool_] = points.max(axis=0) - points.min(axis=0) <= _GLANCE_RANGE
    return even


def sampled(view: Pixels) -> NDArray[np.int16]:
    """Luma of about 64 points of each row of a (h, w, 3) or (h, w) view, as (points, h)."""
    step = max(1, view.shape[1] // _SAMPLES)
    points = view[:, step // 2 :: step].swapaxes(0, 1)
    if points.ndim == 2:
        return points.astype(np.int16)
    wide = points.astype(np.uint16)
    luma: NDArray[np.int16] = (wide[..., 0] * 77 + wide[..., 1] * 150 + wide[..., 2] * 29 >> 8).astype(np.int16)
    return luma


def flat_rows(points: NDArray[np.int16]) -> NDArray[np.bool_]:
    """For each row of `sampled` points, whether they are within FLAT_RANGE of each other."""
    flat: NDArray[np.bool_] = points.max(axis=0) - points.min(axis=0) <= FLAT_RANGE
    return flat
