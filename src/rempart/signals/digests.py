"""SHA-256, SHA-1 and MD5 of content in one streaming pass."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import BinaryIO

from rempart.signals.values import Md5, Sha1, Sha256

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """The exact signals of some bytes, and how many there were."""

    size: int
    sha256: Sha256
    sha1: Sha1
    md5: Md5


class _Running:
    """Three digests fed side by side; hashlib lets other threads run during each large update."""

    def __init__(self) -> None:
        self._size = 0
        self._sha256 = hashlib.sha256(usedforsecurity=False)
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._md5 = hashlib.md5(usedforsecurity=False)

    def update(self, data: bytes | memoryview) -> None:
        self._size += len(data)
        for digest in (self._sha256, self._sha1, self._md5):
            digest.update(data)

    def done(self) -> Digests:
        return Digests(
            size=self._size,
            sha256=Sha256(self._sha256.digest()),
            sha1=Sha1(self._sha1.digest()),
            md5=Md5(self._md5.digest()),
        )


def digest_bytes(data: bytes | memoryview) -> Digests:
    """Digests of bytes in memory; they are taken in chunks that stay in the processor's cache."""
    running = _Running()
    view = memoryview(data).cast("B")
    for start in range(0, len(view), CHUNK):
        running.update(view[start : start + CHUNK])
    return running.done()


def digest_stream(read: BinaryIO, *, chunk: int = CHUNK) -> Digests:
    """Digests of what is left in a binary stream, in memory of one chunk (bytes, at least 1).

    OSError of the stream passes through.
    """
    running = _Running()
    while data := read.read(chunk):
        running.update(data)
    return running.done()


def digest_fd(fd: int, *, chunk: int = CHUNK) -> Digests:
    """Digests of a regular file's whole content by its open descriptor, in memory of one chunk.

    Reads at explicit offsets: the descriptor's own position neither matters nor moves. OSError passes through.
    """
    running = _Running()
    buffer = memoryview(bytearray(chunk))
    offset = 0
    while count := os.preadv(fd, [buffer], offset):
        running.update(buffer[:count])
        offset += count
    return running.done()
