"""`rempart reports check`: documents of one's own by the rules of the CyberTipline; sends nothing."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from rempart.cli.datafolder import VARIABLE
from rempart.cli.exitcodes import FOUND, NOTHING_FOUND
from rempart.clock import utc_now
from rempart.errors import RefusedError
from rempart.settings import FILE, read_settings

_MOST = 8 << 20


@click.command()
@click.argument("files", metavar="FILE…", nargs=-1, required=True)
@click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), envvar=VARIABLE, default=None,
    help="The data folder whose pinned schema has a say too; also from $REMPART_DATA. [none]",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="What is wrong by file, as JSON.")
def command(files: Sequence[str], data: Path | None, as_json: bool) -> int:
    """Check XML in FILE (- for standard input): a report, or the details of a file.

    Exit code 1 when something is wrong.
    """
    from rempart.reports.cybertip.document.checking import Root
    from rempart.reports.cybertip.service.parsing import local, parsed
    from rempart.reports.cybertip.service.rehearsal import rules_of
    from rempart.server.cybertips import edition_of, schema_of

    settings = read_settings(data) if data and (data / FILE).exists() else None
    schema = schema_of(settings) if settings else None
    rules, now = rules_of(edition_of(schema), schema), utc_now()
    found: dict[str, list[str]] = {}
    for name in files:
        text = _read(name)
        try:
            root = local(parsed(text, most=_MOST))
        except RefusedError as err:
            found[name] = [err.message]
            continue
        kind = Root.FILE if root == Root.FILE else Root.REPORT
        found[name] = [str(one) for one in rules(text, kind, now)]
    wrong = any(found.values())
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        for name, problems in found.items():
            for one in problems:
                click.echo(f"{name}: {one}", err=True)
        if not wrong:
            click.echo(f"Nothing is wrong with {len(found)}.")
    return FOUND if wrong else NOTHING_FOUND


def _read(name: str) -> bytes:
    try:
        if name == "-":
            return sys.stdin.buffer.read(_MOST + 1)
        with Path(os.fspath(name)).open("rb") as file:
            return file.read(_MOST + 1)
    except OSError as err:
        raise RefusedError(f"{name} cannot be read: {err.strerror}.") from err
