import numpy as np
from numpy.typing import NDArray

def hash(pixels: NDArray[np.uint8], dihedral: bool = False, /) -> tuple[bytes, int, bool]:
    """32 or 8 x 32 bytes in the order of DIHEDRALS, quality, whether the exact path was taken.

    Takes (h, w, 3) or (h, w) unsigned bytes, rows at any stride, the pixels of a row without gaps. Raises ValueError
    for anything else, MemoryError.
    """

def frequencies(pixels: NDArray[np.uint8], exact: bool, /) -> tuple[bytes, bytes]:
    """64 x 64 samples and 16 x 16 frequencies, native float32, of one of the two paths; for tests and measurements."""

def isa() -> str:
    """The instruction set in use."""

def available() -> list[str]:
    """What runs on this machine, the slowest first."""

def force(isa: str, /) -> None:
    """Use another instruction set from now on, in this process; raises ValueError when it does not run here."""
