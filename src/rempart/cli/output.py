"""Where a command writes: standard output, or a file that appears only when it is whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rempart.scan.results.replace import replacing


@contextmanager
def output_file(path: Path | None) -> Iterator[IO[bytes]]:
    """A binary stream to `path` (None: standard output). The file is mode 0600 and replaced only on success.

    Raises StorageFullError or RefusedError.
    """
    if path is not None:
        with replacing(os.fspath(path)) as stream:
            yield stream
        return
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()
