"""The pattern of an installation's key: a tile of 32 × 32 chips, of which 262 are for finding it again and 762 carry
the 127 bits, six chips each. It is repeated over the whole picture."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from rempart.provenance.watermark import bch

GRID, CHIP = 32, 4
"""Chips along a tile's side, and canonical pixels along a chip's."""
TILE = GRID * CHIP
PER_BIT = 6
_CHIPS = GRID * GRID
_LABEL = b"rempart watermark v1"

Tile = NDArray[np.float32]


def band(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """What of a picture may carry the mark: details of one to three canonical pixels."""
    return cv2.GaussianBlur(luma, (0, 0), 1.0) - cv2.GaussianBlur(luma, (0, 0), 3.0)


@dataclass(frozen=True)
class Pattern:
    """Where the chips of a key stand. The same key gives the same pattern on every machine and with every version."""

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < 16:
            raise ValueError("a key has at least 16 bytes")

    def tile(self, weights: NDArray[np.float32]) -> Tile:
        """The tile of 127 bits, each 1 or -1 times how loud it is to be: float32 (128, 128), to be repeated."""
        chips = self._sync_chips.copy()
        chips[self._data] = self._signs[self._data] * np.repeat(weights, PER_BIT)
        return _smooth(chips.reshape(GRID, GRID))

    def soft(self, tile: Tile) -> NDArray[np.float32]:
        """The 127 soft bits in a folded tile that was shifted to its place."""
        found = np.fft.irfft2(np.fft.rfft2(tile) * self._one_chip, s=tile.shape)[::CHIP, ::CHIP].ravel()
        chips = (found[self._data] * self._signs[self._data]).reshape(-1, PER_BIT)
        return np.asarray(chips.sum(axis=1), dtype=np.float32)

    @cached_property
    def sync(self) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Transforms that correlate with the synchronisation pattern, and with its mirror image."""
        seen = _seen(_smooth(self._sync_chips.reshape(GRID, GRID)))
        straight, mirrored = (np.conj(np.fft.rfft2(one / np.linalg.norm(one))) for one in (seen, seen[:, ::-1]))
        return straight, mirrored

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(np.frombuffer(self._stream[: 8 * _CHIPS], dtype=">u8"), kind="stable")

    @cached_property
    def _signs(self) -> NDArray[np.float32]:
        bits = np.unpackbits(np.frombuffer(self._stream[8 * _CHIPS :], dtype=np.uint8))
        return 1 - 2 * bits.astype(np.float32)

    @cached_property
    def _stream(self) -> bytes:
        return hashlib.shake_256(_LABEL + self.key).digest(8 * _CHIPS + _CHIPS // 8)

    @cached_property
    def _data(self) -> NDArray[np.intp]:
        return self._order[_CHIPS - PER_BIT * bch.LENGTH :]

    @cached_property
    def _sync_chips(self) -> NDArray[np.float32]:
        chips = self._signs.copy()
        chips[self._data] = 0
        return chips

    @cached_property
    def _one_chip(self) -> NDArray[np.complex128]:
        chips = np.zeros((GRID, GRID), dtype=np.float32)
        chips[GRID // 2, GRID // 2] = 1
        seen = np.roll(_seen(_smooth(chips)), (-TILE // 2, -TILE // 2), (0, 1))
        return np.conj(np.fft.rfft2(seen))


def _smooth(chips: NDArray[np.float32]) -> Tile:
    """Chips with soft edges, as a tile that can be repeated without a seam."""
    around = cv2.resize(np.tile(chips, (3, 3)), None, fx=CHIP, fy=CHIP, interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(around[TILE : 2 * TILE, TILE : 2 * TILE])


def _seen(tile: Tile) -> Tile:
    """How a repeated tile looks in the band that is read."""
    return band(np.tile(tile, (3, 3)))[TILE : 2 * TILE, TILE : 2 * TILE]
