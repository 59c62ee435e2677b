from collections.abc import Buffer

def hash(pixels: Buffer, dihedral: bool = False, /) -> tuple[bytes, int, bool]:
    """32 or 8 x 32 bytes, quality, whether the exact path was taken."""

def frequencies(pixels: Buffer, exact: bool, /) -> tuple[bytes, bytes]:
    """64 x 64 samples and 16 x 16 frequencies, native float32, of one path."""

def isa() -> str: ...
def available() -> list[str]: ...
def force(isa: str, /) -> None: ...
