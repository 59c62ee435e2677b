"""`rempart case`: the cases of a data folder, from the machine's console."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.terminal import printable
from rempart.clock import iso
from rempart.errors import NotPermittedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rempart.cases.records.cases import Case
    from rempart.cases.work.queue import QueuePage
    from rempart.people.principal import Principal

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ACTOR = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")


@click.group()
def command() -> None:
    """Cases that wait for people, and cases about accounts. Assessing is done in the console, in the browser."""


@command.command("list")
@click.option("--queue", metavar="NAME", help="Of one queue only.")
@click.option("--look", type=click.Choice(["none", "look"]), help="Decidable without a look, or not.")
@click.option("--held", is_flag=True, help="Those on hold.")
@click.option("--after", metavar="PLACE", help="Go on where a page ended; its last line says where.")
@click.option("--limit", type=click.IntRange(1, 100), default=50, show_default=True)
@ACTOR
@data_option
@JSON
def list_(
    queue: str | None, look: str | None, held: bool, after: str | None, limit: int, actor: str | None, data: Path,
    as_json: bool,
) -> int:  # fmt: skip
    """Open cases, the most urgent first, with the counts of every queue."""
    from rempart.cases.work import queue as queues
    from rempart.cli.actor import acting

    with opened_data(data) as folder, acting(folder, actor) as who:
        _may_read(who)
        with folder.store.read() as conn:
            page = queues.page(
                conn, who, at=folder.store.clock(), queue=queue, look=look, held=held, after=after, most=limit
            )  # fmt: skip
    if as_json:
        click.echo(json.dumps(_page(page), ensure_ascii=False))
    else:
        _show_page(page)
    return NOTHING_FOUND


@command.command()
@click.argument("case_id", metavar="CASE")
@ACTOR
@data_option
@JSON
def show(case_id: str, actor: str | None, data: Path, as_json: bool) -> int:
    """What a case is about and everything that happened to it. No picture, no digest."""
    from rempart.cases.work.queue import visible
    from rempart.cli.actor import acting

    with opened_data(data) as folder, acting(folder, actor) as who:
        _may_read(who)
        with folder.store.read() as conn:
            told = _whole(conn, visible(conn, case_id, who), who)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show_whole(told)
    return NOTHING_FOUND


@command.command("open")
@click.option("--service", required=True, metavar="NAME", help="Whose account it is.")
@click.option("--uploader", required=True, metavar="NAME", help="The account, as its service calls it.")
@click.option("--text", "texts", multiple=True, help="A published text; may be given several times.")
@click.option("--report", "reports", multiple=True, help="What a user reported.")
@click.option("--listing", "listings", multiple=True, help="Something offered for sale.")
@click.option("--url", "urls", multiple=True, help="Where something of it stands.")
@click.option("--linked", "linked", multiple=True, metavar="NAME", help="An account that is linked to it.")
@ACTOR
@data_option
@JSON
def open_(
    service: str, uploader: str, texts: tuple[str, ...], reports: tuple[str, ...], listings: tuple[str, ...],
    urls: tuple[str, ...], linked: tuple[str, ...], actor: str | None, data: Path, as_json: bool,
) -> int:  # fmt: skip
    """Open a case about an account, or add to the one that is open. No picture is needed."""
    from rempart.cases.work.accounts import AccountFact, open_account_case
    from rempart.cli.actor import acting
    from rempart.people.permissions import Permission

    facts = [
        *(AccountFact(kind="text", text=one) for one in texts),
        *(AccountFact(kind="report", text=one) for one in reports),
        *(AccountFact(kind="listing", text=one) for one in listings),
        *(AccountFact(kind="other", url=one) for one in urls),
        *(AccountFact(kind="linked_account", uploader=one) for one in linked),
    ]
    with opened_data(data) as folder, acting(folder, actor) as who:
        if not who.may(Permission.CASES_OPEN):
            raise NotPermittedError("You may not open cases.", hint="A reviewer or a lead may.")
        with folder.store.write() as conn:
            found = open_account_case(
                conn, service=service, uploader=uploader, facts=facts, by=who, at=folder.store.clock()
            )  # fmt: skip
    if as_json:
        click.echo(json.dumps({"case": found.case, "new": found.new}))
    else:
        click.echo(f"{found.case} {'was opened' if found.new else 'was open already, and holds this too'}.")
    return NOTHING_FOUND


@command.command()
@click.argument("case_id", metavar="CASE")
@click.option(
    "--person", "names", multiple=True, metavar="NAME", help="Who may be involved; may be given several times."
)
@ACTOR
@data_option
@JSON
def restrict(case_id: str, names: tuple[str, ...], actor: str | None, data: Path, as_json: bool) -> int:
    """Somebody on the team may be involved: leave CASE to leads, and keep the persons who are named from it.

    They are not told, leads or not. Nobody needs to be named.
    """
    from rempart.cases.work.moves import restrict_insider
    from rempart.cli.actor import acting
    from rempart.people import persons

    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.write() as conn:
            people = frozenset(persons.named(conn, name).id for name in names)
            restrict_insider(conn, case_id, who, people, at=folder.store.clock())
    click.echo(json.dumps({"case": case_id}) if as_json else f"{case_id} is for leads alone.")
    return NOTHING_FOUND


@command.command()
@click.argument("case_id", metavar="CASE")
@click.option(
    "--keep-from", "names", multiple=True, metavar="NAME", help="Who must not see it; may be given several times."
)
@ACTOR
@data_option
@JSON
def readmit(case_id: str, names: tuple[str, ...], actor: str | None, data: Path, as_json: bool) -> int:
    """Let leads see CASE again, which nobody sees since a restore: it is no longer known from whom it was kept.

    Say with --keep-from who that was. An administrator who does so is kept from it too.
    """
    from rempart.cases.work.readmitting import readmit as let_back
    from rempart.cli.actor import acting
    from rempart.people import persons

    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.write() as conn:
            people = frozenset(persons.named(conn, name).id for name in names)
            let_back(conn, case_id, who, keep_from=people, at=folder.store.clock())
    click.echo(json.dumps({"case": case_id}) if as_json else f"Leads see {case_id} again.")
    return NOTHING_FOUND


@command.command()
@click.argument("case_id", metavar="CASE")
@click.option("--purpose", required=True, help="What it is needed for; kept sealed in the ledger.")
@ACTOR
@data_option
@JSON
def notifier(case_id: str, purpose: str, actor: str | None, data: Path, as_json: bool) -> int:
    """Who told of CASE, as far as they said. Leads alone; that it was read is written down."""
    from rempart.cases.work.notifier import read_notifier
    from rempart.cli.actor import acting

    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.write() as conn:
            found = read_notifier(
                conn, case_id, who, purpose=purpose, keyring=folder.keyring, at=folder.store.clock()
            )  # fmt: skip
    if as_json:
        click.echo(json.dumps(dict(found), ensure_ascii=False))
    elif not found:
        click.echo("Nothing is sealed of this case.")
    else:
        for name, value in found.items():
            click.echo(printable(f"{name}: {value}"))
    return NOTHING_FOUND


def _may_read(who: Principal) -> None:
    from rempart.people.permissions import Permission

    if not who.may(Permission.CASES_READ):
        raise NotPermittedError("You may not read cases.", hint="A reviewer or a lead may.")


def _page(page: QueuePage) -> dict[str, Any]:
    return {
        "cases": [_row(row.case) | {"items": row.items, "claimed_by": row.claimed_by} for row in page.rows],
        "queues": [
            {"queue": one.queue, "open": one.open, "no_look": one.no_look, "held": one.held, "lead": one.lead}
            for one in page.counts
        ],
        "oldest": None if page.oldest is None else iso(page.oldest),
        "next": page.next,
    }


def _row(case: Case) -> dict[str, Any]:
    from rempart.cases.work.settings import PRIORITY_NAMES

    return {
        "id": case.id, "kind": case.kind, "queue": case.queue, "state": case.state, "stage": case.stage,
        "priority": PRIORITY_NAMES[case.priority], "due": None if case.due is None else iso(case.due),
        "look": case.look, "round": case.round, "opened": iso(case.opened),
    }  # fmt: skip


def _show_page(page: QueuePage) -> None:
    for row in page.rows:
        case = _row(row.case)
        who = f", {row.claimed_by} has it" if row.claimed_by else ""
        click.echo(
            f"{case['id']}  {case['priority']}  due {case['due']}  {case['queue']}: {case['kind']}, "
            f"{row.items} items, {case['stage']}{who}"
        )
    if not page.counts:
        click.echo("No case is open.")
    for one in page.counts:
        click.echo(
            f"{one.queue}: {one.open:,} open, {one.no_look:,} decidable without a look, {one.held:,} on hold, "
            f"{one.lead:,} for leads"
        )
    if page.next:
        click.echo(f"There are more: --after {page.next}")


def _whole(conn: Connection, case: Case, who: Principal) -> dict[str, Any]:
    from rempart.cases.assessing.viewing import is_blind
    from rempart.cases.records import cases as records
    from rempart.cases.records import work
    from rempart.cases.work.timeline import timeline

    if case.stage == "second" and is_blind(conn, case, who):
        case = replace(case, stage="first")
    return _row(case) | {
        "reason": case.reason, "decision": case.decision, "service": case.service, "uploader": case.uploader,
        "items": len(records.items_of(conn, case.id)),
        "facts": [
            {"kind": one.kind, "text": one.text, "url": one.url, "uploader": one.uploader}
            for one in work.facts_of(conn, case.id)
        ],
        "timeline": [
            {"at": iso(one.at), "action": one.action, "by": one.actor, "facts": dict(one.facts), "text": one.text}
            for one in timeline(conn, case.id, who)
        ],
    }  # fmt: skip


def _show_whole(told: dict[str, Any]) -> None:
    for name in (
        "id", "kind", "queue", "state", "stage", "priority", "due", "look", "round", "reason", "decision", "service",
        "uploader", "items",
    ):  # fmt: skip
        if told[name] is not None:
            click.echo(printable(f"{name}: {told[name]}"))
    for one in told["facts"]:
        words = " · ".join(one[name] for name in ("text", "url", "uploader") if one[name])
        click.echo(printable(f"  {one['kind']}: {words}"))
    for one in told["timeline"]:
        more = f": {one['text']}" if one["text"] else ""
        click.echo(printable(f"{one['at']}  {one['by']}  {one['action']}{more}"))
