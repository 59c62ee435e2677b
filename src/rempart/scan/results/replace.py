"""A file that is there whole or not at all: written beside its name, then renamed."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rempart.errors import RefusedError, StorageFullError


@contextlib.contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A binary stream whose content becomes `path` when the block ends well; else what was there stays.

    Mode 0600, flushed to the disk before it is renamed. A path that is a device or pipe is written to directly.
    Raises StorageFullError or RefusedError.
    """
    try:
        if _is_special(path):
            with open(path, "wb") as stream:
                yield stream
            return
        part = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.part")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with open(fd, "wb", buffering=1 << 20) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(part, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
        _sync_folder(path)
    except OSError as err:
        raise storage_error(path, err) from err


def storage_error(path: str, err: OSError) -> StorageFullError | RefusedError:
    """The one error for a file that could not be written, by what the system said."""
    if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        return StorageFullError(f"{path} could not be written: {err.strerror}.", hint="Free some space and try again.")
    return RefusedError(f"{path} could not be written: {err.strerror}.")


def _is_special(path: str) -> bool:
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except FileNotFoundError:
        return False


def _sync_folder(path: str) -> None:
    with contextlib.suppress(OSError):
        fd = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
