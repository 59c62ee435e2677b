"""`rempart notice`: notices of a data folder, from the machine's console."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.noticefile import export
from rempart.cli.terminal import printable
from rempart.clock import iso
from rempart.errors import NotPermittedError, RefusedError

if TYPE_CHECKING:
    from rempart.intake.notices.values import Submitted
    from rempart.intake.notices.views import NoticeFile, NoticeLine
    from rempart.people.principal import Principal

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ACTOR = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
_ROLES = ("self", "parent", "lawyer", "advocate", "flagger", "bystander", "authority")
_ANSWERS = ("yes", "unsure", "no")


@click.group()
def command() -> None:
    """Notices: somebody tells where a picture is, and learns what became of it."""


command.add_command(export)


@command.command("list")
@click.option("--state", type=click.Choice(["open", "decided", "withdrawn", "all"]), default="open", show_default=True)
@click.option("--after", metavar="PLACE", help="Go on where a page ended; its last line says where.")
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True)
@ACTOR
@data_option
@JSON
def list_(state: str, after: str | None, limit: int, actor: str | None, data: Path, as_json: bool) -> int:
    """Open notices, the first due first; others the youngest first."""
    from rempart.cli.actor import acting
    from rempart.intake.notices.reading import open_notices
    from rempart.intake.notices.values import NoticeState

    asked = None if state == "all" else NoticeState(state)
    with opened_data(data) as folder, acting(folder, actor) as who:
        _may_read(who)
        with folder.store.read() as conn:
            page = open_notices(conn, who, at=folder.store.clock(), state=asked, after=after, most=limit)
    rows = [_row(line) for line in page.lines]
    if as_json:
        click.echo(json.dumps({"notices": rows, "next": page.next}))
        return NOTHING_FOUND
    for row in rows:
        click.echo(
            f"{row['id']}  {row['number']}  {row['state']}  due {row['due']}  {row['track']}: {row['decided']} of "
            f"{row['places']} places decided, {row['clock'] or 'no clock runs'}"
        )
    if not rows:
        click.echo("There is no such notice.")
    if page.next:
        click.echo(f"There are more: --after {page.next}")
    return NOTHING_FOUND


@command.command()
@click.argument("notice_id", metavar="NOTICE")
@ACTOR
@data_option
@JSON
def show(notice_id: str, actor: str | None, data: Path, as_json: bool) -> int:
    """What a notice says, which laws it is one under, its clocks, and what became of each place. Not who sent it."""
    from rempart.cli.actor import acting
    from rempart.intake.notices.reading import notice

    with opened_data(data) as folder, acting(folder, actor) as who:
        _may_read(who)
        with folder.store.read() as conn:
            told = _whole(notice(conn, notice_id, who, keyring=folder.keyring, at=folder.store.clock()))
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show_whole(told)
    return NOTHING_FOUND


@command.command()
@click.option("--url", "urls", multiple=True, required=True, help="Where the picture is; may be given several times.")
@click.option("--note", default="", help="What helps to find it there.")
@click.option("--received", metavar="TIME", help="When it came, if earlier: ISO 8601 with a zone, 2026-11-22T09:30Z.")
@click.option("--role", type=click.Choice(_ROLES), default="self", show_default=True, help="Who sent it.")
@click.option("--minor", type=click.Choice(_ANSWERS), required=True, help="Under 18 when the picture was made?")
@click.option("--explanation", default="", help="What they said about it.")
@click.option("--good-faith", is_flag=True, help="They said that it is there without consent.")
@click.option("--accurate", is_flag=True, help="They said that all this is true.")
@click.option("--intimate", is_flag=True, help="They declared that it is an intimate image.")
@click.option("--signature", default="", help="Their signature, as they wrote it.")
@click.option("--name", default="", help="Their name.")
@click.option("--contact", default="", help="How to reach them.")
@click.option("--insider", is_flag=True, help="Somebody on the team may be involved: for leads alone.")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True)
@click.option("--service", metavar="NAME", help="Whose address it is; otherwise the one in the settings.")
@ACTOR
@data_option
@JSON
def take(actor: str | None, data: Path, as_json: bool, service: str | None, received: str | None, **said: Any) -> int:
    """Enter a notice that came by phone or letter, or an order of the police (--role authority).

    Its clocks run from when it was received. Give the number and the secret to whoever sent it.
    """
    from rempart.cli.actor import acting
    from rempart.intake.notices.submit import submit
    from rempart.intake.notices.values import Answer, Location, NoticeForm, Role, Via
    from rempart.people.permissions import Permission
    from rempart.server.noticing import writer_of

    came = None if received is None else _moment(received)
    urls, note = said.pop("urls"), said.pop("note")
    form = NoticeForm(
        locations=tuple(Location(url=one, note=note) for one in urls), role=Role(said.pop("role")),
        minor=Answer(said.pop("minor")), **said,
    )  # fmt: skip
    with opened_data(data) as folder, acting(folder, actor) as who:
        if not who.may(Permission.CASES_OPEN):
            raise NotPermittedError("You may not take notices.", hint="A reviewer or a lead may.")
        told = folder.settings.notices
        with folder.store.write() as conn:
            found = submit(
                conn, form, service=service or told.service, regimes=told.regimes,
                writer=writer_of(folder.settings, folder.keyring), at=folder.store.clock(), received=came,
                via=Via.TAKEN, by=who,
            )  # fmt: skip
    _show_taken(found, as_json=as_json)
    return NOTHING_FOUND


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as err:
        raise RefusedError(f"{text!r} is no time.", hint="Write it as 2026-11-22T09:30Z.") from err
    if found.tzinfo is None:
        raise RefusedError("The time has no zone.", hint="Add Z for UTC, or an offset such as +01:00.")
    return found


def _may_read(who: Principal) -> None:
    from rempart.people.permissions import Permission

    if not who.may(Permission.NOTICES_READ):
        raise NotPermittedError("You may not read notices.", hint="A reviewer or a lead may.")


def _row(line: NoticeLine) -> dict[str, Any]:
    one = line.notice
    clock = None if line.clock is None else f"{line.clock.regime.id} {line.clock.state.value}"
    return {
        "id": one.id, "number": one.number, "state": one.state, "outcome": one.outcome, "track": one.track,
        "received": iso(one.received), "due": iso(one.due), "places": line.places, "decided": line.decided,
        "clock": clock, "complaint": line.complaint,
    }  # fmt: skip


def _whole(file: NoticeFile) -> dict[str, Any]:
    one = file.notice
    return {
        "id": one.id, "number": one.number, "state": one.state, "outcome": one.outcome, "track": one.track,
        "role": one.role, "via": one.via, "received": iso(one.received), "due": iso(one.due),
        "explanation": file.explanation, "sealed": list(file.sealed), "signals": file.signals,
        "laws": [
            {"id": law.regime.id, "applies": law.applies, "missing": [part.value for part in law.missing]}
            for law in file.regimes
            if not law.barred
        ],
        "clocks": [
            {"law": clock.regime.id, "due": iso(clock.due), "state": clock.state.value} for clock in file.clocks
        ],
        "places": [
            {"place": place.place, "url": place.url, "note": place.note, "state": place.state, "case": place.case_id}
            for place in file.places
        ],
        "letters": [{"kind": letter.kind, "at": iso(letter.at)} for letter in file.letters],
        "complaints": [{"at": iso(said.at), "state": said.state, "case": said.case_id} for said in file.complaints],
    }  # fmt: skip


def _show_whole(told: dict[str, Any]) -> None:
    outcome = f": {told['outcome']}" if told["outcome"] else ""
    click.echo(f"{told['number']}  {told['state']}{outcome}, {told['track']}, received {told['received']}")
    for law in told["laws"]:
        missing = "" if law["applies"] else f", lacks {', '.join(law['missing'])}"
        click.echo(f"  {law['id']}: {'applies' if law['applies'] else 'does not apply'}{missing}")
    for clock in told["clocks"]:
        click.echo(f"  {clock['law']} is due {clock['due']}: {clock['state']}")
    for place in told["places"]:
        click.echo(printable(f"  {place['place']}. {place['url']} {place['note']}: {place['state']}, {place['case']}"))
    for letter in told["letters"]:
        click.echo(f"  {letter['at']} letter: {letter['kind']}")
    for said in told["complaints"]:
        click.echo(f"  {said['at']} complaint: {said['state']}, {said['case']}")
    if told["explanation"]:
        click.echo(printable(told["explanation"]))


def _show_taken(found: Submitted, *, as_json: bool) -> None:
    laws = [one.regime.id for one in found.regimes if one.applies]
    if as_json:
        told = {
            "notice": found.notice, "number": found.number, "secret": found.secret, "track": found.track.value,
            "received": iso(found.received), "due": iso(found.due), "laws": laws,
        }  # fmt: skip
        click.echo(json.dumps(told))
        return
    click.echo(f"Number {found.number}, secret {found.secret}: for whoever sent it; the secret is not shown again.")
    click.echo(f"Due {iso(found.due)} ({', '.join(laws)}). It is {found.notice}.")
