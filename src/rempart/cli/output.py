"""Where a command writes: standard output, or a file that appears only when it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from rempart.errors import RefusedError
from rempart.scan.results.replace import replacing


@contextmanager
def output_file(path: Path | None) -> Iterator[BinaryIO]:
    """A binary stream to `path` (None: standard output). The file is mode 0600 and replaced only on success.

    Raises StorageFullError or RefusedError.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with replacing(os.fspath(path)) as stream:
        yield cast(BinaryIO, stream)


def refuse_over(written: Path, read: Iterable[Path]) -> None:
    """RefusedError when a file that is to be written is one of those that are to be read."""
    if os.path.realpath(written) in {os.path.realpath(path) for path in read}:
        raise RefusedError(f"{written} is to be read and must not be written over.", hint="Name another file.")
