"""`rempart inspect`: what files say of where they come from, and whether this installation made them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click
from click.core import ParameterSource

from rempart.cli.datafolder import DEFAULT, VARIABLE
from rempart.cli.exitcodes import worst
from rempart.cli.hash import files, open_file
from rempart.cli.inspecting import Recognising, line_of, record_of, without_data
from rempart.cli.limits import limit_options, limits_from
from rempart.clock import utc_now
from rempart.errors import RefusedError
from rempart.provenance.origin.trust import Trust
from rempart.provenance.origin.working import Looked, looked_at, origin_pool, prompts_in
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits, Outcome

if TYPE_CHECKING:
    from rempart.signals.pool import WorkerPool

_COULD_NOT = frozenset({Outcome.UNREADABLE, Outcome.TOO_LARGE, Outcome.TIMED_OUT})
_MOST_TRUST = 8 << 20


@click.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=str))
@click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), envvar=VARIABLE, default=DEFAULT,
    show_default=True,
    help="The data folder, for marks, records and trust; also from $REMPART_DATA. Without one these are left out.",
)  # fmt: skip
@click.option("--trust", "roots", type=click.Path(path_type=Path, dir_okay=False), help="Roots to trust, as PEM.")
@click.option("--no-search", is_flag=True, help="Read marks as pictures lie; ten times faster, finds fewer.")
@click.option("--show-prompts", is_flag=True, help="Print text that somebody typed for a generator.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Worker processes. [one per processor]")
@limit_options
def command(
    paths: tuple[str, ...], data: Path, roots: Path | None, no_search: bool, show_prompts: bool, as_json: bool,
    workers: int | None, **limits: Any,
) -> int:  # fmt: skip
    """What each FILE says of where it comes from; a folder stands for all files in it.

    Signed credentials (C2PA), digital source types, traces of generators, text hidden in transparency; with a data
    folder, also this installation's mark and its records. Nothing is fetched.

    A declaration is no proof, and its absence says nothing: most generated pictures carry none, or have lost it. None
    says that no real child is concerned. docs/howto/inspect.md has the fields.

    Exit code 2 when a file could not be inspected, else 0.
    """
    named = click.get_current_context().get_parameter_source("data") is not ParameterSource.DEFAULT
    folder = data if named or data.is_dir() else None
    bounds, failed = limits_from(**limits), False
    trust = _trust(roots, folder)
    recognising = Recognising.of(folder, search=not no_search) if folder else without_data()
    with recognising as known, origin_pool(workers=workers or len(os.sched_getaffinity(0)), limits=bounds) as pool:
        for path, looked in _in_order(pool, paths, trust=trust, limits=bounds):
            record = record_of(path, looked, known(looked))
            if show_prompts:
                record["prompts"] = _prompts(pool, path) if record["has_prompt"] else []
            click.echo(json.dumps(record) if as_json else line_of(record))
            outcome = looked.examination.outcome
            failed |= outcome in _COULD_NOT or (outcome is Outcome.NOT_MEDIA and path in paths)
    return worst(found=False, failed=failed)


def _trust(roots: Path | None, folder: Path | None) -> Trust:
    if roots is None:
        return Trust.kept(folder) if folder else Trust.shipped()
    try:
        with roots.open("rb") as stream:
            return Trust.of_pem(stream.read(_MOST_TRUST), dated=utc_now().date())
    except OSError as err:
        raise RefusedError(f"{roots} cannot be read: {err.strerror}.") from err


def _in_order(
    pool: WorkerPool, paths: tuple[str, ...], *, trust: Trust, limits: Limits
) -> Iterator[tuple[str, Looked]]:
    """Answers in the order of the files, whatever order they are ready in."""
    ready: dict[int, tuple[str, Looked]] = {}
    following = 0

    def contents() -> Iterator[tuple[object, bytes]]:
        for number, path in enumerate(files(paths)):
            found = _content(path, limits)
            if isinstance(found, Examination):
                ready[number] = path, Looked(key=number, sha256=b"", examination=found)
            else:
                yield (number, path), found

    for looked in looked_at(pool, contents(), trust=trust):
        number, path = cast("tuple[int, str]", looked.key)
        ready[number] = path, looked
        while following in ready:
            yield ready.pop(following)
            following += 1
    while following in ready:
        yield ready.pop(following)
        following += 1


def _content(path: str, limits: Limits) -> bytes | Examination:
    """A file's bytes, or why there are none."""
    try:
        descriptor = open_file(path)
        with os.fdopen(descriptor, "rb") as stream:
            size = os.fstat(descriptor).st_size
            if size > limits.file_bytes:
                error = f"The file has {size} bytes, more than the limit of {limits.file_bytes}."
                return Examination(outcome=Outcome.TOO_LARGE, error=error)
            return stream.read()
    except OSError as err:
        reason = err.strerror or type(err).__name__
        return Examination(outcome=Outcome.UNREADABLE, error=f"The file could not be opened: {reason}.")


def _prompts(pool: WorkerPool, path: str) -> list[dict[str, str]]:
    with os.fdopen(open_file(path), "rb") as stream:
        return [{"field": name, "text": text} for name, text in prompts_in(pool, stream.read())]
