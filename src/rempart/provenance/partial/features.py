"""Local binary features of a picture: corners at several sizes, each with 256 bits that say what lies around it.

The features are those of ORB (Rublee and others 2011), taken on the grey picture at several fixed sizes, so many from
each size and spread over the picture: the strongest of a picture often lie in one place, and a part of it that was cut
out or pasted in elsewhere may not have that place. Features can be turned back into something recognisable: they are
evidence, as the picture is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

EDGE = 640
"""Pixels along the longer edge at which features are taken; smaller pictures are taken as they are."""
KEY_BYTES = 32
VERSION = "orb-640-v1"
"""How features are made; those of two versions are never compared."""
_PATCH = 31
_BORDER = 16
_LEAST = 40
_FAST = 5
_OVER = 4
_CELLS = 6

Plane = NDArray[np.uint8]
Sizes = Sequence[tuple[float, int]]

LISTED: Sizes = ((1.0, 80), (0.75, 60), (0.55, 80), (0.4, 100), (0.3, 60), (0.2, 20))
"""Sizes at which a listed picture is looked at, and how many features are taken of each."""
ASKED: Sizes = ((1.0, 600), (0.8, 400), (0.63, 250), (0.5, 150), (0.4, 100), (0.3, 60), (0.2, 30))
"""The same for a picture that is looked up."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Features of one picture: `keys` (n, 32) uint8; `places` (n, 4) float32, each x, y, size and angle.

    x, y and size are in pixels of the picture at `EDGE`, the angle is in degrees, 0 to 360.
    """

    keys: NDArray[np.uint8]
    places: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.keys)


def features_of(plane: Plane, sizes: Sizes) -> Features:
    """The features of a grey picture, (h, w) uint8, at most EDGE along its longer edge. It may have none."""
    keys, places = [np.empty((0, KEY_BYTES), np.uint8)], [np.empty((0, 4), np.float32)]
    for scale, most in sizes:
        at = _resized(plane, scale)
        if min(at.shape) < _LEAST:
            continue
        found, bits = _orb(most * _OVER).detectAndCompute(at, None)
        if bits is None:
            continue
        raw = np.array([(*one.pt, one.response, one.angle) for one in found], np.float32)
        kept = _spread(raw, at.shape)[:most]
        keys.append(bits[kept])
        size = np.full(len(kept), _PATCH / scale, np.float32)
        places.append(np.column_stack((raw[kept, :2] / np.float32(scale), size, raw[kept, 3])).astype(np.float32))
    return Features(keys=np.concatenate(keys), places=np.concatenate(places))


def plane_of(pixels: NDArray[np.uint8]) -> Plane:
    """Canonical pixels, (h, w, 3) uint8 RGB, as the grey picture that features are taken from."""
    height, width = pixels.shape[:2]
    scale = min(1.0, EDGE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = pixels if scale == 1 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2GRAY), np.uint8)


def _resized(plane: Plane, scale: float) -> Plane:
    if scale == 1:
        return plane
    size = max(1, round(plane.shape[1] * scale)), max(1, round(plane.shape[0] * scale))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)


def _spread(raw: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """Places in an order in which any beginning is spread over the picture: the best of each cell, then the next."""
    column = np.minimum(raw[:, 0] * _CELLS // shape[1], _CELLS - 1)
    cell = column + _CELLS * np.minimum(raw[:, 1] * _CELLS // shape[0], _CELLS - 1)
    order = np.lexsort((raw[:, 1], raw[:, 0], -raw[:, 2], cell))
    starts = np.flatnonzero(np.r_[True, np.diff(cell[order]) != 0])
    rank = np.empty(len(raw), np.int64)
    rank[order] = np.arange(len(raw)) - np.repeat(starts, np.diff(np.r_[starts, len(raw)]))
    return np.lexsort((raw[:, 1], raw[:, 0], -raw[:, 2], rank))


@cache
def _orb(most: int) -> Any:
    return cv2.ORB_create(nfeatures=most, nlevels=1, edgeThreshold=_BORDER, patchSize=_PATCH, fastThreshold=_FAST)  # type: ignore[attr-defined]
