"""SHA-256, SHA-1 and MD5 of content in one streaming pass: the C kernel where it runs, hashlib where it does not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from rempart.signals.values import Md5, Sha1, Sha256

try:
    from rempart._native import digestkernel as _kernel
except ImportError:  # not built here; `rempart doctor` says so
    _kernel = None  # type: ignore[assignment]

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """The exact signals of some bytes, and how many there were."""

    size: int
    sha256: Sha256
    sha1: Sha1
    md5: Md5


class _Running(Protocol):
    def update(self, data: bytes | memoryview) -> None: ...

    def done(self) -> Digests: ...


class ByKernel:
    """Three digests in one pass over the bytes; other threads run meanwhile."""

    def __init__(self) -> None:
        self._size = 0
        self._state = _kernel.begin()

    def update(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        _kernel.update(self._state, data)

    def done(self) -> Digests:
        return _digests(self._size, *_kernel.finish(self._state))


class ByHashlib:
    """Three digests fed side by side; hashlib lets other threads run during each large update."""

    def __init__(self) -> None:
        self._size = 0
        # Not for security: Pythons in FIPS mode refuse MD5 otherwise, and lists are full of it.
        self._sha256 = hashlib.sha256(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._md5 = hashlib.md5(usedforsecurity=False)

    def update(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        for digest in (self._sha256, self._sha1, self._md5):
            digest.update(data)

    def done(self) -> Digests:
        return _digests(self._size, self._md5.digest(), self._sha1.digest(), self._sha256.digest())


def _digests(size: int, md5: bytes, sha1: bytes, sha256: bytes) -> Digests:
    return Digests(size=size, sha256=Sha256(sha256), sha1=Sha1(sha1), md5=Md5(md5))


_in_c = _kernel is not None and bool(_kernel.available())
_start: Callable[[], _Running] = ByKernel if _in_c else ByHashlib


def backend() -> str:
    """What computes here: "c/sha" (one pass with the processor's SHA instructions) or "hashlib"."""
    return f"c/{_kernel.isa()}" if _in_c else "hashlib"


def digest_bytes(data: bytes | memoryview) -> Digests:
    """Digests of bytes in memory."""
    if _in_c:
        return _digests(memoryview(data).nbytes, *_kernel.digest(data))
    return digest_bytes_by_hashlib(data)


def digest_bytes_by_hashlib(data: bytes | memoryview) -> Digests:
    """The same as `digest_bytes`, where the kernel does not run; in chunks that stay in the processor's cache."""
    running = ByHashlib()
    view = memoryview(data).cast("B")
    for start in range(0, len(view), CHUNK):
        running.update(view[start : start + CHUNK])
    return running.done()


def digesting() -> _Running:
    """Begin digests of what comes in pieces."""
    return _start()


def digest_stream(read: BinaryIO, *, chunk: int = CHUNK) -> Digests:
    """Digests of what is left in a binary stream, in memory of one chunk (bytes, at least 1).

    OSError of the stream passes through.
    """
    running = _start()
    while data := read.read(chunk):
        running.update(data)
    return running.done()


def digest_fd(fd: int, *, chunk: int = CHUNK) -> Digests:
    """Digests of a regular file's whole content by its open descriptor, in memory of one chunk.

    Reads at explicit offsets: the descriptor's own position neither matters nor moves. OSError passes through.
    """
    running = _start()
    buffer = memoryview(bytearray(chunk))
    offset = 0
    while count := os.preadv(fd, [buffer], offset):
        running.update(buffer[:count])
        offset += count
    return running.done()
