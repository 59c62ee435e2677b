"""The one container file of the index: named sections behind one checked header.

Layout, little-endian throughout::

    0        header, 64 bytes: magic, version, CRC-32 of header and directory, file size, directory place, kind
    64 …     sections, each aligned to 64 bytes (big ones to a page)
    end      directory: JSON (names, dtypes, places) and one CRC-32 for every MiB of every section

A file has no name until it is whole (see `newfile`) and is never truncated, so that whoever has the old one mapped
keeps a whole old one. Header and directory are checked at open; sections when asked (`verify`), or
on first use (`checked`).
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import re
import stat
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rempart.errors import DISK_FULL, CorruptFileError, ForeignFileError, IncompleteError, StorageFullError
from rempart.index.newfile import NewFile

MAGIC = b"\x8eRMPRT\r\n"
VERSION = 1
BLOCK = 1 << 20
_HEADER = struct.Struct("<8sIIQQQ24s")
_ALIGN, _PAGE = 64, 4096
# Sections from this size on start on a huge page and are written in pieces of whole ones: the page cache then holds
# them in huge pages, and random access to the mapping is half as fast again.
_HUGE, _BIG, _PIECE = 2 << 20, 16 << 20, 8 << 20
_MAX_DIRECTORY = 64 << 20
_MAX_NAME = 64
_PLAIN_DTYPE = re.compile(r"\|[bui]1|<[uif][248]")

Buffer = bytes | bytearray | memoryview | NDArray[Any]
_Mapped = mmap.mmap | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Where a section lies: `offset` and `length` in bytes; `crcs` one CRC-32 per block of 1 MiB."""

    name: str
    dtype: str
    offset: int
    length: int
    crcs: Sequence[int]


def _blocks(length: int) -> int:
    return -(-length // BLOCK)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        if err.errno in DISK_FULL:
            raise StorageFullError(
                f"No room left to write {path.name}.", hint="Nothing was changed; free some space and try again."
            ) from err
        raise


class SectionWriter:
    """Writes a container file in whole or not at all; a context manager that aborts on an exception.

    Sections are written in the order they are added. Raises StorageFullError when the disk fills up; whatever
    stood at `path` before is then untouched.
    """

    def __init__(self, path: str | os.PathLike[str], *, kind: str) -> None:
        if sys.byteorder != "little":
            raise ForeignFileError("Rempart's files are little-endian; this machine is not.")
        self._kind = kind.encode("ascii")
        if not 0 < len(self._kind) <= 24:
            raise ValueError("a kind has 1 to 24 ASCII characters")
        self.path = Path(path)
        self._file = NewFile(self.path)
        self._fd = self._file.fd
        self._end = _HEADER.size
        self._sections: list[Section] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        if kind is not None:
            self.abort()
        elif self._fd >= 0:
            try:
                self.commit()
            except BaseException:
                self.abort()
                raise

    def add(self, name: str, data: Buffer) -> None:
        """Write one section from an array (C order) or bytes; its dtype is recorded."""
        dtype = data.dtype.str if isinstance(data, np.ndarray) else "|u1"
        if not _PLAIN_DTYPE.fullmatch(dtype):
            raise ValueError("only plain little-endian arrays can be stored")
        flat = np.ascontiguousarray(data) if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
        view = flat.reshape(-1).view(np.uint8).data
        self._check_name(name)
        start = self._aligned(_HUGE if len(view) >= _BIG else _PAGE)
        with _disk_errors(self.path):
            for at in range(0, len(view), _PIECE):
                self._write(view[at : at + _PIECE], start + at)
        crcs = [zlib.crc32(view[at : at + BLOCK]) for at in range(0, len(view), BLOCK)]
        self._append(name, dtype, start, len(view), crcs)

    def add_chunks(self, name: str, chunks: Iterable[bytes | memoryview], *, dtype: DTypeLike = np.uint8) -> int:
        """Write one section from pieces whose total is not known beforehand; returns its length in bytes."""
        self._check_name(name)
        start = position = self._aligned(_PAGE)
        crcs: list[int] = []
        with _disk_errors(self.path):
            for block in _regrouped(chunks):
                crcs.append(zlib.crc32(block))
                self._write(memoryview(block), position)
                position += len(block)
        self._append(name, np.dtype(dtype).str, start, position - start, crcs)
        return position - start

    def commit(self) -> None:
        """Write checksums and header, flush to the disk, and rename into place (mode 0600)."""
        directory = _pack_directory(self._sections)
        place = self._aligned(_ALIGN)
        header = _pack_header(self._kind, place + len(directory), place, directory)
        with _disk_errors(self.path):
            self._write(memoryview(directory), place)
            self._write(memoryview(header), 0)
            self._file.publish()
            self._close()
            _sync_folder(self.path.parent)

    def abort(self) -> None:
        """Remove what was written; harmless after `commit`."""
        if self._fd >= 0:
            self._close()

    def _close(self) -> None:
        self._file.close()
        self._fd = -1

    def _check_name(self, name: str) -> None:
        if not 0 < len(name) <= _MAX_NAME or any(section.name == name for section in self._sections):
            raise ValueError(f"section name {name!r} is empty, too long or taken")

    def _aligned(self, align: int) -> int:
        return -(-self._end // align) * align

    def _append(self, name: str, dtype: str, start: int, length: int, crcs: Sequence[int]) -> None:
        self._sections.append(Section(name=name, dtype=dtype, offset=start, length=length, crcs=crcs))
        self._end = start + length

    def _write(self, view: memoryview, position: int) -> None:
        while view:
            written = os.pwrite(self._fd, view, position)
            view, position = view[written:], position + written


def _regrouped(chunks: Iterable[bytes | memoryview]) -> Iterator[bytes]:
    """The same bytes in blocks of 1 MiB, the last one shorter."""
    waiting = bytearray()
    for chunk in chunks:
        waiting += chunk
        while len(waiting) >= BLOCK:
            yield bytes(waiting[:BLOCK])
            del waiting[:BLOCK]
    if waiting:
        yield bytes(waiting)


def _pack_directory(sections: Sequence[Section]) -> bytes:
    table = [{"name": s.name, "dtype": s.dtype, "offset": s.offset, "length": s.length} for s in sections]
    text = json.dumps({"sections": table}, separators=(",", ":")).encode()
    crcs = np.array([crc for s in sections for crc in s.crcs], dtype="<u4").tobytes()
    return struct.pack("<I", len(text)) + text + crcs


def _pack_header(kind: bytes, size: int, place: int, directory: bytes) -> bytes:
    def pack(crc: int) -> bytes:
        return _HEADER.pack(MAGIC, VERSION, crc, size, place, len(directory), kind)

    return pack(zlib.crc32(directory, zlib.crc32(pack(0))))


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Some network file systems refuse to flush a folder; the rename itself has happened.
        with suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)


class SectionFile:
    """A container file, mapped read-only and shared with every other process that reads it.

    `open` checks header and directory and raises ForeignFileError (not ours, or another kind or version),
    IncompleteError (cut short) or CorruptFileError (does not agree with its checksum).
    """

    def __init__(self, path: Path, mapped: _Mapped, sections: Sequence[Section]) -> None:
        self.path = path
        self._map: _Mapped | None = mapped
        self._sections = {section.name: section for section in sections}
        self._verified: set[str] = set()

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, kind: str) -> Self:
        """Map the file and check its header and directory; the sections' blocks are not read.

        A file that is missing or may not be read raises the OSError that says so.
        """
        place = Path(path)
        # A pipe must not keep the caller waiting for somebody to write into it.
        fd = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode):
                raise ForeignFileError(f"{place.name} is no regular file.")
            mapped = _map(fd, info.st_size)
        finally:
            os.close(fd)
        return cls(place, mapped, _read_sections(place.name, memoryview(mapped), kind))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def names(self) -> tuple[str, ...]:
        """The sections' names in file order."""
        return tuple(self._sections)

    def array(self, name: str, dtype: DTypeLike) -> NDArray[Any]:
        """A read-only one-dimensional array over the mapping; raises CorruptFileError if absent or of another dtype."""
        section = self._section(name)
        wanted = np.dtype(dtype)
        if np.dtype(section.dtype) != wanted:
            raise CorruptFileError(f"{self.path.name}: section {name} holds {section.dtype}, not {wanted.str}.")
        return np.frombuffer(self._mapped(), wanted, count=section.length // wanted.itemsize, offset=section.offset)

    def bytes(self, name: str) -> memoryview:
        """A read-only view of a section's bytes over the mapping."""
        section = self._section(name)
        return memoryview(self._mapped())[section.offset : section.offset + section.length]

    def checked(self, name: str, dtype: DTypeLike) -> NDArray[Any]:
        """As `array`, with the section's blocks verified on first use; meant for small sections."""
        if name not in self._verified:
            self.verify((name,))
        return self.array(name, dtype)

    def verify(self, names: Iterable[str] | None = None) -> None:
        """Check every block of the named sections (default all); raises CorruptFileError naming section and block."""
        for name in self.names if names is None else names:
            for block, (data, crc) in enumerate(self._blocks_of(name)):
                if zlib.crc32(data) != crc:
                    raise CorruptFileError(
                        f"{self.path.name}: section {name}, block {block} does not agree with its checksum.",
                        hint="Restore the file or build it again.",
                    )
            self._verified.add(name)

    def let_pages_go(self) -> None:
        """Count nothing of the file as this process's memory until it is read again: after `verify`, most of it is not
        needed soon, and the system keeps it in its cache for as long as there is room."""
        if isinstance(self._map, mmap.mmap):
            with suppress(OSError):
                self._map.madvise(mmap.MADV_DONTNEED)

    def length(self, name: str) -> int:
        """A section's length in bytes."""
        return self._section(name).length

    def sha256(self) -> str:
        """The SHA-256 of the whole file as it is mapped, whatever stands at its path by now."""
        return hashlib.sha256(self._mapped()).hexdigest()

    @property
    def size(self) -> int:
        """The file's size in bytes."""
        return len(self._mapped())

    def close(self) -> None:
        """Let go of the mapping; arrays handed out before stay valid until they are dropped."""
        mapped, self._map = self._map, None
        if isinstance(mapped, mmap.mmap):
            with suppress(BufferError):
                mapped.close()

    def _blocks_of(self, name: str) -> Iterator[tuple[memoryview, int]]:
        section, data = self._section(name), self.bytes(name)
        for block, crc in enumerate(section.crcs):
            yield data[block * BLOCK : (block + 1) * BLOCK], crc

    def _mapped(self) -> _Mapped:
        if self._map is None:
            raise ValueError("the file is closed")
        return self._map

    def _section(self, name: str) -> Section:
        try:
            return self._sections[name]
        except KeyError:
            raise CorruptFileError(f"{self.path.name} has no section {name}.") from None


def _map(fd: int, size: int) -> _Mapped:
    if not size:
        return b""
    mapped = mmap.mmap(fd, size, prot=mmap.PROT_READ)
    # Advice only: kernels and file systems without huge pages for files say no.
    with suppress(OSError):
        mapped.madvise(mmap.MADV_HUGEPAGE)
    return mapped


def _read_sections(name: str, data: memoryview, kind: str) -> list[Section]:
    head = bytes(data[: _HEADER.size])
    if head[: len(MAGIC)] != MAGIC[: len(head)]:
        raise ForeignFileError(f"{name} was not written by Rempart.")
    if len(head) < _HEADER.size:
        raise IncompleteError(f"{name} is cut short: {len(data)} bytes.")
    _, version, crc, size, place, length, stored_kind = _HEADER.unpack(head)
    if version != VERSION:
        raise ForeignFileError(f"{name} has format version {version}; this Rempart reads {VERSION}.")
    if len(data) < size:
        raise IncompleteError(f"{name} is cut short: {len(data)} of {size} bytes.")
    if len(data) > size or place + length != size or not 4 <= length <= _MAX_DIRECTORY or place < _HEADER.size:
        raise CorruptFileError(f"{name}: the header does not fit the file.")
    directory = bytes(data[place:size])
    if zlib.crc32(directory, zlib.crc32(head[:12] + bytes(4) + head[16:])) != crc:
        raise CorruptFileError(f"{name}: header or directory does not agree with its checksum.")
    if stored_kind.rstrip(b"\0") != kind.encode("ascii"):
        told = stored_kind.rstrip(b"\0").decode("ascii", "replace")
        raise ForeignFileError(f"{name} is a file of kind {told!r}, not {kind!r}.")
    try:
        return list(_unpack_directory(directory, place))
    except (ValueError, KeyError, TypeError, RecursionError, struct.error) as err:
        raise CorruptFileError(f"{name}: the directory cannot be read.") from err


def _unpack_directory(directory: bytes, limit: int) -> Iterator[Section]:
    (text_length,) = struct.unpack_from("<I", directory)
    if 4 + text_length > len(directory):
        raise ValueError("directory text")
    table = json.loads(directory[4 : 4 + text_length])["sections"]
    crcs = np.frombuffer(directory[4 + text_length :], "<u4")
    used, seen = 0, set[str]()
    for row in table:
        name, dtype, offset, length = row["name"], row["dtype"], row["offset"], row["length"]
        if not (isinstance(name, str) and isinstance(dtype, str) and type(offset) is int and type(length) is int):
            raise TypeError("directory row")
        # NumPy reads a small language here, and some sentences of it end the process.
        if name in seen or not _PLAIN_DTYPE.fullmatch(dtype):
            raise ValueError("directory row")
        if offset < _HEADER.size or length < 0 or offset + length > limit or length % int(dtype[2:]):
            raise ValueError("section out of bounds")
        seen.add(name)
        blocks = _blocks(length)
        if used + blocks > len(crcs):
            raise ValueError("missing checksums")
        yield Section(
            name=name, dtype=dtype, offset=offset, length=length, crcs=[int(c) for c in crcs[used : used + blocks]]
        )
        used += blocks
    if used != len(crcs):
        raise ValueError("stray checksums")
