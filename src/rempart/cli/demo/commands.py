"""Running Rempart's own commands before the viewer's eyes."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from rempart.errors import RempartError


def run(
    console: Console,
    home: Path,
    *args: str,
    fine: tuple[int, ...] = (0,),
    output: Path | None = None,
    told: str | None = None,
) -> str:
    """Show one command, run it in `home`, and stop the demo with its message when it could not be done.

    What it says is kept in `output`, if that is given; `told` is its standard input. Returns what it said.
    """
    shown = "rempart " + shlex.join(args) + (f" > {output.name}" if output else "")
    console.print(f"[bold]$ {shown}[/bold]", highlight=False, soft_wrap=True)
    done = subprocess.run(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "rempart", *args],
        cwd=home,
        input=told,
        stdin=subprocess.DEVNULL if told is None else None,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in fine:
        raise RempartError(f"'{shown}' ended with code {done.returncode}. {done.stderr.strip()}")
    if output is not None:
        output.write_text(done.stdout, encoding="utf-8")
    return done.stdout
