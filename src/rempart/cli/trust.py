"""`rempart trust`: whose signatures on credentials count."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import COULD_NOT, NOTHING_FOUND
from rempart.cli.terminal import printable
from rempart.clock import utc_now
from rempart.errors import RefusedError
from rempart.provenance.origin.trust import FILE, MOST_BYTES, Anchor, Trust, to_load

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def command() -> None:
    """Roots of signers whose credentials (C2PA) read as trusted. None is shipped: whom to trust is yours to say."""


@command.command()
@data_option
@_JSON
def show(data: Path, as_json: bool) -> int:
    """The roots in force, with their date; and the lists that exist, to be fetched by hand."""
    trust, own, now = Trust.loaded(data), Trust.own(data), utc_now()
    if as_json:
        told = {**_document(trust), "own": _document(own)["roots"], "to_load": list(to_load())}
        click.echo(json.dumps(told))
        return NOTHING_FOUND
    if trust.dated is None:
        click.echo("No root is loaded: credentials of others that hold read as valid, signer unknown.")
    else:
        click.echo(f"Roots in force: {len(trust.anchors)}, as of {trust.dated}.")
        click.echo("\n".join(_line(one, now) for one in trust.anchors))
    for one in own.anchors:
        click.echo(f"Your own, made by `rempart certs make`, is trusted beside them: {_line(one, now)}")
    click.echo("\nLists that exist; fetch one, look at it, and load it with `rempart trust update FILE`:")
    for known in to_load():
        click.echo(f"  {known['name']} ({known['by']}, as of {known['dated']}): {known['where']}\n    {known['what']}")
    return NOTHING_FOUND


@command.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dated", type=click.DateTime(["%Y-%m-%d"]), default=None, help="The list's own date. [today]")
@click.option("--add", is_flag=True, help="Keep the roots in force as well; else FILE takes their place.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@data_option
@_JSON
def update(file: Path, dated: datetime | None, add: bool, yes: bool, data: Path, as_json: bool) -> int:
    """Put the roots of a PEM FILE in force. Nobody signed that file: what changes is shown, and you are asked.

    A server reads them when it starts. Exit code 2 when you said no.
    """
    now = utc_now()
    before, read = Trust.loaded(data), Trust.of_pem(_content(file), dated=_day(dated, now))
    after = Trust.together(before, read) if add else read
    came = [one for one in after.anchors if one not in before.anchors]
    went = [one for one in before.anchors if one not in after.anchors]
    click.echo("\n".join(_changes(came, went, after, now)), err=as_json)
    if not yes and not click.confirm("Put them in force?", err=as_json):
        return COULD_NOT
    _put(after, data, came=len(came), went=len(went))
    click.echo(json.dumps(_document(after)) if as_json else f"Roots in force: {len(after.anchors)}.")
    return NOTHING_FOUND


def _put(trust: Trust, data: Path, *, came: int, went: int) -> None:
    """File and ledger: the file is replaced while the entry is not yet written for good."""
    from rempart.evidence.ledger import Leaf, append
    from rempart.people.principal import CONSOLE
    from rempart.scan.results.replace import replacing

    facts = {"roots": len(trust.anchors), "came": came, "went": went, "dated": str(trust.dated)}
    with opened_data(data) as folder, folder.store.write() as conn:
        append(conn, Leaf(action="trust.loaded", actor=CONSOLE.pseudonym, facts=facts), at=folder.store.clock())
        with replacing(os.fspath(data / FILE)) as stream:
            stream.write(trust.written())


def _content(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(MOST_BYTES + 1)
    except OSError as err:
        raise RefusedError(f"{file} cannot be read: {err.strerror}.") from err


def _day(dated: datetime | None, now: datetime) -> date:
    return dated.date() if dated else now.date()


def _changes(came: list[Anchor], went: list[Anchor], after: Trust, now: datetime) -> Iterator[str]:
    yield f"Roots: {len(came)} come, {len(went)} go, {len(after.anchors)} would be in force as of {after.dated}."
    yield from (f"+ {_line(one, now)}" for one in came)
    yield from (f"- {_line(one, now)}" for one in went)
    if came:
        yield "Whoever holds the key of one of them can make credentials that read as trusted here."


def _line(one: Anchor, now: datetime) -> str:
    over = " (over: only what has a time stamp still counts)" if one.until < now else ""
    return printable(f"{one.name}, until {one.until:%Y-%m-%d}{over}, SHA-256 {one.sha256}")


def _document(trust: Trust) -> dict[str, Any]:
    return {
        "dated": trust.dated and trust.dated.isoformat(),
        "sha256": trust.sha256,
        "roots": [{"name": one.name, "sha256": one.sha256, "until": one.until.isoformat()} for one in trust.anchors],
    }
