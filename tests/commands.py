"""The command line within this process: for what a command does and says, where no process of its own is at stake."""

import io
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from unittest.mock import patch

from rempart.cli import main


def command(
    *arguments: object, given: str = "", environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """`rempart …` from its first word to its exit code."""
    words = ["rempart", *map(str, arguments)]
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with tempfile.TemporaryFile("w+", encoding="utf-8") as read, ExitStack() as patches:
        read.write(given)
        read.seek(0)
        for name, value in {"argv": words, "stdin": read, "stdout": out, "stderr": err}.items():
            patches.enter_context(patch.object(sys, name, value))
        patches.enter_context(patch.dict("os.environ", environ or {}))
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(words, code, _told(out), _told(err))


def _told(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()
