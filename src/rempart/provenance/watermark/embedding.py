"""Writing the mark: the repeated tile is added to luma, stronger where the picture has texture to hide it in."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from rempart.provenance.watermark.bch import LENGTH
from rempart.provenance.watermark.canonical import SMALLEST, Pixels, Plane, clipped, contrast, folded, luma_of
from rempart.provenance.watermark.framing import word_of
from rempart.provenance.watermark.pattern import TILE, Pattern, Tile, band

PSNR = 39.5
"""How far the marked picture is from the original, in dB: the strength."""
_WINDOW, _HALF = (9, 9), (5, 5)
_SOFTEST, _LOUDEST = 0.4, 2.5
"""Of a bit, to the others."""
_TEXTURE, _MOST = 0.35, 7.0
"""How much more texture gets than flat sky, and the most."""
_QUIET, _HIDDEN, _CEILING = 1.0, 0.6, 5.0
"""Levels of luma, on average: as loud as it may be in flat sky, more for each level that texture deviates, and at most.
Nobody sees it there; a picture that is nearly all sky is changed less than its strength asks, and survives less."""
_MIDDLE, _FINE, _ROWS = 128, 8, 64
"""A mark is brought to the picture's size in eighths of a level."""


def embedded(pixels: Pixels, record: int, pattern: Pattern, *, psnr: float = PSNR) -> Pixels:
    """The picture with the mark of a record's number (48 bits): sRGB uint8 (height, width, 3), as it came.

    Raises ValueError for a picture whose shorter side has less than 128 pixels, and for pixels that are not RGB: alpha,
    inks, deeper pixels and further frames are the caller's to keep or to refuse.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise ValueError("pixels that can be marked are RGB, eight bits each")
    if min(pixels.shape[:2]) < SMALLEST:
        raise ValueError(f"a picture that can be marked has {SMALLEST} pixels along its shorter side")
    return _added(pixels, _mark(luma_of(pixels), word_of(record), pattern, psnr))


def _mark(luma: Plane, word: int, pattern: Pattern, psnr: float) -> Plane:
    """What is added to luma of canonical size."""
    room = _Room.of(luma, psnr)
    bits = np.array([1 - 2 * (word >> place & 1) for place in range(LENGTH)], dtype=np.float32)
    even = room.filled(pattern.tile(bits))
    found = band(luma)
    around = contrast(found)
    before = pattern.soft(folded(clipped(found / around))) * bits
    gain = float((pattern.soft(folded(band(even) / around)) * bits).mean())
    return room.filled(pattern.tile(bits * _loudness(before, gain)))


@dataclass(frozen=True)
class _Room:
    """How loud a mark is at each place: as loud as the strength allows, and nowhere louder than what hides it."""

    loud: Plane

    @classmethod
    def of(cls, luma: Plane, psnr: float) -> _Room:
        mean, square = (cv2.blur(one, _WINDOW)[::2, ::2] for one in (luma, luma * luma))
        spread = np.sqrt(np.maximum(square - mean * mean, 0))
        room = np.minimum(1 + _TEXTURE * np.sqrt(cv2.blur(spread, _HALF)), _MOST)
        most = 10 ** ((PSNR - psnr) / 20) * np.minimum(
            _QUIET + _HIDDEN * cv2.erode(spread, np.ones(_HALF, np.uint8)), _CEILING
        )
        few, least = room[::2, ::2], most[::2, ::2]  # enough to know the strength by
        wanted, low, high = (255 / 10 ** (psnr / 20)) ** 2, 0.0, 255.0
        for _ in range(20):
            scale = (low + high) / 2
            enough = float((np.minimum(few * scale, least) ** 2).mean()) > wanted
            low, high = (low, scale) if enough else (scale, high)
        loud = np.minimum(room * np.float32(high), most)
        return cls(np.asarray(cv2.resize(loud, luma.shape[::-1]), dtype=np.float32))

    def filled(self, tile: Tile) -> Plane:
        """The tile all over, where there is room for it."""
        height, width = self.loud.shape
        even = tile / np.float32(_deviation(tile))
        return np.tile(even, (-(-height // TILE), -(-width // TILE)))[:height, :width] * self.loud


def _added(pixels: Pixels, mark: Plane) -> Pixels:
    """A mark of canonical size on the picture, as loud there as it is; a few rows at a time, which is much quicker."""
    fine = cv2.addWeighted(mark, _FINE, mark, 0, _MIDDLE, dtype=cv2.CV_8U)
    own = cv2.resize(fine, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    factor = _deviation(mark) / _deviation(own[::3, ::3].astype(np.float32) - _MIDDLE)
    marked = np.empty_like(pixels)
    for top in range(0, len(pixels), _ROWS):
        rows = slice(top, top + _ROWS)
        cv2.addWeighted(pixels[rows], 1, cv2.merge([own[rows]] * 3), factor, -_MIDDLE * factor, dst=marked[rows])
    return marked


def _deviation(plane: Plane) -> float:
    return float(np.sqrt(cv2.norm(plane, cv2.NORM_L2SQR) / plane.size))


def _loudness(before: NDArray[np.float32], gain: float) -> NDArray[np.float32]:
    """How loud each bit is to be so that all are equally certain where the picture itself speaks for some of them and
    against others; as much as even loudness in all."""
    low, high = float(before.min()), float(before.max()) + 3 * gain
    for _ in range(30):
        level = (low + high) / 2
        loud = np.clip((level - before) / gain, _SOFTEST, _LOUDEST)
        low, high = (low, level) if float((loud * loud).mean()) > 1 else (level, high)
    return np.asarray(loud, dtype=np.float32)
