"""What is inside zip and tar files, streamed, with limits, and never written to disk.

Names inside an archive are labels and nothing else: an absolute name or one with `..` leads nowhere. What cannot be
read (encrypted, damaged, an unknown method) is yielded with the reason; the rest goes on.

`members` runs in its own sandboxed process (see `unpack`); nothing here opens a file.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import IO, Any, Protocol, cast

HEAD_BYTES = 512
_CHUNK = 1 << 18
_LONGEST_LINK = 1024
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_DAMAGE = (
    zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError,
    ValueError, OverflowError, IndexError, struct.error, NotImplementedError, RuntimeError,
)  # fmt: skip
_COMPRESSED: dict[str, Callable[[IO[bytes]], Any]] = {
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream, mode="rb"),
    "bzip2": lambda stream: bz2.BZ2File(stream, "rb"),
    "xz": lambda stream: lzma.LZMAFile(stream, "rb"),  # noqa: SIM115  closed with its source
}
_UNOPENED = {
    b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar", b"\x28\xb5\x2f\xfd": "zstd", b"MSCF\x00\x00\x00\x00": "cab",
}  # fmt: skip

Trouble = Generator["Member", None, str | None]  # yields members, returns why the archive was not read to its end


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """Bounds on what one file may unfold into; passing one ends that archive, with the reason in its record.

    `free_bytes` may come out of any archive; past that no more than `ratio` times its own size, and never more than
    `total_bytes`. `nested_bytes` is the size up to which an archive inside an archive is opened, `depth` how deep.
    """

    depth: int = 2
    members: int = 1_000_000
    free_bytes: int = 256 << 20
    ratio: int = 200
    total_bytes: int = 256 << 30
    nested_bytes: int = 128 << 20

    def allowed(self, packed: int) -> int:
        """The bytes that may come out of a file of `packed` bytes, over all levels."""
        return min(self.total_bytes, max(self.free_bytes, self.ratio * packed))

    def frames(self, packed: int) -> int:
        """The messages that an unpacker within these limits can have to send."""
        return 4 * self.members + 16 + self.allowed(packed) // 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file inside an archive: its names and positions from the outside in, its bytes or why there are none.

    `data` is to be read before the next member is asked for; what its `read` raises is thrown back into the generator,
    which then yields the same member again with an error. With both `data` and `error`, the bytes are whole and
    the error says what could not be done with them (an inner archive that was not read to its end).
    """

    names: tuple[str, ...]
    at: tuple[int, ...]
    data: Readable | None = None
    error: str | None = None
    link: bool = False


class Readable(Protocol):
    """What a member's bytes are read from: at least one byte until the end."""

    def read(self, size: int = -1, /) -> bytes: ...


class ArchiveLimitError(Exception):
    """The archive unfolds into more than its limits allow."""


class MemberError(Exception):
    """One member cannot be read; the archive goes on. Throw it back into the generator that yielded the member."""


def archive_kind(head: bytes) -> str | None:
    """`zip`, `tar`, `gzip`, `bzip2`, `xz` by the first 512 bytes, never by name; None for anything else."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK00PK\x03\x04")):
        return "zip"
    if head.startswith(b"\x1f\x8b\x08"):
        return "gzip"
    if head.startswith(b"BZh") and head[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        return "bzip2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    return "tar" if _is_tar(head) else None


def unopened_kind(head: bytes) -> str | None:
    """The name of an archive format that is recognised but not opened here, so that nobody takes it for empty."""
    return next((name for magic, name in _UNOPENED.items() if head.startswith(magic)), None)


def _is_tar(head: bytes) -> bool:
    if len(head) < 512 or not any(head[:100]):
        return False
    try:
        said = int(head[148:156].split(b"\0")[0].strip() or b"-1", 8)
    except ValueError:
        return False
    return said == sum(head[:148]) + 256 + sum(head[156:512])


class _Budget:
    """Counts every byte and member that comes out, over all depths of one file."""

    def __init__(self, limits: ArchiveLimits, packed: int) -> None:
        self._limits, self._bytes, self._members = limits, 0, 0
        self.allowed = limits.allowed(packed)

    def spend(self, count: int) -> None:
        self._bytes += count
        if self._bytes > self.allowed:
            raise ArchiveLimitError(f"it unfolds into more than {self.allowed >> 20} MiB")

    def member(self) -> None:
        self._members += 1
        if self._members > self._limits.members:
            raise ArchiveLimitError(f"it has more than {self._limits.members} members")


class _Metered(io.RawIOBase):
    """A stream whose bytes are charged to the budget; the foreign errors of its source pass through `fail`."""

    def __init__(self, source: IO[bytes], budget: _Budget) -> None:
        self._source, self._budget = source, budget

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return b"".join(iter(lambda: self.read(_CHUNK), b""))
        data = self._source.read(min(size, _CHUNK))
        self._budget.spend(len(data))
        return data

    def readinto(self, target: object) -> int:
        view = memoryview(target)  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)


def members(stream: IO[bytes], *, size: int, limits: ArchiveLimits) -> Trouble:
    """Everything inside an archive of `size` bytes, inner archives included, in the order it is stored.

    Returns (as the generator's value) None when all of it was read, or why not. Raises nothing of its own for a bad
    archive; MemoryError is the caller's to report.
    """
    head = stream.read(HEAD_BYTES)
    stream.seek(0)
    return (yield from _open(stream, archive_kind(head), _Budget(limits, size), limits, (), ()))


def _open(
    stream: IO[bytes], kind: str | None, budget: _Budget, limits: ArchiveLimits,
    names: tuple[str, ...], at: tuple[int, ...],
) -> Trouble:  # fmt: skip
    if kind == "zip":
        inside = _zip(stream, budget)
    elif kind == "tar":
        inside = _tar(stream, budget)
    elif kind in _COMPRESSED:
        inside = _unpacked(_COMPRESSED[kind](stream), budget)
    else:
        return "not an archive that is known here"
    trouble: list[str] = []
    encrypted = 0
    try:
        for number, item in enumerate(inside):
            budget.member()
            if item.skip:
                continue
            encrypted += item.error == _LOCKED
            trouble += yield from _member(item, (*names, item.name), (*at, number), budget, limits)
    except ArchiveLimitError as err:
        return f"not read to its end: {err}"
    except _DAMAGE as err:
        return f"damaged or cut short: {_said(err)}"
    if encrypted:
        return f"{encrypted} of its members are encrypted"
    return trouble[0] if trouble else None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    name: str
    open: Callable[[], IO[bytes]] | None = None
    error: str | None = None
    skip: bool = False
    link: bool = False


_LOCKED = "encrypted"


def _member(
    item: _Item, names: tuple[str, ...], at: tuple[int, ...], budget: _Budget, limits: ArchiveLimits
) -> Generator[Member, None, list[str]]:
    """One member, after what is inside it; returns what makes the archive around it incomplete."""
    if item.open is None:
        yield Member(names=names, at=at, error=item.error, link=item.link)
        return [] if item.link or item.error == _LOCKED else [f"a member could not be read: {item.error}"]
    try:
        source = _Guarded(_Metered(item.open(), budget))
        head = source.read_exactly(HEAD_BYTES)
        kind = archive_kind(head)
        if kind is None:
            unopened = unopened_kind(head)
            note = f"an archive ({unopened}) that is not opened here" if unopened else None
            yield Member(names=names, at=at, data=_Joined(head, source), error=note)
            source.read_exactly(1)  # the end is where a wrong checksum shows
            return []
        yield from _inner(head, kind, source, names, at, budget, limits)
    except MemberError as err:
        yield Member(names=names, at=at, error=str(err))
        return [f"a member could not be read: {err}"]
    except ArchiveLimitError as err:
        yield Member(names=names, at=at, error=f"not read to its end: {err}")
        raise
    return []


def _inner(
    head: bytes, kind: str, source: _Guarded, names: tuple[str, ...], at: tuple[int, ...],
    budget: _Budget, limits: ArchiveLimits,
) -> Iterator[Member]:  # fmt: skip
    if len(at) >= limits.depth:
        yield Member(names=names, at=at, data=_Joined(head, source), error="an archive nested too deep, not opened")
        return
    data = head + source.read_exactly(limits.nested_bytes + 1)
    if len(data) > limits.nested_bytes:
        yield Member(names=names, at=at, data=_Joined(data, source), error="an inner archive too large to be opened")
        return
    trouble = yield from _open(io.BytesIO(data), kind, budget, limits, names, at)
    yield Member(names=names, at=at, data=io.BytesIO(data), error=trouble)


class _Guarded:
    """Reads one member; whatever the decompressor raises becomes a `MemberError`, limits pass through."""

    def __init__(self, source: _Metered) -> None:
        self._source = source

    def read(self, size: int = -1) -> bytes:
        try:
            return self._source.read(size)
        except NotImplementedError as err:
            raise MemberError("compressed by a method that is not known here") from err
        except _DAMAGE as err:
            raise MemberError(f"damaged or cut short: {_said(err)}") from err

    def read_exactly(self, size: int) -> bytes:
        parts, left = [], size
        while left > 0 and (data := self.read(left)):
            parts.append(data)
            left -= len(data)
        return b"".join(parts)


class _Joined(io.RawIOBase):
    """What was already read of a member, then the rest of it."""

    def __init__(self, head: bytes, rest: _Guarded) -> None:
        self._head, self._rest = head, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._rest.read(size)
        taken, self._head = self._head[: size if size >= 0 else None], self._head[size if size >= 0 else None :]
        if size < 0:
            self._head = b""
            return taken + self._rest.read(-1)
        return taken


def _zip(stream: IO[bytes], budget: _Budget) -> Iterator[_Item]:
    with zipfile.ZipFile(stream) as archive:
        for info in archive.infolist():
            yield _zip_item(archive, info)


def _zip_item(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Item:
    if info.filename.endswith("/") and not info.file_size and not info.compress_size:
        return _Item(name=info.filename, skip=True)
    if info.flag_bits & _ENCRYPTED:
        return _Item(name=info.filename, error=_LOCKED)
    # Not every unpacker heeds the mark of a link: what is too long for one is looked at as the file it may become.
    if stat.S_ISLNK(info.external_attr >> 16) and info.create_system == 3 and info.file_size <= _LONGEST_LINK:
        return _Item(name=info.filename, error="a link, not followed", link=True)

    def opened() -> IO[bytes]:
        try:
            return archive.open(info)
        except NotImplementedError as err:
            raise MemberError("compressed by a method that is not known here") from err
        except _DAMAGE as err:
            raise MemberError(f"damaged or cut short: {_said(err)}") from err

    return _Item(name=info.filename, open=opened)


class _Watched(tarfile.TarInfo):
    """Remembers how the last header ended: `tarfile` stops at damage as quietly as at the end."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> _Watched:
        archive.ended_well = False  # type: ignore[attr-defined]
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            archive.ended_well = True  # type: ignore[attr-defined]
            raise


def _tar(stream: IO[bytes], budget: _Budget) -> Iterator[_Item]:
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Watched, errorlevel=2) as archive:
        for info in archive:
            setattr(archive, "members", [])  # noqa: B010  else it keeps every header it has seen
            if info.size > budget.allowed:  # passing over it would take as long as it says it is
                raise ArchiveLimitError("a member is said to be larger than anything that may be in it")
            yield _tar_item(archive, info)
        if not archive.ended_well:  # type: ignore[attr-defined]
            raise tarfile.ReadError("no end mark")


def _tar_item(archive: tarfile.TarFile, info: tarfile.TarInfo) -> _Item:
    if info.isdir():
        return _Item(name=info.name, skip=True)
    if info.issym() or info.islnk():
        return _Item(name=info.name, error="a link, not followed", link=True)
    # A type that nobody knows is a file to those who unpack it.
    if not info.isreg() and info.type in tarfile.SUPPORTED_TYPES:
        return _Item(name=info.name, error="a pipe or device, not opened", link=True)
    return _Item(name=info.name, open=lambda: cast(IO[bytes], archive.extractfile(info)))


def _unpacked(source: IO[bytes], budget: _Budget) -> Iterator[_Item]:
    """A compressed tar, or one compressed file, which then has no name of its own."""
    metered = _Metered(source, budget)
    buffered = io.BufferedReader(metered, 1 << 15)  # small: what comes before damage is still handed on
    if _is_tar(buffered.peek(HEAD_BYTES)[:HEAD_BYTES]):
        yield from _tar(cast(IO[bytes], buffered), budget)
    else:
        yield _Item(name="content", open=lambda: cast(IO[bytes], buffered))


def _said(err: BaseException) -> str:
    return str(err).strip() or type(err).__name__
