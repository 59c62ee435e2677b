"""`rempart work`: how the team works, as one JSON document."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.errors import NotPermittedError, RefusedError

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_MOST = 1 << 20


@click.group()
def command() -> None:
    """The team's settings: queues, routes, claims, what needs two people, budgets, emergency contacts.

    \b
    rempart work show > team.json
    rempart work put team.json --as NAME
    """


@command.command()
@data_option
@JSON
def show(data: Path, as_json: bool) -> int:
    """The settings in force, as a document that can be changed and put back; {} while nobody has put any."""
    from rempart.cases.work.settings import current

    with opened_data(data) as folder, folder.store.read() as conn:
        version, rules = current(conn)
    document = dict(rules.document)
    told = {"version": version, "document": document} if as_json else document
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    return NOTHING_FOUND


@command.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@click.option("--as", "actor", metavar="NAME", help="Put them as this person; asks for password and code.")
@click.option("--check", is_flag=True, help="Name every mistake and change nothing.")
@data_option
@JSON
def put(file: Path, actor: str | None, check: bool, data: Path, as_json: bool) -> int:
    """Put FILE (- for standard input) in force; running servers follow at once."""
    from rempart.cases.work import settings
    from rempart.cli.actor import acting
    from rempart.people.permissions import Permission

    document = _read(file)
    if check:
        settings.parse(document)
        click.echo(json.dumps({"mistakes": []}) if as_json else "No mistakes.")
        return NOTHING_FOUND
    with opened_data(data) as folder, acting(folder, actor) as who:
        if not who.may(Permission.WORK_MANAGE):
            raise NotPermittedError("You may not change the team's settings.", hint="A lead may.")
        with folder.store.write() as conn:
            version = settings.put(conn, document, by=who, at=folder.store.clock())
    click.echo(json.dumps({"version": version}) if as_json else f"Version {version} is in force.")
    return NOTHING_FOUND


def _read(file: Path) -> object:
    try:
        if str(file) == "-":
            text = sys.stdin.read(_MOST + 1)
        else:
            with file.open(encoding="utf-8") as stream:
                text = stream.read(_MOST + 1)
    except (OSError, UnicodeDecodeError) as err:
        raise RefusedError(f"{file} cannot be read: {getattr(err, 'strerror', None) or 'it is not UTF-8'}.") from err
    if len(text) > _MOST:
        raise RefusedError(f"{file} is too long for settings.")
    try:
        read: object = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise RefusedError(f"{file} is no JSON: {err}.") from err
    return read
