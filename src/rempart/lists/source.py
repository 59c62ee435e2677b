"""Opening a partner's file: byte-order marks, UTF-16 and gzip are dealt with before a format sees a byte."""

from __future__ import annotations

import codecs
import gzip
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rempart.errors import IncompleteError, RefusedError

HEAD = 1 << 16
MAX_LINE = 1 << 20
MAX_RATIO = 200
"""So many times its compressed size a list may unpack to; hashes hardly shrink at all."""
PLAIN_BYTES = 64 << 20
"""Up to here nobody asks: a small file may be all alike."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An open list file as UTF-8 without a mark: `head` is its first 64 KiB, `stream` still stands at the start."""

    head: bytes
    stream: BinaryIO


class _Utf8(io.RawIOBase):
    """A stream of another encoding, or of other line ends, as UTF-8; what cannot be decoded becomes U+FFFD."""

    def __init__(self, stream: BinaryIO, encoding: str, *, newline: str | None = "") -> None:
        self._text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline=newline)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = self._text.read(HEAD).encode("utf-8", "replace")
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def shown(path: str | os.PathLike[str]) -> str:
    """A path as text that can be printed and stored: bytes of a name that are not UTF-8 become U+FFFD."""
    return os.fsencode(path).decode("utf-8", "replace")


class _Packed(io.RawIOBase):
    """Compressed bytes on their way, counted."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        found = self._stream.read(size)
        self.count += len(found)
        return found


class _Unpacked(io.RawIOBase):
    """What a gzip stream unpacks to, as long as that stays within reason."""

    def __init__(self, stream: BinaryIO) -> None:
        self._packed = _Packed(stream)
        self._gzip = gzip.GzipFile(fileobj=self._packed)
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._gzip.read(len(buffer))
        buffer[: len(found)] = found
        self._count += len(found)
        if self._count > PLAIN_BYTES and self._count > MAX_RATIO * self._packed.count:
            raise RefusedError(
                f"The compressed file unpacks to more than {MAX_RATIO} times its size.",
                hint="A list of hashes does not; unpack it first and look at it.",
            )
        return len(found)


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a list file for reading; gzip, UTF-16 with a mark, the UTF-8 mark and bare CR are recognised.

    Raises IncompleteError when the file cannot be opened.
    """
    try:
        file = path.open("rb", buffering=HEAD)
    except OSError as err:
        hint = "Name the list files in it, or say --pictures for a folder of pictures." if path.is_dir() else ""
        raise IncompleteError(f"{shown(path)} could not be opened: {err.strerror}.", hint=hint) from err
    with file:
        yield prepared(file)


def prepared(file: BinaryIO) -> Source:
    """The same for a stream that is open: `file` is buffered and has `peek`."""
    stream: Any = file
    if stream.peek(HEAD).startswith(_GZIP):
        stream = io.BufferedReader(_Unpacked(stream), HEAD)
    head = stream.peek(HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        stream = io.BufferedReader(_Utf8(stream, "utf-16"), HEAD)
        head = stream.peek(HEAD)
    elif head.startswith(codecs.BOM_UTF8):
        stream.read(len(codecs.BOM_UTF8))
        head = stream.peek(HEAD)
    if b"\r" in head and b"\n" not in head:
        stream = io.BufferedReader(_Utf8(stream, "utf-8", newline=None), HEAD)
        head = stream.peek(HEAD)
    return Source(head=head[:HEAD], stream=stream)


def numbered_lines(stream: BinaryIO, *, limit: int = MAX_LINE) -> Iterator[tuple[int, str | None]]:
    """Yield (line number from 1, text without its line end); None stands for a line over `limit` bytes.

    Memory stays bounded whatever a line's length. Undecodable bytes become U+FFFD, so they can spoil their
    own value only.
    """
    number = 0
    while line := stream.readline(limit):
        number += 1
        if len(line) == limit and not line.endswith(b"\n"):
            while rest := stream.readline(limit):
                if rest.endswith(b"\n"):
                    break
            yield number, None
            continue
        yield number, line.rstrip(b"\r\n").decode("utf-8", "replace")
