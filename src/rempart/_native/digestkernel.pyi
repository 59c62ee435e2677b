from typing import Any

# Anything of contiguous bytes; NumPy's stubs aside, Python names the buffer protocol only from 3.12 on.
Buffer = Any

def digest(data: Buffer, /) -> tuple[bytes, bytes, bytes]:
    """MD5 (16 bytes), SHA-1 (20) and SHA-256 (32) of contiguous bytes, in one pass without the interpreter's lock.

    RuntimeError when `available()` is empty: so for `update` and `finish`.
    """

def begin() -> bytearray:
    """The state of nothing read yet. It is of this build and this machine: not to be stored."""

def update(state: bytearray, data: Buffer, /) -> None:
    """Take in more bytes. ValueError when `state` has not the length of one."""

def finish(state: bytearray, /) -> tuple[bytes, bytes, bytes]:
    """The three digests of what was taken in so far, as `digest`; the state stays as it is."""

def isa() -> str:
    """The instruction set in use: "sha", or "none"."""

def available() -> list[str]:
    """Those that run on this machine; empty without the SHA instructions of x86-64."""

def force(isa: str, /) -> None:
    """Use another one, for tests and measurements. ValueError when it does not run here."""
