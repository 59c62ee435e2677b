"""Blobs in a folder: files 0600 in folders 0700, flushed to the disk before they get their names.

Written with the system's own calls and not through obstore's local store, which neither flushes a file before it is
named nor sets its mode, and whose listing hides what a killed process left behind.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rempart.errors import DISK_FULL, BlobMissingError, BlobStoreUnavailableError, RefusedError, StorageFullError

PIECE = 1 << 20
"""Bytes that are in memory at once while a blob is read."""
_UNFINISHED = "unfinished"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobFound:
    """One blob as a listing tells of it."""

    name: str
    size: int
    modified: datetime


class FolderBlobs:
    """Blobs in the folder `root`, spread over subfolders by the first two characters of their names.

    The folder is made when it is opened and never later: when a mount goes away, nothing is written to what lies below.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            (root / _UNFINISHED).mkdir(mode=0o700, exist_ok=True)
        except OSError as err:
            raise self._failed(err) from err

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a blob; it and its name are on the disk when this returns."""
        place = self._path(name)
        unfinished = self._root / _UNFINISHED / secrets.token_hex(16)
        try:
            fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                self._write(fd, pieces)
                self._make_folder(place.parent)
                unfinished.replace(place)
            except BaseException:
                with suppress(OSError):
                    unfinished.unlink()
                raise
            finally:
                os.close(fd)
            _sync(place.parent)
        except OSError as err:
            raise self._failed(err) from err

    def get(self, name: str) -> Iterator[bytes]:
        """Yield a blob's bytes."""
        path = self._path(name)
        try:
            with path.open("rb", buffering=0) as file:
                while piece := file.read(PIECE):
                    yield piece
        except FileNotFoundError as err:
            self.check()
            raise BlobMissingError(f"The blob {name} is not in the blob folder.") from err
        except OSError as err:
            raise self._failed(err) from err

    def delete(self, name: str) -> None:
        """Remove a blob and flush that to the disk."""
        path = self._path(name)
        try:
            path.unlink()
            _sync(path.parent)
        except FileNotFoundError:
            self.check()
        except OSError as err:
            raise self._failed(err) from err

    def found(self) -> Iterator[BlobFound]:
        """Yield every blob and every unfinished file."""
        self.check()
        try:
            for folder in sorted(self._root.iterdir()):
                for path in folder.iterdir() if folder.is_dir() else ():
                    with suppress(FileNotFoundError):
                        told = path.stat()
                        name = f"{_UNFINISHED}/{path.name}" if folder.name == _UNFINISHED else path.name
                        modified = datetime.fromtimestamp(told.st_mtime, UTC)
                        yield BlobFound(name=name, size=told.st_size, modified=modified)
        except OSError as err:
            raise self._failed(err) from err

    def check(self) -> None:
        """Raise BlobStoreUnavailableError when the folder is gone or not ours to write to."""
        if not os.access(self._root / _UNFINISHED, os.W_OK | os.X_OK):
            raise BlobStoreUnavailableError("The blob folder is not there, or may not be written to.")

    def _write(self, fd: int, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(fd, rest) :]
        os.fsync(fd)

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            _sync(self._root)

    def _path(self, name: str) -> Path:
        folder, _, rest = name.rpartition("/")
        if folder not in ("", _UNFINISHED) or not (rest.isascii() and rest.isalnum()):
            raise RefusedError("That is not the name of a blob.")
        return self._root / (folder or rest[:2]) / rest

    def _failed(self, err: OSError) -> StorageFullError | BlobStoreUnavailableError:
        if err.errno in DISK_FULL:
            return StorageFullError(
                "There is no room left for blobs.", hint="Free space; what was sealed is untouched."
            )
        return BlobStoreUnavailableError(f"The blob folder cannot be used: {err.strerror or err}.")


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
