"""Writing the mark: the repeated tile is added to luma, stronger where the picture has texture to hide it in."""

from __future__ import annotations

import cv2
import numpy as np

from rempart.provenance.watermark.canonical import SMALLEST, Pixels, luma_of
from rempart.provenance.watermark.framing import word_of
from rempart.provenance.watermark.pattern import TILE, Pattern

PSNR = 39.5
"""How far the marked picture is from the original, in dB: the strength."""
_TEXTURE, _MOST = 0.35, 7.0
_WINDOW = (9, 9)


def embedded(pixels: Pixels, record: int, pattern: Pattern, *, psnr: float = PSNR) -> Pixels:
    """The picture with the mark of a record's number (48 bits): sRGB uint8 (height, width, 3), as it came.

    Raises ValueError for a picture whose shorter side has less than 128 pixels.
    """
    if min(pixels.shape[:2]) < SMALLEST:
        raise ValueError(f"a picture that can be marked has {SMALLEST} pixels along its shorter side")
    luma = luma_of(pixels)
    height, width = luma.shape
    tile = pattern.tile(word_of(record))
    mark = np.tile(tile, (-(-height // TILE), -(-width // TILE)))[:height, :width] * _room(luma)
    own = cv2.resize(mark, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    own *= 255 / 10 ** (psnr / 20) / np.sqrt(float(cv2.norm(own, cv2.NORM_L2SQR)) / own.size)
    return cv2.add(pixels, cv2.merge([own, own, own]), dtype=cv2.CV_8U)


def _room(luma: np.ndarray) -> np.ndarray:
    """How much more a place can hide than flat sky: 1 to 7."""
    mean = cv2.blur(luma, _WINDOW)
    spread = np.sqrt(np.maximum(cv2.blur(luma * luma, _WINDOW) - mean * mean, 0))
    return np.minimum(1 + _TEXTURE * np.sqrt(cv2.blur(spread, _WINDOW)), _MOST)
