"""`rempart hash`: digests and PDQ of files."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from typing import Any, cast

import click

from rempart.cli.exitcodes import worst
from rempart.cli.limits import limit_options, limits_from
from rempart.scan.paths import json_path, visible
from rempart.signals.examine import Examination
from rempart.signals.outcome import Outcome
from rempart.signals.pool import Job, WorkerPool

_COULD_NOT = frozenset({Outcome.UNREADABLE, Outcome.TOO_LARGE, Outcome.TIMED_OUT})


@click.command(name="hash")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Worker processes. [one per processor]")
@limit_options
def command(paths: tuple[str, ...], as_json: bool, workers: int | None, **limits: Any) -> int:
    """Digests and PDQ of each file in PATHS.

    A folder is searched through, in the order of its names; links in it are not followed. Lines come in the order
    of the files. With --json each line holds path, outcome, media_type, size, sha256, sha1, md5, pdq, pdq_quality,
    recipe and error; a name that is not UTF-8 has its bytes in base64 as path_bytes too.

    Exit code 2 when a file was unreadable, too large or timed out, else 0.
    """
    failed = False
    with WorkerPool(workers=workers or len(os.sched_getaffinity(0)), limits=limits_from(**limits)) as pool:
        for path, examination in _in_order(pool, paths):
            click.echo(json.dumps(record(path, examination)) if as_json else _line(path, examination))
            failed |= examination.outcome in _COULD_NOT
    return worst(found=False, failed=failed)


def record(path: str, examination: Examination) -> dict[str, Any]:
    """The fields of one line, in their order; JSON values."""
    wire = examination.to_wire()
    names = (
        "outcome",
        "media_type",
        "size",
        "sha256",
        "sha1",
        "md5",
        "pdq",
        "pdq_quality",
        "recipe",
        "error",
    )
    shown, path_bytes = json_path(path)
    exact = {} if path_bytes is None else {"path_bytes": path_bytes}
    return {"path": shown, **{name: wire[name] for name in names}, **exact}


def _line(path: str, examination: Examination) -> str:
    if examination.pdq is not None:
        said = f"{examination.pdq}  quality {examination.pdq_quality:3}"
    else:
        said = examination.error or ""
    return "  ".join(part for part in (f"{examination.outcome:12}", said, visible(path)) if part)


def _in_order(pool: WorkerPool, paths: tuple[str, ...]) -> Iterator[tuple[str, Examination]]:
    """Answers in the order of the files, whatever order they are ready in."""
    waiting: dict[int, tuple[str, Examination]] = {}
    refused: dict[int, tuple[str, Examination]] = {}
    following = 0

    def jobs() -> Iterator[Job]:
        for number, path in enumerate(files(paths)):
            try:
                yield Job(key=(number, path), source=open_file(path))
            except OSError as err:
                reason = err.strerror or type(err).__name__
                refused[number] = (
                    path,
                    Examination(outcome=Outcome.UNREADABLE, error=f"The file could not be opened: {reason}."),
                )

    for job, examination in pool.map(jobs()):
        number, path = cast("tuple[int, str]", job.key)
        waiting[number] = (path, examination)
        while following in waiting or following in refused:
            yield (waiting if following in waiting else refused).pop(following)
            following += 1
    while following in refused:
        yield refused.pop(following)
        following += 1


def open_file(path: str) -> int:
    """A read-only descriptor of a regular file; OSError otherwise. Never waits on a pipe, never changes a terminal."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(0, "not a regular file")


def files(paths: tuple[str, ...]) -> Iterator[str]:
    """Every file that the paths name: each path itself, or what a folder holds, in the order of names."""
    for path in paths:
        if os.path.isdir(path):  # noqa: PTH112  names may not be UTF-8
            yield from _walk(path)
        else:
            yield path


def _walk(folder: str) -> Iterator[str]:
    """Every file below, in the order of names, folder by folder as a person would list them."""
    waiting = [folder]
    while waiting:
        path = waiting.pop()
        if path != folder and not _is_folder(path):
            yield path
            continue
        try:
            with os.scandir(path) as entries:
                found = sorted((entry.name for entry in entries if not entry.is_symlink()), reverse=True)
        except OSError:
            # Handed on as a file: opening it says why it cannot be read.
            yield path
            continue
        waiting += [os.path.join(path, name) for name in found]  # noqa: PTH118  names may not be UTF-8


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False
