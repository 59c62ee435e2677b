"""The size at which marks are written and read: the short side is 512 pixels, whatever the picture's own size."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rempart.provenance.watermark.pattern import TILE, band

SIDE, LONGEST = 512, 2048
SMALLEST = 128
"""Pictures with a shorter side carry no mark."""
_WINDOW, _CLIP = 17, 2.5

Pixels = NDArray[np.uint8]
Plane = NDArray[np.float32]


def size_of(pixels: Pixels) -> tuple[int, int]:
    """Canonical height and width."""
    height, width = pixels.shape[:2]
    factor = min(SIDE / min(height, width), LONGEST / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def luma_of(pixels: Pixels) -> Plane:
    """Luma at canonical size: float32 (height, width), 0 to 255, of sRGB pixels uint8 (height, width, 3), or of grey
    ones (height, width)."""
    height, width = size_of(pixels)
    smaller = height < pixels.shape[0]
    grey = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return small.astype(np.float32)


def flattened(luma: Plane) -> Plane:
    """The band that carries the mark, with the picture's own contrast taken out."""
    found = band(luma)
    return clipped(found / contrast(found))


def contrast(found: Plane) -> Plane:
    """How much goes on around each pixel of the band."""
    square = cv2.blur(found * found, (_WINDOW, _WINDOW))
    return np.asarray(np.sqrt(np.maximum(square, 0)) + 1, dtype=np.float32)


def clipped(plane: Plane) -> Plane:
    """Without the few pixels that would outweigh all others."""
    return np.clip(plane, -_CLIP, _CLIP)


def folded(plane: Plane) -> Plane:
    """All tiles of a plane added up: float32 (128, 128)."""
    height, width = plane.shape
    rows, columns = -(-height // TILE), -(-width // TILE)
    whole = np.zeros((rows * TILE, columns * TILE), dtype=np.float32)
    whole[:height, :width] = plane
    return np.asarray(whole.reshape(rows, TILE, columns, TILE).sum(axis=(0, 2)), dtype=np.float32)
