"""`rempart removal`: what services were told to remove because of notices, and have not confirmed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import FOUND, NOTHING_FOUND
from rempart.cli.terminal import printable
from rempart.clock import iso
from rempart.errors import NotFoundError, NotPermittedError

if TYPE_CHECKING:
    from rempart.people.principal import Principal

ACTOR = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_MOST = 1_000


@click.group()
def command() -> None:
    """Removals that notices asked for. One counts only once its service has confirmed it.

    \b
    rempart removal list
    rempart removal confirm decision_…
    """


@command.command("list")
@click.option("--service", metavar="NAME", help="Of one service only.")
@data_option
@JSON
def list_(service: str | None, data: Path, as_json: bool) -> int:
    """Removals that are not confirmed, the first due first. Exit code 1 when there is one."""
    from rempart.intake.notices.records import removals
    from rempart.items.records import items

    with opened_data(data) as folder, folder.store.read() as conn:
        found = removals.unconfirmed(conn, service=service, most=_MOST)
        hosted = [items.hosted(conn, one.item) for one in found]
        now = folder.store.clock()
    for one, item in zip(found, hosted, strict=True):
        due = one.due or one.asked
        told = {
            "decision": one.decision, "service": one.service, "item_id": item.item_id if item else None,
            "asked": iso(one.asked), "due": iso(due), "overdue": due <= now,
        }  # fmt: skip
        if as_json:
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            late = "  overdue" if told["overdue"] else ""
            click.echo(f"{one.decision}  {one.service}  {printable(str(told['item_id']))}  due {iso(due)}{late}")
    if not found and not as_json:
        click.echo("Every removal that a notice asked for is confirmed.")
    return FOUND if found else NOTHING_FOUND


@command.command()
@click.argument("decision", metavar="DECISION")
@ACTOR
@data_option
def confirm(decision: str, actor: str | None, data: Path) -> int:
    """Say in a service's place that a decision was carried out: somebody has looked, and the picture is gone."""
    from rempart.cases.records import decisions
    from rempart.cli.actor import acting
    from rempart.intake.notices import removals

    with opened_data(data) as folder, acting(folder, actor) as who:
        _may(who)
        with folder.store.write() as conn:
            told = decisions.find(conn, decision)
            if told is None:
                raise NotFoundError("There is no such decision.", hint="rempart removal list shows those that wait.")
            since = removals.confirm(conn, told.service, decision, by=who, at=folder.store.clock())
    click.echo("There is nothing to remove by it." if since is None else f"Confirmed since {iso(since)}.")
    return NOTHING_FOUND


def _may(who: Principal) -> None:
    from rempart.people.permissions import Permission

    if not (who.kind == "system" or who.may(Permission.NOTICES_LEAD)):
        raise NotPermittedError("Only a lead confirms in a service's place.")
