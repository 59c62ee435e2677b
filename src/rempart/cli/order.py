"""`rempart order`: orders and requests of authorities, and what was handed over."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import FOUND, NOTHING_FOUND
from rempart.cli.ordersteps import STEPS, moment
from rempart.cli.terminal import printable
from rempart.clock import iso

if TYPE_CHECKING:
    from rempart.reports.orders.disclosures import Disclosure
    from rempart.reports.orders.reading import OrderFile, OrderLine

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
AS = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
_KINDS = ("removal", "warrant", "information", "preservation", "destruction")
_CLASSES = ("police", "ncmec", "legal_process", "regulator", "other")
_TOPICS = ("child_safety", "intimate", "terrorist", "other")
_LAWS = ("fr-lcen", "eu-tco", "eu-dsa-9", "eu-dsa-10", "us-2258a", "us-2703f", "us-2258b")


@click.group()
def command() -> None:
    """Orders and requests of authorities: their times, what was done, and what was handed over. For leads.

    \b
    rempart order list
    rempart order take --kind removal --law fr-lcen --received 2026-11-22T09:30+01:00 … https://forum.example/photos/17
    rempart order show order_…
    rempart order close order_… --outcome done --answer …
    rempart order disclosures
    """


for step in STEPS:
    command.add_command(step)


@command.command("list", short_help="Orders to carry out or in force.")
@click.option("--state", type=click.Choice(["live", "closed", "all"]), default="live", show_default=True)
@click.option("--after", metavar="PLACE", help="Go on where a page ended; its last line says where.")
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True)
@AS
@data_option
@JSON
def list_(state: str, after: str | None, limit: int, actor: str | None, data: Path, as_json: bool) -> int:
    """Orders that are to be carried out or in force, the first due first. Exit code 1 when a time is over."""
    from rempart.cli.actor import acting
    from rempart.reports.orders.reading import register

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.read() as conn:
        at = folder.store.clock()
        page = register(conn, who, keyring=folder.keyring, at=at, state=state, after=after, most=limit)
    rows = [_row(line) for line in page.lines]
    if as_json:
        click.echo(json.dumps({"orders": rows, "next": page.next}, ensure_ascii=False))
    else:
        for row in rows:
            stands = row["outcome"] or row["state"]
            clock = row["clock"] or "no time runs"
            told = f"{row['authority']}, {row['reference']}"
            click.echo(printable(f"{row['id']}  {row['kind']}  {stands}  {told}  due {row['due']}: {clock}"))
        if not rows:
            click.echo("There is no such order.")
        if page.next:
            click.echo(f"There are more: --after {page.next}")
    return FOUND if any(row["clock"] == "overdue" for row in rows) else NOTHING_FOUND


@command.command(short_help="One order, and what became of it.")
@click.argument("order", metavar="ORDER")
@AS
@data_option
@JSON
def show(order: str, actor: str | None, data: Path, as_json: bool) -> int:
    """One order: who asks for what, its times, what became of each thing that it names, and what was handed over."""
    from rempart.cli.actor import acting
    from rempart.reports.orders.reading import whole

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.read() as conn:
        told = _whole(whole(conn, order, who, vault=folder.vault(), at=folder.store.clock()))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show(told)
    return NOTHING_FOUND


@command.command(short_help="Enter an order.")
@click.argument("about", metavar="NAME…", nargs=-1, required=True)
@click.option("--kind", type=click.Choice(_KINDS), required=True, help="What is asked for.")
@click.option("--authority", required=True, help="Who asks; sealed.")
@click.option("--class", "class_", type=click.Choice(_CLASSES), required=True, help="What they are.")
@click.option("--country", required=True, metavar="XX", help="Of the authority: FR, US, EU.")
@click.option("--reference", required=True, help="Their reference; sealed.")
@click.option("--contact", default="", help="How to reach them; sealed.")
@click.option("--received", required=True, metavar="TIME", help="When it came: ISO 8601 with a zone.")
@click.option("--until", metavar="TIME", help="Until when the order itself asks, with a zone.")
@click.option("--law", "laws", multiple=True, type=click.Choice(_LAWS), help="May be given several times.")
@click.option("--topic", type=click.Choice(_TOPICS), required=True, help="What it is about.")
@click.option("--text", default="", help="What else it says; sealed.")
@click.option("--service", metavar="NAME", help="Whose items and addresses these are; otherwise as in the settings.")
@AS
@data_option
@JSON
def take(actor: str | None, data: Path, as_json: bool, service: str | None, **said: Any) -> int:
    """Enter an order and begin with what it asks for. Its time runs from when it came.

    Each NAME is an address, an item as service/its id, a case or a report.
    """
    from rempart.cli.actor import acting
    from rempart.reports.orders.taking import take as taken
    from rempart.server.orders import links

    with opened_data(data) as folder, acting(folder, actor) as who:
        hosting = service or folder.settings.notices.service
        form = _form(said, hosting)
        with folder.store.write() as conn:
            found = taken(
                conn, form, who, service=hosting, vault=folder.vault(), links=links(), at=folder.store.clock()
            )
    if as_json:
        click.echo(json.dumps({"order": found.order, "due": iso(found.due), "twins": list(found.twins)}))
        return NOTHING_FOUND
    click.echo(f"{found.order}, due {iso(found.due)}.")
    for twin in found.twins:
        click.echo(f"The same reference is in the register already: {twin}")
    return NOTHING_FOUND


@command.command(short_help="What was handed over, to whom and why.")
@click.option("--before", metavar="PLACE", help="Go on where a page ended; its last line says where.")
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True)
@AS
@data_option
@JSON
def disclosures(before: str | None, limit: int, actor: str | None, data: Path, as_json: bool) -> int:
    """The log of what was handed over: to whom, on which ground, and who let it leave. The newest first."""
    from rempart.cli.actor import acting
    from rempart.reports.orders.disclosures import page

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.read() as conn:
        found, last = page(conn, who, keyring=folder.keyring, before=before, most=limit)
    rows = [_disclosure(one) for one in found]
    if as_json:
        click.echo(json.dumps({"disclosures": rows, "next": last}, ensure_ascii=False))
        return NOTHING_FOUND
    for row in rows:
        second = f", seconded by {row['second']}" if row["second"] else ", one person alone" if row["single"] else ""
        what = ", ".join(row["what"])
        click.echo(
            printable(f"{row['at']}  {row['recipient']} ({row['class']}): {what}; {row['ground']}  {row['by']}{second}")
        )
    if not rows:
        click.echo("Nothing has been handed over.")
    if last:
        click.echo(f"There are more: --before {last}")
    return NOTHING_FOUND


def _form(said: dict[str, Any], service: str) -> Any:
    from rempart.reports.orders.values import OrderForm, OrderKind, RecipientClass, Topic, named

    return OrderForm(
        kind=OrderKind(said["kind"]), authority=said["authority"], reference=said["reference"],
        received=moment(said["received"]), country=said["country"].upper(),
        authority_class=RecipientClass(said["class_"]), topic=Topic(said["topic"]),
        about=tuple(named(one, service=service) for one in said["about"]), regimes=tuple(said["laws"]),
        stated=None if said["until"] is None else moment(said["until"]), contact=said["contact"], text=said["text"],
    )  # fmt: skip


def _row(line: OrderLine) -> dict[str, Any]:
    one = line.order
    return {
        "id": one.id, "kind": one.kind, "topic": one.topic, "country": one.country, "state": one.state,
        "outcome": one.outcome, "authority": line.authority, "reference": line.reference,
        "received": iso(one.received), "due": iso(one.due), "parts": line.parts, "done": line.done,
        "clock": None if line.clock is None else line.clock.state.value,
    }  # fmt: skip


def _whole(file: OrderFile) -> dict[str, Any]:
    one = file.order
    return {
        "id": one.id, "kind": one.kind, "topic": one.topic, "country": one.country, "class": one.authority_class,
        "state": one.state, "outcome": one.outcome, "contest": one.contest, "received": iso(one.received),
        "zone": one.zone, "entered": iso(one.entered), "by": one.by, "acknowledged": _time(one.acknowledged),
        "effect": _time(one.effect), "closed": _time(one.closed), "texts": dict(file.texts), "twins": list(file.twins),
        "clocks": [
            {"law": clock.row.regime, "for": clock.row.what, "due": iso(clock.row.due), "state": clock.state.value}
            for clock in file.clocks
        ],
        "parts": [{"name": part.name, "case": part.row.case_id, "state": part.state.value} for part in file.parts],
        "objects": [{"object": part.object, "state": part.state} for part in file.objects],
        "to_destroy": [
            {"object": target.object, "holds": [hold.id for hold in target.holds]} for target in file.targets
        ],
        "disclosures": [_disclosure(entry) for entry in file.disclosures],
    }  # fmt: skip


def _disclosure(one: Disclosure) -> dict[str, Any]:
    return {
        "id": one.id, "at": iso(one.at), "recipient": one.recipient, "reference": one.reference,
        "class": one.recipient_class.value, "ground": one.ground.value, "law": one.regime,
        "what": [word.value for word in one.what], "subject": one.subject, "order": one.order, "case": one.case_id,
        "by": one.by, "second": one.second, "single": one.single,
    }  # fmt: skip


def _show(told: dict[str, Any]) -> None:
    stands = ", ".join(
        filter(None, (told["state"], told["outcome"], told["contest"] and f"contest: {told['contest']}"))
    )
    click.echo(f"{told['id']}  {told['kind']}, {told['topic']}: {stands}")
    click.echo(f"  received {told['received']} (told in UTC{told['zone']}), entered {told['entered']} by {told['by']}")
    for name, text in told["texts"].items():
        click.echo(printable(f"  {name}: {text}"))
    for clock in told["clocks"]:
        click.echo(f"  {clock['law']}, to {clock['for']}, is due {clock['due']}: {clock['state']}")
    for place, part in enumerate(told["parts"], start=1):
        click.echo(
            printable(f"  {place}. {part['name']}: {part['state']}{', ' + part['case'] if part['case'] else ''}")
        )
    for target in told["to_destroy"]:
        held = f"held by {', '.join(target['holds'])}" if target["holds"] else "free to be destroyed"
        click.echo(f"  {target['object']}: {held}")
    for one in told["objects"]:
        click.echo(f"  {one['object']}: {one['state']}")
    for entry in told["disclosures"]:
        click.echo(printable(f"  {entry['at']} handed to {entry['recipient']}: {', '.join(entry['what'])}"))
    for twin in told["twins"]:
        click.echo(f"  The same reference: {twin}")


def _time(at: datetime | None) -> str | None:
    return None if at is None else iso(at)
