"""PDQ of pixels: the C kernel where it was built, NumPy with the same bits where it was not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rempart.signals import pdq_numpy
from rempart.signals.values import PdqHash

_compute: Callable[[NDArray[np.uint8], bool], tuple[bytes, int, bool]] = pdq_numpy.hash
_isa: Callable[[], str] | None = None
try:
    from rempart._native import pdqkernel
except ImportError:  # not built here; `rempart doctor` says so
    pass
else:
    _compute, _isa = pdqkernel.hash, pdqkernel.isa

DIHEDRALS = ("original", "rotate90", "rotate180", "rotate270", "flipx", "flipy", "flipplus1", "flipminus1")


@dataclass(frozen=True, slots=True, kw_only=True)
class PdqResult:
    """A PDQ hash and its quality, 0 to 100; below 50 the hash says little about the picture."""

    hash: PdqHash
    quality: int


def pdq(pixels: NDArray[np.uint8]) -> PdqResult:
    """PDQ of a picture at full size.

    `pixels` are sRGB bytes of shape (h, w, 3), or grey ones of shape (h, w); a crop view of a larger array is read in
    place. Under 5 rows or columns the hash is zero and the quality 0. Equal to `pdqhash` 0.2.8 to the bit where the
    quality is 50 or more. Raises ValueError for other
    shapes or types and sides of 2^30 pixels or more, MemoryError. Source: the PDQ reference,
    github.com/facebook/ThreatExchange, pdq/cpp.
    """
    digests, quality = _hash(pixels, False)
    return PdqResult(hash=PdqHash(digests), quality=quality)


def pdq_dihedral(pixels: NDArray[np.uint8]) -> tuple[tuple[PdqHash, ...], int]:
    """PDQ of the picture and of its seven turned and mirrored forms, in the order of DIHEDRALS, and the quality.

    They follow from one transform by changes of sign and transposition, so they cost next to nothing; they are close
    to the hashes of really turned pictures, not always equal. Input and errors as for `pdq`.
    """
    digests, quality = _hash(pixels, True)
    return tuple(PdqHash(digests[k : k + 32]) for k in range(0, 256, 32)), quality


def backend() -> str:
    """What computes here: "c/avx512", "c/avx2", "c/neon", "c/scalar" or "numpy"."""
    return "numpy" if _isa is None else f"c/{_isa()}"


def _hash(pixels: NDArray[np.uint8], dihedral: bool) -> tuple[bytes, int]:
    digests, quality, _ = _compute(pixels if _rows_are_dense(pixels) else np.ascontiguousarray(pixels), dihedral)
    return digests, quality


def _rows_are_dense(pixels: NDArray[np.uint8]) -> bool:
    if pixels.ndim == 3:
        return pixels.strides[1:] == (pixels.shape[2], 1)
    return pixels.ndim != 2 or pixels.strides[1] == 1
