"""Local binary features of a picture: points at several sizes, each with 256 bits that say what lies around it.

Points and what lies around them are SIFT's (Lowe 2004) with the square root of Arandjelović and Zisserman (2012). A
descriptor becomes 256 bits, one for each side of 256 planes on which it may lie (Charikar 2002): the planes are the
rows of two Hadamard matrices with random signs, so that nothing was learned and all is whole numbers. Two descriptors
differ in as many bits as the angle between them says.

A listed picture has as many points of each size as its parts may need, spread over the picture: the strongest often
lie in one place, and a part that was cut out or pasted elsewhere may not have that place. Features can be turned back
into something recognisable: they are evidence, as the picture is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

EDGE = 320
"""Pixels along the longer edge at which features are taken; smaller pictures are taken as they are."""
KEY_BYTES = 32
VERSION = "rootsift-320-256-v1"
"""How features are made; those of two versions are never compared."""
ASKED = 700
"""Features of a picture that is looked up, at most."""
LISTED = ((4.0, 120), (8.0, 110), (float("inf"), 70))
"""Features of a listed picture: up to each size in pixels, so many. What one size lacks, others give."""
_POOL = 1500
_CONTRAST = 0.02
_LEAST_EDGE = 16
_CELLS = 6
_SCALE = 512
_WIDTH = 128
# The usual descriptor of a picture, in 1/512: by ring of cells (corners, edges, middle) and by how far a direction lies
# from the main one, in eighths of a turn. Less it, unrelated descriptors lie at right angles to each other.
_USUAL = ((36, 30, 25, 27, 32), (51, 37, 28, 30, 35), (79, 49, 30, 33, 38))

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Features:
    """Features of one picture: `keys` (n, 32) uint8; `places` (n, 4) float32, each x, y, size and angle.

    x, y and size are in pixels of the picture at `EDGE`, the angle is in degrees, 0 to 360.
    """

    keys: NDArray[np.uint8]
    places: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.keys)


def asked_features(plane: Plane) -> Features:
    """The features by which an upload is looked up; a picture may have none. `plane` is that of `plane_of`."""
    points, descriptors = _found(plane)
    kept = _spread(points, plane.shape)[:ASKED]
    return Features(keys=_keys(descriptors[kept]), places=points[kept, :4])


def listed_features(plane: Plane) -> Features:
    """The features by which parts of a listed picture are found again; a picture may have none."""
    points, descriptors = _found(plane)
    order, rest = list[int](), np.ones(len(points), np.bool_)
    least = 0.0
    for below, most in LISTED:
        some = np.flatnonzero((points[:, 2] >= least) & (points[:, 2] < below))
        order += some[_spread(points[some], plane.shape)[:most]].tolist()
        least = below
    rest[order] = False
    left = np.flatnonzero(rest)
    lacking = sum(most for _, most in LISTED) - len(order)
    order += left[_spread(points[left], plane.shape)[:lacking]].tolist()
    return Features(keys=_keys(descriptors[order]), places=points[order, :4])


def plane_of(pixels: NDArray[np.uint8]) -> Plane:
    """Canonical pixels, (h, w, 3) uint8 RGB, as the grey picture that features are taken from."""
    height, width = pixels.shape[:2]
    scale = min(1.0, EDGE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = pixels if scale == 1 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2GRAY), np.uint8)


def _found(plane: Plane) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Points (x, y, size, angle, strength) and their raw descriptors."""
    found, raw = _sift().detectAndCompute(plane, None) if min(plane.shape) >= _LEAST_EDGE else ((), None)
    if raw is None:
        return np.empty((0, 5), np.float32), np.empty((0, _WIDTH), np.float32)
    points = np.array([(*one.pt, one.size, one.angle, one.response) for one in found], np.float32)
    return points, raw


def _keys(raw: NDArray[np.float32]) -> NDArray[np.uint8]:
    whole = raw.astype(np.float64)
    whole /= np.maximum(whole.sum(axis=1, keepdims=True), 1)
    rooted = np.rint(np.sqrt(whole) * _SCALE).astype(np.int32)
    return np.packbits((rooted - _usual()) @ _planes() > 0, axis=1)


def _spread(points: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.intp]:
    """An order in which any beginning is spread over the picture: the best of each cell, then the next of each."""
    column = np.minimum(points[:, 0] * _CELLS // shape[1], _CELLS - 1)
    cell = column + _CELLS * np.minimum(points[:, 1] * _CELLS // shape[0], _CELLS - 1)
    settled = points[:, 3], points[:, 1], points[:, 0], -points[:, 4]
    order = np.lexsort((*settled, cell))
    starts = np.flatnonzero(np.r_[True, np.diff(cell[order]) != 0])
    rank = np.empty(len(points), np.int64)
    rank[order] = np.arange(len(points)) - np.repeat(starts, np.diff(np.r_[starts, len(points)]))
    return np.lexsort((*settled, rank))


@cache
def _sift() -> Any:
    make: Any = cv2
    return make.SIFT_create(nfeatures=_POOL, contrastThreshold=_CONTRAST)


@cache
def _usual() -> NDArray[np.int32]:
    side = np.array([0, 1, 1, 0])
    ring = np.add.outer(side, side)[..., None]
    turn = np.minimum(np.arange(8), 8 - np.arange(8))
    return np.asarray(np.array(_USUAL, np.int32)[ring, turn].reshape(_WIDTH), np.int32)


@cache
def _planes() -> NDArray[np.int32]:
    """(128, 256), each column a plane's normal of ones and minus ones; each half is orthogonal."""
    whole = np.ones((1, 1), np.int32)
    while len(whole) < _WIDTH:
        whole = np.block([[whole, whole], [whole, -whole]])
    signs = np.unpackbits(np.frombuffer(hashlib.shake_256(VERSION.encode()).digest(2 * _WIDTH // 8), np.uint8))
    halves = (1 - 2 * signs.astype(np.int32)).reshape(2, _WIDTH, 1)
    return np.hstack([whole * half for half in halves])
