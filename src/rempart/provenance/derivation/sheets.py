"""What is kept of a picture to compare it: local features, and a small grey copy for the map of what agrees.

Features are SIFT's (Lowe 2004) with the square root of Arandjelović and Zisserman (2012), kept as whole numbers, so
that every distance between them is exact and the same on any machine. A sheet shows what the picture shows: both the
grey copy and the features are evidence, as the picture is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

EDGE = 640
"""Pixels along the longer edge at which features are taken; smaller pictures are taken as they are."""
MOST_POINTS = 2000
LEAST_EDGE = 16
WIDTH = 128
"""Numbers in a descriptor."""
VERSION = "rootsift-640-2000-v1"
"""How sheets are made; sheets of two versions are never compared."""
_CONTRAST = 0.02  # half of what is usual: 17 instead of 13 of 20 crops to a quarter of the sides were found with it
_SCALE = 512  # of a descriptor of length 1; a single number over 255 is cut there

Plane = NDArray[np.uint8]
Points = NDArray[np.float32]
Descriptors = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """A picture as it is compared.

    `width` and `height` are the picture's own, in pixels. `plane` is grey, (h, w) uint8, at most 640 along its longer
    edge; `points` (n, 2) float32 are x and y in it; `descriptors` (n, 128) uint8 stand in the same order.
    """

    width: int
    height: int
    plane: Plane
    points: Points
    descriptors: Descriptors

    def mirrored(self) -> Sheet:
        """The sheet of the picture's mirror image, without looking at it again.

        Mirrored, the four rows of a descriptor stand in reverse, and each of its eight directions turns the other way.
        """
        cells = self.descriptors.reshape(-1, 4, 4, 8)[:, ::-1]
        turned = cells[..., (-np.arange(8)) % 8].reshape(-1, WIDTH)
        points = self.points.copy()
        points[:, 0] = self.plane.shape[1] - 1 - points[:, 0]
        return Sheet(
            width=self.width, height=self.height, plane=np.ascontiguousarray(self.plane[:, ::-1]), points=points,
            descriptors=np.ascontiguousarray(turned),
        )  # fmt: skip


def sheet_of(pixels: NDArray[np.uint8]) -> Sheet:
    """The sheet of canonical pixels, (h, w, 3) uint8 RGB. A picture without any feature has an empty one.

    The same pixels give the same sheet where OpenCV runs on one thread, as in the decode worker.
    """
    height, width = pixels.shape[:2]
    plane = _plane(pixels)
    if min(plane.shape) < LEAST_EDGE:
        return Sheet(
            width=width, height=height, plane=plane, points=np.empty((0, 2), np.float32),
            descriptors=np.empty((0, WIDTH), np.uint8),
        )  # fmt: skip
    found, raw = _sift().detectAndCompute(plane, None)
    points = np.array([one.pt for one in found], np.float32).reshape(-1, 2)
    whole = _rooted(raw) if raw is not None else np.empty((0, WIDTH), np.uint8)
    # OpenCV keeps one more where two are equally strong.
    kept = _in_order(found)[:MOST_POINTS]
    return Sheet(width=width, height=height, plane=plane, points=points[kept], descriptors=whole[kept])


def _plane(pixels: NDArray[np.uint8]) -> Plane:
    height, width = pixels.shape[:2]
    scale = min(1.0, EDGE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Reduced before it is made grey: a picture of 200 megapixels needs no second copy.
    small = pixels if scale == 1 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2GRAY), np.uint8)


@cache
def _sift() -> Any:
    make: Any = cv2
    return make.SIFT_create(nfeatures=MOST_POINTS, contrastThreshold=_CONTRAST)


def _rooted(raw: NDArray[np.float32]) -> Descriptors:
    whole = raw.astype(np.float64)
    whole /= np.maximum(whole.sum(axis=1, keepdims=True), 1)
    return np.asarray(np.minimum(np.rint(np.sqrt(whole) * _SCALE), 255), np.uint8)


def _in_order(found: Any) -> list[int]:
    """The strongest first, whatever order they were found in."""
    keys = [(-one.response, one.pt[1], one.pt[0], one.angle, one.size) for one in found]
    return sorted(range(len(keys)), key=keys.__getitem__)
