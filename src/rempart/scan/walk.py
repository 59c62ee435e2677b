"""Every file below the given paths, one at a time, through read-only handles that never leave the tree.

Each folder is opened relative to the folder above it and never through a link, so a folder that is swapped for a
link in mid-scan leads nowhere else. Files are opened with `O_NOFOLLOW | O_NONBLOCK` and, where the system allows,
`O_NOATIME`; only regular files are handed on. Nothing is listed in advance: memory does not grow with the tree.
"""

from __future__ import annotations

import errno
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum

_DEPTH_OF_OPEN_FOLDERS = 96  # below it a folder is reopened from its root: descriptors are limited, depth is not
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = _FILE | os.O_DIRECTORY
_NOATIME = getattr(os, "O_NOATIME", 0)


class Problem(StrEnum):
    """Why an entry was met but not opened."""

    LINK = "link"
    SPECIAL = "special"
    VANISHED = "vanished"
    DENIED = "denied"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What tells whether a file is still the one that was looked at: size, modification time in ns, inode."""

    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        return cls(size=status.st_size, mtime_ns=status.st_mtime_ns, inode=status.st_ino)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One entry of the tree: an open descriptor and its stamp, or a problem and what the system said."""

    path: str
    fd: int = -1
    stamp: Stamp | None = None
    problem: Problem | None = None
    error: str | None = None


@dataclass(slots=True, kw_only=True)
class Walk:
    """The walk over several roots. `skip` and `skip_folder` are asked first; what they turn down is not opened.

    A path that is a link is listed as not followed, also when it was named itself; so are pipes, sockets and devices.
    Whoever takes a `Found` with a descriptor closes it. `atime_unkept` counts the opens for which the system did
    not allow `O_NOATIME` (only a file's owner and root may ask for it).
    """

    skip: Callable[[str, Stamp], bool] = lambda _path, _stamp: False
    skip_folder: Callable[[str], bool] = lambda _path: False
    one_file_system: bool = False
    atime_unkept: int = 0
    _late: deque[tuple[str, tuple[str, ...]]] = field(default_factory=deque)

    def over(self, roots: Iterable[str]) -> Iterator[Found]:
        """All entries below the roots, in the order in which the system lists them."""
        for root in roots:
            yield from self._root(root)
            while self._late:
                yield from self._tree(*self._late.popleft())

    def _root(self, root: str) -> Iterator[Found]:
        try:
            status = os.lstat(root)
        except (OSError, ValueError) as err:
            yield _failed(root, err)
            return
        if stat.S_ISDIR(status.st_mode):
            if not self.skip_folder(root):
                yield from self._tree(root, ())
        else:
            yield from self._entry(root, root, None, status)

    def _tree(self, root: str, below: tuple[str, ...]) -> Iterator[Found]:
        """The folder `below` the root (reached one component at a time) and everything in it."""
        path = os.path.join(root, *below)
        with ExitStack() as opened:
            try:
                fd = self._reach(root, below, opened)
                device = os.fstat(fd).st_dev
                levels = [_Level(path, below, fd)]
            except (OSError, ValueError) as err:
                yield _failed(path, err)
                return
            opened.callback(_close_all, levels)
            while levels:
                entry = levels[-1].next()
                if entry is None:
                    levels.pop().close()
                    continue
                if isinstance(entry, OSError):
                    yield _failed(levels[-1].path, entry)
                    continue
                yield from self._step(root, levels, entry, device)

    def _reach(self, root: str, below: tuple[str, ...], opened: ExitStack) -> int:
        fd = self._open(root, _FOLDER, None)
        for name in below:
            try:
                inner = self._open(name, _FOLDER, fd)
            finally:
                os.close(fd)
            fd = inner
        opened.callback(os.close, fd)
        return fd

    def _step(self, root: str, levels: list[_Level], entry: os.DirEntry[str], device: int) -> Iterator[Found]:
        above = levels[-1]
        path = os.path.join(above.path, entry.name)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as err:
            yield _failed(path, err)
            return
        if not stat.S_ISDIR(status.st_mode):
            yield from self._entry(path, entry.name, above.fd, status)
            return
        if (self.one_file_system and status.st_dev != device) or self.skip_folder(path):
            return
        below = (*above.below, entry.name)
        if len(levels) >= _DEPTH_OF_OPEN_FOLDERS:
            self._late.append((root, below))
            return
        try:
            fd = self._open(entry.name, _FOLDER, above.fd)
        except OSError as err:
            yield _failed(path, err)
            return
        levels.append(_Level(path, below, fd, owned=True))

    def _entry(self, path: str, name: str, folder: int | None, status: os.stat_result) -> Iterator[Found]:
        kind = _not_regular(status.st_mode)
        if kind is not None:
            yield kind(path)
            return
        if self.skip(path, Stamp.of(status)):
            return
        try:
            fd = self._open(name, _FILE, folder)
        except (OSError, ValueError) as err:
            yield _failed(path, err)
            return
        status = os.fstat(fd)
        kind = _not_regular(status.st_mode)
        if kind is not None:  # it was swapped between the listing and the opening
            os.close(fd)
            yield kind(path)
            return
        yield Found(path=path, fd=fd, stamp=Stamp.of(status))

    def _open(self, name: str, flags: int, folder: int | None) -> int:
        try:
            return os.open(name, flags | _NOATIME, dir_fd=folder)
        except PermissionError:
            fd = os.open(name, flags, dir_fd=folder)
            self.atime_unkept += 1
            return fd


class _Level:
    """One open folder of the way down, and what is left to list in it."""

    __slots__ = ("_entries", "_owned", "below", "fd", "path")

    def __init__(self, path: str, below: tuple[str, ...], fd: int, *, owned: bool = False) -> None:
        self.path, self.below, self.fd, self._owned = path, below, fd, owned
        self._entries = os.scandir(fd)

    def next(self) -> os.DirEntry[str] | OSError | None:
        try:
            return next(self._entries, None)
        except OSError as err:
            self._entries.close()
            return err

    def close(self) -> None:
        self._entries.close()
        if self._owned:
            os.close(self.fd)


def _close_all(levels: list[_Level]) -> None:
    while levels:
        levels.pop().close()


def _not_regular(mode: int) -> Callable[[str], Found] | None:
    if stat.S_ISREG(mode):
        return None
    if stat.S_ISLNK(mode):
        return _link
    return _special


def _link(path: str) -> Found:
    return Found(path=path, problem=Problem.LINK, error="a link, not followed")


def _special(path: str) -> Found:
    return Found(path=path, problem=Problem.SPECIAL, error="a pipe, socket or device, not opened")


def _failed(path: str, err: OSError | ValueError) -> Found:
    """What the system said, as an entry of its own, so that nothing is left out quietly."""
    number = err.errno if isinstance(err, OSError) else None
    if number in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        return Found(path=path, problem=Problem.VANISHED, error="not there, or gone since it was listed")
    if number == errno.ELOOP:
        return _link(path)
    if number in (errno.EACCES, errno.EPERM):
        return Found(path=path, problem=Problem.DENIED, error="no permission to read it")
    said = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
    return Found(path=path, problem=Problem.OTHER, error=f"could not be opened: {said}")
