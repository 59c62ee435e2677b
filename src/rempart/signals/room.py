"""Memory for pixels that is used again for the next picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

KEPT_BYTES = 64 << 20
"""Room for about 22 megapixels; larger pictures get memory of their own, which goes back at once."""
_LINE, _SHIFT = 64, 16


class PixelRoom:
    """One picture's memory, kept by a process that looks at one picture after another.

    Fresh memory of tens of megabytes comes from the system page by page, zeroed, each time: for a picture of
    12 megapixels that takes a tenth as long as decoding it. Whoever takes an array from here must be done with the
    last one: it is the same memory.

    It begins a quarter into a cache line: to addresses that are multiples of 32 the JPEG decoder writes past the
    caches, and hashing would wait for a small picture to come back from main memory.
    """

    def __init__(self, *, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._memory: NDArray[np.uint8] = np.empty(0, np.uint8)

    def take(self, height: int, width: int) -> NDArray[np.uint8]:
        """An array of (height, width, 3), its content left over from anything. MemoryError passes through."""
        size = height * width * 3
        if size > self._most:
            self._memory = np.empty(0, np.uint8)
            return np.empty((height, width, 3), np.uint8)
        if size > self._memory.size:
            self._memory = np.empty(0, np.uint8)  # before the larger one is there: never both
            memory = np.empty(size + _LINE, np.uint8)
            start = (_SHIFT - memory.ctypes.data) % _LINE
            self._memory = memory[start : start + size]
        return self._memory[:size].reshape(height, width, 3)
