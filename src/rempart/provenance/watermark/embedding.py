"""Writing the mark: the repeated tile is added to luma, stronger where the picture has texture to hide it in."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rempart.provenance.watermark.bch import LENGTH
from rempart.provenance.watermark.canonical import SMALLEST, Pixels, Plane, clipped, contrast, folded, luma_of
from rempart.provenance.watermark.framing import word_of
from rempart.provenance.watermark.pattern import TILE, Pattern, Tile, band

PSNR = 39.5
"""How far the marked picture is from the original, in dB: the strength."""
_TEXTURE, _MOST = 0.35, 7.0
_WINDOW = (9, 9)
_SOFTEST, _LOUDEST = 0.4, 2.5


def embedded(pixels: Pixels, record: int, pattern: Pattern, *, psnr: float = PSNR) -> Pixels:
    """The picture with the mark of a record's number (48 bits): sRGB uint8 (height, width, 3), as it came.

    Raises ValueError for a picture whose shorter side has less than 128 pixels.
    """
    if min(pixels.shape[:2]) < SMALLEST:
        raise ValueError(f"a picture that can be marked has {SMALLEST} pixels along its shorter side")
    luma = luma_of(pixels)
    room = _room(luma)
    word = word_of(record)
    bits = np.array([1 - 2 * (word >> place & 1) for place in range(LENGTH)], dtype=np.float32)
    even = _marked(pattern.tile(bits), room, psnr)
    found = band(luma)
    around = contrast(found)
    before = pattern.soft(folded(clipped(found / around))) * bits
    gain = float((pattern.soft(folded(band(even) / around)) * bits).mean())
    mark = _marked(pattern.tile(bits * _loudness(before, gain)), room, psnr)
    own = cv2.resize(mark, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    own *= 255 / 10 ** (psnr / 20) / np.sqrt(float(cv2.norm(own, cv2.NORM_L2SQR)) / own.size)
    marked = cv2.add(pixels, cv2.merge([own, own, own]), dtype=cv2.CV_8U)
    return np.asarray(marked, dtype=np.uint8)


def _marked(tile: Tile, room: Plane, psnr: float) -> Plane:
    """The tile all over, where there is room for it, at its strength."""
    height, width = room.shape
    mark = np.tile(tile, (-(-height // TILE), -(-width // TILE)))[:height, :width] * room
    return mark * np.float32(255 / 10 ** (psnr / 20) / np.sqrt(float((mark * mark).mean())))


def _loudness(before: NDArray[np.float32], gain: float) -> NDArray[np.float32]:
    """How loud each bit is to be so that all are equally certain where the picture itself speaks for some of them and
    against others; as much as even loudness in all."""
    low, high = float(before.min()), float(before.max()) + 3 * gain
    for _ in range(30):
        level = (low + high) / 2
        loud = np.clip((level - before) / gain, _SOFTEST, _LOUDEST)
        low, high = (low, level) if float((loud * loud).mean()) > 1 else (level, high)
    return np.asarray(loud, dtype=np.float32)


def _room(luma: Plane) -> Plane:
    """How much more a place can hide than flat sky: 1 to 7."""
    mean = cv2.blur(luma, _WINDOW)
    spread = np.sqrt(np.maximum(cv2.blur(luma * luma, _WINDOW) - mean * mean, 0))
    room = np.minimum(1 + _TEXTURE * np.sqrt(cv2.blur(spread, _WINDOW)), _MOST)
    return np.asarray(room, dtype=np.float32)
