"""EXIF orientation: reading the one tag that matters, and turning pixels by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

_move: Callable[[NDArray[np.uint8], int, NDArray[np.uint8]], None] | None = None
try:
    from rempart._native import pixelkernel
except ImportError:  # not built here; `rempart doctor` says so
    pass
else:
    _move = pixelkernel.turn

_TAG = 0x0112
_SHORT, _LONG = 3, 4
_BLOCK = 128

# What a viewer does to the stored rows (EXIF 2.32, tag 0x0112): stored array → view of it that is upright.
UPRIGHT: Mapping[int, Callable[[NDArray[np.void]], NDArray[np.void]]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}
# The same seen from the other side: 6 and 8 are each other's inverse, the rest their own.
STORED_AS: Mapping[int, int] = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}


def read_orientation(exif: bytes | memoryview) -> int:
    """The orientation (1–8) in a block of EXIF data, with or without the leading `Exif\\0\\0`; 1 when it says none.

    Only the first directory is read, and only this tag: a damaged block is as good as none. XMP is not looked at,
    as browsers do not either.
    """
    block = bytes(exif[6:]) if bytes(exif[:6]) == b"Exif\0\0" else bytes(exif)
    if block[:4] == b"II*\0":
        order = "little"
    elif block[:4] == b"MM\0*":
        order = "big"
    else:
        return 1

    def number(at: int, size: int) -> int:
        return int.from_bytes(block[at : at + size], order)  # type: ignore[arg-type]

    start = number(4, 4)
    if start + 2 > len(block):
        return 1
    for at in range(start + 2, min(start + 2 + 12 * number(start, 2), len(block) - 11), 12):
        if number(at, 2) == _TAG:
            kind = number(at + 2, 2)
            value = number(at + 8, 2 if kind == _SHORT else 4) if kind in (_SHORT, _LONG) else 1
            return value if 1 <= value <= 8 else 1
    return 1


def turn(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The upright picture of stored (h, w, 3) C-contiguous uint8 pixels; a new array, or the same one for 1."""
    if orientation == 1:
        return pixels
    if _move is None:
        return turn_by_numpy(pixels, orientation)
    height, width = pixels.shape[:2]
    target = np.empty((width, height, 3) if orientation >= 5 else (height, width, 3), np.uint8)
    _move(np.ascontiguousarray(pixels), orientation, target)
    return target


def turn_by_numpy(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The same as `turn`, several times slower: where the kernel was not built."""
    whole = np.ascontiguousarray(pixels).view("V3")[..., 0]
    upright = UPRIGHT[orientation](whole)
    out = np.empty(upright.shape, "V3")
    copy_blocks(out, upright)
    return out.view(np.uint8).reshape(*upright.shape, 3)


def backend() -> str:
    """What turns pictures here: "c" or "numpy"."""
    return "numpy" if _move is None else "c"


def copy_blocks(target: NDArray[np.void], source: NDArray[np.void]) -> None:
    """Copy in squares that stay in the cache: a turned picture read row by row would miss it at every pixel."""
    for y in range(0, target.shape[0], _BLOCK):
        for x in range(0, target.shape[1], _BLOCK):
            target[y : y + _BLOCK, x : x + _BLOCK] = source[y : y + _BLOCK, x : x + _BLOCK]
