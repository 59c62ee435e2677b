"""A file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rempart.errors import RefusedError, StorageFullError
from rempart.index.newfile import NewFile


@contextlib.contextmanager
def replacing(path: str) -> Iterator[IO[bytes]]:
    """A binary stream whose content becomes `path` when the block ends well; else what was there stays.

    Mode 0600, flushed to the disk before it gets its name. What is no ordinary file (a device, a pipe, `/dev/stdout`)
    is written to directly. Raises StorageFullError or RefusedError.
    """
    try:
        if _is_special(path):
            with open(path, "wb") as stream:
                yield stream
            return
        new = NewFile(Path(path))
        try:
            with open(new.fd, "wb", buffering=1 << 20, closefd=False) as stream:
                yield stream
            new.publish()
        finally:
            new.close()
        _sync_folder(path)
    except BrokenPipeError:
        raise
    except OSError as err:
        raise storage_error(path, err) from err


def storage_error(path: str, err: OSError) -> StorageFullError | RefusedError:
    """The one error for a file that could not be written, by what the system said."""
    if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
        return StorageFullError(f"{path} could not be written: {err.strerror}.", hint="Free some space and try again.")
    return RefusedError(f"{path} could not be written: {err.strerror}.")


def _is_special(path: str) -> bool:
    """Whether a path is written through and not replaced: also a link to an open descriptor, as /dev/stdout is."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return True
    except FileNotFoundError:
        return False
    while os.path.islink(path):
        path = os.path.join(os.path.dirname(path), os.readlink(path))
        if os.path.realpath(os.path.dirname(path)).startswith("/proc/"):
            return True
    return False


def _sync_folder(path: str) -> None:
    with contextlib.suppress(OSError):
        fd = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
