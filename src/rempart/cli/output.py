"""Where a command writes: standard output, or a file that appears only when it is whole."""

from __future__ import annotations

import errno
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from rempart.errors import StorageFullError, UnavailableError


@contextmanager
def output_file(path: Path | None) -> Iterator[BinaryIO]:
    """A binary stream to `path` (None: standard output). The file is mode 0600 and replaced only on success.

    Raises StorageFullError or UnavailableError.
    """
    if path is None:
        stream = sys.stdout.buffer
        yield stream
        stream.flush()
        return
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            yield file
            file.flush()
            os.fsync(fd)
        temporary.replace(path)
    except OSError as err:
        temporary.unlink(missing_ok=True)
        if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFullError(f"No room left to write {path}.") from err
        raise UnavailableError(f"{path} could not be written: {err.strerror}.") from err
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
