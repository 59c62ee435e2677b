"""A compact table from keys to small values: a million files in 48 MB instead of several hundred."""

from __future__ import annotations

import hashlib
from array import array

_HALF = 1 << 64


class SeenTable:
    """Maps a key (any bytes, held as 128 bits of BLAKE2b) to an unsigned 63-bit value; open addressing."""

    def __init__(self, *, room: int = 1 << 10) -> None:
        self._mask = room - 1
        self._count = 0
        self._slots = array("Q", bytes(8 * 3 * room))

    def __len__(self) -> int:
        return self._count

    def put(self, key: bytes, value: int) -> None:
        """Set the key's value; an earlier one is replaced."""
        if 3 * (self._count + 1) > 2 * (self._mask + 1):
            self._grow()
        high, low = _halves(key)
        self._count += self._place(high, low, value)

    def get(self, key: bytes) -> int | None:
        """The key's value, or None."""
        high, low = _halves(key)
        slot = self._find(high, low)
        return self._slots[slot + 2] if self._slots[slot] else None

    def _find(self, high: int, low: int) -> int:
        slots, at = self._slots, low & self._mask
        while slots[3 * at] and (slots[3 * at] != high or slots[3 * at + 1] != low):
            at = (at + 1) & self._mask
        return 3 * at

    def _place(self, high: int, low: int, value: int) -> bool:
        slot = self._find(high, low)
        fresh = not self._slots[slot]
        self._slots[slot], self._slots[slot + 1], self._slots[slot + 2] = high, low, value
        return fresh

    def _grow(self) -> None:
        old = self._slots
        self._mask = 2 * self._mask + 1
        self._slots = array("Q", bytes(8 * 3 * (self._mask + 1)))
        for slot in range(0, len(old), 3):
            if old[slot]:
                self._place(old[slot], old[slot + 1], old[slot + 2])


def _halves(key: bytes) -> tuple[int, int]:
    number = int.from_bytes(hashlib.blake2b(key, digest_size=16).digest())
    return number // _HALF | 1, number % _HALF  # the lowest bit says that the slot is taken
