"""`rempart reports draft`: drafts of reports, and the two people who agree to one, from the machine's console."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import DataFolder, data_option, opened_data
from rempart.cli.exitcodes import FOUND, NOTHING_FOUND
from rempart.cli.terminal import printable
from rempart.clock import iso

if TYPE_CHECKING:
    from rempart.people.principal import Principal
    from rempart.reports.cybertip.drafting.looking import Look
    from rempart.reports.cybertip.records.reports import ReportRow

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ACTOR = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
VERSION = click.option("--version", type=int, required=True, help="Of the draft that you looked at.")
DIGEST = click.option("--digest", metavar="HEX", required=True, help="Of the document that you looked at.")


@click.group()
def command() -> None:
    """Drafts of reports: what they say, what they lack, and the two people who agree to one."""


@command.command()
@click.argument("report_id", metavar="REPORT")
@click.option("--document", is_flag=True, help="Only the document, as JSON that `put` takes.")
@ACTOR
@data_option
@JSON
def show(report_id: str, document: bool, actor: str | None, data: Path, as_json: bool) -> int:
    """What a draft says, what is missing and why that matters. Exit code 1 where it cannot be sent yet."""
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.document.storing import to_json
    from rempart.reports.cybertip.drafting import looking
    from rempart.server.drafting import house_of

    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.read() as conn:
            found = looking.look(
                conn, report_id, who, at=folder.store.clock(), keyring=folder.keyring, house=house_of(folder.settings)
            )
    if document:
        click.echo(to_json(found.draft.tip if found.draft is not None else found.tip))
    elif as_json:
        click.echo(json.dumps(_told(found), ensure_ascii=False))
    else:
        _show(found)
    return FOUND if found.problems else NOTHING_FOUND


@command.command(short_help="Put a document in the place of the draft's.")
@click.argument("report_id", metavar="REPORT")
@click.argument("document", metavar="FILE", type=click.File("rb"))
@VERSION
@click.option("--hash-only/--files", "hash_only", default=None, help="Send digests alone, or the files.")
@ACTOR
@data_option
def put(report_id: str, document: Any, version: int, hash_only: bool | None, actor: str | None, data: Path) -> int:
    """Put the document in FILE (or -) in the place of the draft's. A question that was asked is taken back."""
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.document.storing import from_json
    from rempart.reports.cybertip.drafting import editing
    from rempart.server.drafting import house_of

    tip = from_json(document.read())
    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.write() as conn:
            row = editing.edit(
                conn, report_id, tip, version=version, who=who, at=folder.store.clock(), keyring=folder.keyring,
                house=house_of(folder.settings), hash_only=hash_only,
            )  # fmt: skip
    click.echo(f"{row.id}  version {row.version}  {row.state.value}")
    return NOTHING_FOUND


@command.command(short_help="Ask another person to confirm.")
@click.argument("report_id", metavar="REPORT")
@VERSION
@ACTOR
@data_option
def ask(report_id: str, version: int, actor: str | None, data: Path) -> int:
    """Ask another person to confirm exactly what would be sent now."""
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.drafting import seconding
    from rempart.reports.cybertip.records import reports
    from rempart.server.drafting import house_of

    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.write() as conn:
            seconding.ask(
                conn, report_id, version=version, who=who, at=folder.store.clock(), keyring=folder.keyring,
                house=house_of(folder.settings),
            )  # fmt: skip
            row = reports.find(conn, report_id)
    assert row is not None
    click.echo(f"{row.id}  asked  digest {(row.digest or b'').hex()}")
    return NOTHING_FOUND


@command.command(short_help="Confirm what another person asked.")
@click.argument("report_id", metavar="REPORT")
@DIGEST
@click.option("--refuse", is_flag=True, help="Do not confirm it: it is a draft again.")
@click.option(
    "--alone", is_flag=True, help="Confirm what you asked yourself, where one person may; logged and reviewed."
)
@click.option("--reason", default="", help="Needed with --alone.")
@ACTOR
@data_option
def confirm(
    report_id: str, digest: str, refuse: bool, alone: bool, reason: str, actor: str | None, data: Path
) -> int:  # fmt: skip
    """Confirm what another asked; it is filed then, in the environment of the settings."""
    from rempart.cli.actor import acting

    if refuse and alone:
        raise click.UsageError("--refuse and --alone exclude each other.")
    with opened_data(data) as folder, acting(folder, actor) as who:
        row = _confirmed(folder, who, report_id, _bytes(digest), refuse=refuse, alone=alone, reason=reason)
    click.echo(f"{row.id}  {row.state.value}{'  single' if row.single else ''}")
    return NOTHING_FOUND


@command.command("take-back")
@click.argument("report_id", metavar="REPORT")
@ACTOR
@data_option
def take_back(report_id: str, actor: str | None, data: Path) -> int:
    """Take a question back: the report is a draft again."""
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.drafting import seconding

    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.write() as conn:
            row = seconding.withdraw(conn, report_id, who=who, at=folder.store.clock(), keyring=folder.keyring)
    click.echo(f"{row.id}  {row.state.value}")
    return NOTHING_FOUND


@command.command(short_help="Make what was refused a draft again.")
@click.argument("report_id", metavar="REPORT")
@ACTOR
@data_option
def reopen(report_id: str, actor: str | None, data: Path) -> int:
    """Make what the service refused, or what was taken back while it was filed, a draft again."""
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.drafting import editing

    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.write() as conn:
            row = editing.reopen(conn, report_id, who=who, at=folder.store.clock(), keyring=folder.keyring)
    click.echo(f"{row.id}  version {row.version}  {row.state.value}")
    return NOTHING_FOUND


def _confirmed(
    folder: DataFolder, who: Principal, report_id: str, digest: bytes, *, refuse: bool, alone: bool, reason: str
) -> ReportRow:
    from rempart.reports.cybertip.drafting import seconding
    from rempart.server.drafting import begin_of, house_of

    settings, at = folder.settings, folder.store.clock()
    house, begin, keyring = house_of(settings), begin_of(settings), folder.keyring
    with folder.store.write() as conn:
        if alone:
            return seconding.confirm_alone(
                conn, report_id, digest=digest, reason=reason, who=who, at=at, keyring=keyring, house=house, begin=begin
            )
        return seconding.decide(
            conn, report_id, digest=digest, approve=not refuse, reason=reason, who=who, at=at, keyring=keyring,
            house=house, begin=begin, alone_after=settings.people.alone_after,
        )  # fmt: skip


def _bytes(digest: str) -> bytes:
    try:
        return bytes.fromhex(digest)
    except ValueError as err:
        raise click.BadParameter("hexadecimal digits, as `show` prints them") from err


def _told(found: Look) -> dict[str, Any]:
    row = found.row
    return {
        "report": row.id, "case": row.case_id, "state": row.state.value, "version": row.version,
        "environment": row.environment.value, "kind": found.kind.value if found.kind else None,
        "digest": row.digest.hex() if row.digest else None, "created": iso(row.created), "danger": row.danger,
        "complete": found.meter.percent, "missing": [one.key for one in found.meter.missing],
        "problems": [str(one) for one in found.problems],
        "suggestions": [
            {"field": one.field, "value": one.value, "because": one.because, "words": one.words}
            for one in found.suggestions
        ],
        "machine_made": [{"basis": one.basis, "note": one.note} for one in found.machine_made],
        "same_person": list(found.same_person), "unread": list(found.unread),
    }  # fmt: skip


def _show(found: Look) -> None:
    row = found.row
    click.echo(f"{row.id}  {row.state.value}  version {row.version}  case {row.case_id}")
    if row.digest:
        click.echo(f"digest {row.digest.hex()}")
    click.echo(f"{found.meter.percent} % complete")
    for measure in found.meter.missing:
        click.echo(f"  lacks {measure.what['en']}: {measure.why['en']}")
    for suggestion in found.suggestions:
        click.echo(f"  suggested for {suggestion.field}: {suggestion.value} ({suggestion.because} {suggestion.words})")
    for said in found.machine_made:
        click.echo(printable(f"  said of a machine's making: {said.basis} {said.note}"))
    for name in found.unread:
        click.echo(printable(f"  could not be read in the context: {name}"))
    for other in found.same_person:
        click.echo(f"  about the same account: {other}")
    for problem in found.problems:
        click.echo(printable(f"cannot be sent: {problem}"))
