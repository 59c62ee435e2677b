"""Every picture that a project brings along, one after the other, with what could not be read of it.

Files are opened for reading only, and files that a project names only below its own folder and those that were named
as libraries: a project from elsewhere cannot have others read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rempart.gate.containers import Inside, is_picture_name, project_kind, read_project
from rempart.scan.archives import HEAD_BYTES, archive_kind, unopened_kind
from rempart.scan.unpack import BrokeOffError, Unpacked, Unpacker
from rempart.signals.mediatype import sniff
from rempart.signals.pool import WorkerPool

PROJECT_SUFFIXES = frozenset({".gltf", ".glb", ".duf", ".dsf"})
_MOST_BYTES = 256 << 20
_UNKNOWN = "no project file that is known here"
_NO_PICTURE = "no picture format that is known here"
_TOO_LARGE = f"larger than {_MOST_BYTES >> 20} MiB"
_NOT_THERE = "a file that it names is not there, or outside its folder and the libraries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """One picture of a project: where it stands in it, and its bytes or why there are none."""

    place: tuple[str, ...]
    data: bytes | None = None
    unread: str | None = None


class Projects:
    """Reads projects; `libraries` are folders in which the files may lie that a project names."""

    def __init__(self, pool: WorkerPool, unpacker: Unpacker, *, libraries: Sequence[Path] = ()) -> None:
        self._pool, self._unpacker, self._libraries = pool, unpacker, libraries

    def pictures(self, path: Path) -> Iterator[Brought]:
        """The pictures of a project file. Never raises for what it holds; raises UnavailableError."""
        try:
            descriptor, size = _opened(path)
        except OSError as err:
            yield Brought(place=(), unread=err.strerror or "it cannot be opened")
            return
        try:
            head = os.pread(descriptor, HEAD_BYTES, 0)
            kind = archive_kind(head)
            if kind is not None and not (kind == "gzip" and path.suffix.lower() in PROJECT_SUFFIXES):
                yield from self._unpacked(descriptor, size)
            elif size > _MOST_BYTES:
                yield Brought(place=(), unread=_TOO_LARGE)
            else:
                yield from self._plain(path, _all(descriptor, size))
        finally:
            os.close(descriptor)

    def _plain(self, path: Path, data: bytes) -> Iterator[Brought]:
        if sniff(data[:HEAD_BYTES]) is not None:
            yield Brought(place=(), data=data)
        elif project_kind(data[:HEAD_BYTES]) is not None:
            inside = read_project(self._pool, data)
            yield from _held(inside, ())
            for name in inside.names:
                yield self._beside(path, name)
        else:
            yield Brought(place=(), unread=unopened_kind(data[:HEAD_BYTES]) or _UNKNOWN)

    def _beside(self, path: Path, name: str) -> Brought:
        """A file that a project names."""
        wanted = PurePosixPath(name.replace("\\", "/").lstrip("/"))
        roots = [path.parent, *self._libraries]
        if "://" in name or "\0" in name:
            return Brought(place=(name,), unread="it lies at an address, which is not asked")
        for root in roots:
            try:
                top = root.resolve()
                place = (top / wanted).resolve()
                if not place.is_relative_to(top):
                    continue
                descriptor, size = _opened(place)
            except (OSError, RuntimeError):  # the latter for links that lead in a circle
                continue
            try:
                if size > _MOST_BYTES:
                    return Brought(place=(name,), unread=_TOO_LARGE)
                return _picture((name,), _all(descriptor, size))
            finally:
                os.close(descriptor)
        return Brought(place=(name,), unread=_NOT_THERE)

    def _unpacked(self, descriptor: int, size: int) -> Iterator[Brought]:
        members = self._unpacker.members(descriptor, size=size)
        seen: set[str] = set()
        wanted: list[tuple[tuple[str, ...], str]] = []
        while True:
            try:
                member = next(members)
            except StopIteration as end:
                if end.value is not None:
                    yield Brought(place=(), unread=str(end.value))
                break
            seen.add(_last(member.names[-1]))
            yield from self._member(member, wanted)
        for place, name in wanted:
            if _last(name) not in seen:
                yield Brought(place=(*place, name), unread=_NOT_THERE)

    def _member(self, member: Unpacked, wanted: list[tuple[tuple[str, ...], str]]) -> Iterator[Brought]:
        place = member.names
        if member.stream is None:
            if not member.link:
                yield Brought(place=place, unread=member.error or "it cannot be read")
            return
        try:
            data = _read(member)
        except BrokeOffError:
            return  # the same member follows, with the reason
        head = data[:HEAD_BYTES]
        if sniff(head) is not None:
            yield _picture(place, data)
        elif head.startswith(b"glTF") or PurePosixPath(place[-1]).suffix.lower() in PROJECT_SUFFIXES:
            inside = read_project(self._pool, data)
            yield from _held(inside, place)
            wanted += [(place, name) for name in inside.names]
        elif member.error is not None or is_picture_name(place[-1]):
            yield Brought(place=place, unread=member.error or _NO_PICTURE)


def _picture(place: tuple[str, ...], data: bytes) -> Brought:
    if len(data) > _MOST_BYTES:
        return Brought(place=place, unread=_TOO_LARGE)
    known = sniff(data[:HEAD_BYTES]) is not None
    return Brought(place=place, data=data if known else None, unread=None if known else _NO_PICTURE)


def _held(inside: Inside, place: tuple[str, ...]) -> Iterator[Brought]:
    for number, data in enumerate(inside.pictures, 1):
        yield Brought(place=(*place, f"picture {number}"), data=data)
    if inside.unread is not None:
        yield Brought(place=place, unread=inside.unread)


def _read(member: Unpacked) -> bytes:
    parts, left = [], _MOST_BYTES + 1
    assert member.stream is not None
    while left > 0 and (part := member.stream.read(min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _opened(path: Path) -> tuple[int, int]:
    """A descriptor of a regular file, and its size. Raises OSError for everything else, and never waits for a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no file")
    return descriptor, found.st_size


def _all(descriptor: int, size: int) -> bytes:
    parts, at = [], 0
    while at < size and (part := os.pread(descriptor, min(size - at, 1 << 24), at)):
        parts.append(part)
        at += len(part)
    return b"".join(parts)


def _last(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].lower()
