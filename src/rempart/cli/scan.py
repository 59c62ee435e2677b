"""`rempart scan`: folders, files and archives checked against hash lists."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from rempart.cli.exitcodes import INTERRUPTED, worst
from rempart.cli.limits import limit_options, limits_from
from rempart.cli.scanning import Outputs, Run, Wanted, read_paths
from rempart.cli.scanview import summary
from rempart.cli.terminal import printable
from rempart.errors import RempartError
from rempart.scan.run import ScanPlan

_FILE = click.Path(dir_okay=False)


@click.command(name="scan")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=str, allow_dash=True), metavar="PATH…")
@click.option(
    "--list",
    "lists",
    metavar="L",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A list file; may be given several times.",
)
@click.option(
    "--probes",
    type=click.Choice(["canonical", "default", "thorough"]),
    default="default",
    show_default=True,
    help="Which variants of a picture are looked up.",
)
@click.option(
    "--radius", type=click.IntRange(0, 63), default=31, show_default=True, help="Bits within which a PDQ hash matches."
)
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Worker processes. [one per processor]")
@click.option("--resume", metavar="FILE", type=_FILE, help="Keep a journal in FILE; if it is there, go on from it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per file on standard output.")
@click.option("--csv", "csv_path", metavar="F", type=_FILE, help="Write a CSV file.")
@click.option("--vics", "vics_path", metavar="F", type=_FILE, help="Write a VICS 2.0 case.")
@click.option("--vics-hashes", is_flag=True, help="Put SHA-256 and PDQ into the VICS case as AlternativeHashes.")
@click.option(
    "--html", "html_path", metavar="F", type=_FILE, help="Write a self-contained report page, without pictures."
)
@click.option(
    "--lang", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Language of the report page."
)
@click.option("-0", "--null", "null", is_flag=True, help="Paths on standard input end with NUL, not with a newline.")
@click.option("-x", "--one-file-system", is_flag=True, help="Do not go into folders on other file systems.")
@click.option("--no-archives", is_flag=True, help="Do not look into zip and tar files.")
@limit_options
def command(
    paths: tuple[str, ...], csv_path: str | None, vics_path: str | None, html_path: str | None, **options: Any
) -> int:
    """Check PATHS (folders, files, archives; `-` reads paths from standard input) against lists.

    Nothing is altered: files are opened for reading only, access times stay where the system allows it, links are
    listed but not followed, and no output may lie inside what is scanned. Each file is a match, known good, clear
    (checked, and on none of the lists) or unhashed (it could not be fully checked, which is never the same as clear).

    Without --json, --csv, --vics or --html, matches and files that could not be checked are printed. Exit code 1 when
    something matched, else 2 when something could not be checked, else 0; 130 when it was stopped.
    """
    wanted = _wanted(paths, options)
    outputs = Outputs(
        json=options["as_json"], csv=csv_path, vics=vics_path, html=html_path, lang=options["lang"],
        vics_hashes=options["vics_hashes"],
    )  # fmt: skip
    with ExitStack() as stack:
        stack.enter_context(_stopping())
        run = Run(wanted, outputs, stack)
        try:
            run.open()
            tally = run.scan(read_paths(paths, null=options["null"]))
        except KeyboardInterrupt:
            click.echo(run.stopped(), err=True)
            return INTERRUPTED
        except BrokenPipeError:
            # Whoever read the output has gone: nothing more can be said to them, and what was done is kept.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            click.echo(run.stopped(), err=True)
            return INTERRUPTED
        except RempartError as err:
            if not run.is_open:
                raise
            click.echo(f"rempart: {printable(str(err))}\n{run.stopped()}", err=True)
            return worst(found=False, failed=True)
        click.echo(summary(tally, run.seconds, outputs), err=True)
        return worst(found=bool(tally.matched), failed=bool(tally.unhashed))


def _wanted(paths: tuple[str, ...], options: dict[str, Any]) -> Wanted:
    limits = {name: value for name, value in options.items() if name.startswith("max_")}
    plan = ScanPlan(
        probe_set=options["probes"], radius=options["radius"], archives=not options["no_archives"],
        one_file_system=options["one_file_system"], limits=limits_from(**limits),
    )  # fmt: skip
    workers = options["workers"] or len(os.sched_getaffinity(0))
    return Wanted(paths=paths, lists=options["lists"], plan=plan, workers=workers, resume=options["resume"])


@contextmanager
def _stopping() -> Iterator[None]:
    """A polite request to end (SIGTERM) is treated as Ctrl-C."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
