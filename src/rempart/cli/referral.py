"""`rempart referral`: sealed packages for authorities, step by step, and checking one that was received."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import DataFolder, data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.output import output_file
from rempart.cli.referralcheck import verify
from rempart.cli.terminal import printable
from rempart.clock import iso
from rempart.errors import RefusedError, RempartError

if TYPE_CHECKING:
    from rempart.reports.referrals.records.referrals import ReferralRow
    from rempart.reports.referrals.routing import Route

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
AS = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
_GROUNDS = ("duty", "voluntary", "request", "order", "warrant", "danger")


@click.group()
def command() -> None:
    """Referral packages: what is handed to police, hotlines and courts, sealed with age.

    \b
    rempart referral route case_…
    rempart referral draft case_… --to nca --content --as ADA
    rempart referral ask referral_… --as ADA
    rempart referral confirm referral_… --reason … --as RUI
    rempart referral pack referral_… -o package.age --as ADA
    rempart referral hand-over referral_… --how "upload to their portal" --reference R-17 --as ADA
    """


command.add_command(verify)


@command.command(short_help="The table of authorities, with its sources.")
@JSON
def authorities(as_json: bool) -> int:
    """The table of authorities: for whom each is, what it may be given, on what the row rests. No legal advice."""
    from rempart.reports.referrals.authorities import table

    for one in table():
        if as_json:
            told = {
                "id": one.id, "countries": one.countries, "name": one.name["en"], "class": one.kind.value,
                "duty": one.duty.value, "registration": one.registration, "counted_by": one.counted_by,
                "may_receive": sorted(one.receives), "source": one.source["en"],
            }  # fmt: skip
            click.echo(json.dumps(told, ensure_ascii=False))
            continue
        countries = "any country" if one.countries == ("*",) else " ".join(one.countries)
        click.echo(f"{one.id}  {one.kind.value}  {countries}\n    {one.name['en']}\n    {one.text['en']}")
        click.echo(f"    May be given: {', '.join(sorted(one.receives))}.  Source: {one.source['en'] or 'none'}")
    return NOTHING_FOUND


@command.command(short_help="To whom a case goes from your country.")
@click.argument("case_id", metavar="CASE")
@AS
@data_option
@JSON
def route(case_id: str, actor: str | None, data: Path, as_json: bool) -> int:
    """To whom CASE goes from your country: whom a law asks you to tell, and whose report already counts."""
    from rempart.cli.actor import acting
    from rempart.reports.referrals import reading
    from rempart.server.referring import sender_of

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.read() as conn:
        found = reading.route(conn, case_id, who, sender=sender_of(folder.settings))
    _show_route(found, as_json=as_json)
    return NOTHING_FOUND


@command.command("list", short_help="What waits to be referred, and referrals.")
@click.option("--state", type=click.Choice(["draft", "asked", "confirmed", "handed_over", "withdrawn"]))
@AS
@data_option
@JSON
def list_(state: str | None, actor: str | None, data: Path, as_json: bool) -> int:
    """Decisions to refer that wait, and referrals, the youngest first."""
    from rempart.cli.actor import acting
    from rempart.reports.referrals import reading
    from rempart.reports.referrals.values import State

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.read() as conn:
        waits = reading.waiting(conn, who) if state is None else ()
        page = reading.listed(conn, who, states=[State(state)] if state else ())
    for one in waits:
        told = {"case": one.case_id, "state": "waiting", "since": iso(one.since), "danger": one.danger}
        click.echo(json.dumps(told) if as_json else f"{one.case_id}  waits since {iso(one.since)}")
    for row in page.rows:
        click.echo(json.dumps(_brief(row)) if as_json else _line(row))
    if not waits and not page.rows and not as_json:
        click.echo("There is no referral. Each begins with `rempart referral draft CASE --to RECIPIENT`.")
    return NOTHING_FOUND


@command.command(short_help="What a referral says, to the word.")
@click.argument("referral")
@AS
@data_option
@JSON
def show(referral: str, actor: str | None, data: Path, as_json: bool) -> int:
    """What REFERRAL says, to the word, and how it stands."""
    from rempart.cli.actor import acting
    from rempart.reports.referrals import reading

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.read() as conn:
        found = reading.one(conn, referral, who, keyring=folder.keyring)
    made = [
        {"at": iso(one.at), "by": one.by, "size": one.size, "sha256": one.digest.hex(), "manifest": one.manifest.hex()}
        for one in found.packages
    ]
    told = _brief(found.row) | {"packages": made, "outcome": dict(found.outcome), "says": found.frozen}
    told["without_address"] = found.without_address
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(_line(found.row))
        _warn(found.without_address)
        for line in json.dumps(told["says"], ensure_ascii=False, indent=2).splitlines():
            click.echo(printable(line))
        for one in made:
            click.echo(f"package of {one['at']} by {one['by']}: {one['size']:,} bytes, SHA-256 {one['sha256']}")
    return NOTHING_FOUND


@command.command(short_help="Freeze what a case comes to for recipients.")
@click.argument("case_id", metavar="CASE")
@click.option("--to", "to", multiple=True, required=True, metavar="RECIPIENT", help="An id from the settings; several.")
@click.option("--content", is_flag=True, help="With the files themselves: police, NCMEC and legal process alone.")
@click.option("--part", "parts", multiple=True, metavar="PART", help="Only these, instead of all they may be given.")
@click.option("--ground", type=click.Choice(_GROUNDS), default="voluntary", show_default=True)
@click.option("--order", default="", metavar="ORDER", help="The order or request that it answers, from the register.")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Of the cover.")
@click.option("--note", default="", help="A note on the cover.")
@AS
@data_option
def draft(
    case_id: str, to: tuple[str, ...], content: bool, parts: tuple[str, ...], ground: str, order: str,
    language: str, note: str, actor: str | None, data: Path,
) -> int:  # fmt: skip
    """Freeze what CASE comes to for these recipients. Nothing leaves by it."""
    from rempart.cli.actor import acting
    from rempart.reports.orders.values import Ground
    from rempart.reports.referrals import drafting
    from rempart.reports.referrals.gathering import without_address
    from rempart.reports.referrals.values import Part
    from rempart.server.referring import sender_of

    unknown = [one for one in parts if one not in set(Part)]
    if unknown:
        raise RefusedError(f"{unknown[0]!r} is no part.", hint="Known: " + ", ".join(Part) + ".")
    wanted = drafting.Wanted(
        case_id=case_id, to=to, content=content, parts=[Part(one) for one in parts] or None, ground=Ground(ground),
        order=order, language=language, note=note,
    )  # fmt: skip
    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        made = drafting.draft(
            conn, wanted, who, sender=sender_of(folder.settings), keyring=folder.keyring, at=folder.store.clock()
        )  # fmt: skip
        bare = without_address(drafting.frozen_of(made, keyring=folder.keyring))
    _warn(bare)
    click.echo(f"{made.id}: drafted, with {', '.join(made.parts.split())}. Read it: rempart referral show {made.id}")
    return NOTHING_FOUND


@command.command(short_help="Ask a second person to confirm.")
@click.argument("referral")
@AS
@data_option
def ask(referral: str, actor: str | None, data: Path) -> int:
    """Ask a second person to confirm REFERRAL; one without content is confirmed at once."""
    from rempart.cli.actor import acting
    from rempart.reports.referrals import drafting

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        asked = drafting.ask(conn, referral, who, at=folder.store.clock())
    click.echo("Another person confirms it now." if asked else "Confirmed: it holds no content and may be packed.")
    return NOTHING_FOUND


@command.command(short_help="Confirm what another person asked, or refuse.")
@click.argument("referral")
@click.option("--refuse", is_flag=True, help="Say no: it is a draft again.")
@click.option("--alone", is_flag=True, help="Alone, where it cannot wait; marked single.")
@click.option("--reason", required=True, help="What you looked at, in a sentence; sealed in the ledger.")
@AS
@data_option
def confirm(referral: str, refuse: bool, alone: bool, reason: str, actor: str | None, data: Path) -> int:
    """Confirm REFERRAL, which another person asked for, or say no to it."""
    from rempart.cli.actor import acting
    from rempart.people.records.approvals import open_about
    from rempart.reports.referrals import drafting
    from rempart.server.referring import sender_of

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        at = folder.store.clock()
        if alone and not refuse:
            drafting.confirm_alone(conn, referral, who, reason=reason, at=at)
        else:
            asked = open_about(conn, kind=drafting.KIND, subject=f"referral:{referral}")
            if not asked:
                raise RefusedError("Nobody asked for this.", hint=f"rempart referral ask {referral}")
            drafting.decide(
                conn, asked[0], who, approve=not refuse, reason=reason, sender=sender_of(folder.settings),
                keyring=folder.keyring, at=at, alone_after=folder.settings.people.alone_after,
            )  # fmt: skip
    click.echo("Refused; it is a draft again." if refuse else "Confirmed; it may be packed.")
    return NOTHING_FOUND


@command.command(short_help="Take back what was not handed over.")
@click.argument("referral")
@click.option("--why", required=True, help="Why; kept sealed.")
@AS
@data_option
def withdraw(referral: str, why: str, actor: str | None, data: Path) -> int:
    """Take REFERRAL back, which was not handed over; what it said is forgotten."""
    from rempart.cli.actor import acting
    from rempart.reports.referrals import drafting

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        drafting.withdraw(conn, referral, who, why=why, keyring=folder.keyring, at=folder.store.clock())
    click.echo("Taken back.")
    return NOTHING_FOUND


@command.command(short_help="Make the sealed package.")
@click.argument("referral")
@click.option(
    "--out", "-o", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="The sealed package to be written.",
)  # fmt: skip
@AS
@data_option
def pack(referral: str, out: Path, actor: str | None, data: Path) -> int:
    """Make the sealed package of REFERRAL, which is confirmed; only its recipients can open it.

    A checkpoint is signed first, so that every step so far is proven; where that cannot be done, it says so.
    """
    from rempart.cli.actor import acting
    from rempart.reports.referrals.packing import pack as make
    from rempart.server.referring import sender_of, signer_of

    with opened_data(data) as folder, acting(folder, actor) as who:
        signer = signer_of(folder.settings)
        _sign(folder)
        with output_file(out) as stream:
            made = make(folder.vault(), referral, stream, who, sender=sender_of(folder.settings), signer=signer)
    click.echo(f"{out}: {made.size:,} bytes, SHA-256 {made.digest.hex()}. Signed by {signer.key.line}")
    return NOTHING_FOUND


@command.command("hand-over", short_help="Note that the recipient has the package.")
@click.argument("referral")
@click.option("--how", required=True, help="By which way, and to whom there; kept sealed.")
@click.option("--reference", default="", help="The recipient's own reference; kept sealed.")
@AS
@data_option
def hand_over(referral: str, how: str, reference: str, actor: str | None, data: Path) -> int:
    """Note that the recipient has the package: the task is done, and the disclosure is written down."""
    from rempart.cli.actor import acting
    from rempart.reports.referrals import handing

    with opened_data(data) as folder, acting(folder, actor) as who:
        vault = folder.vault()
        with folder.store.write() as conn:
            handing.hand_over(conn, referral, who, reference=reference, how=how, vault=vault, at=folder.store.clock())
    click.echo("Written down as handed over.")
    return NOTHING_FOUND


@command.command(short_help="End what waits: a report already counts.")
@click.argument("case_id", metavar="CASE")
@AS
@data_option
def counted(case_id: str, actor: str | None, data: Path) -> int:
    """End the referral that waits in CASE because the report that was made already counts."""
    from rempart.cli.actor import acting
    from rempart.reports.referrals import handing
    from rempart.server.referring import sender_of

    with opened_data(data) as folder, acting(folder, actor) as who:
        vault, sender = folder.vault(), sender_of(folder.settings)
        with folder.store.write() as conn:
            counts = handing.count(conn, case_id, who, sender=sender, vault=vault, at=folder.store.clock())
    click.echo(f"Ended: the report to {counts} counts.")
    return NOTHING_FOUND


def _sign(folder: DataFolder) -> None:
    from rempart.server.ledgers import open_sequencer

    try:
        open_sequencer(folder.settings, folder.store).checkpoint()
    except RempartError as err:
        told = "Nothing could be signed, so steps younger than the newest checkpoint have no proof"
        click.echo(printable(f"{told}: {err}"), err=True)


def _warn(bare: int) -> None:
    if bare:
        click.echo(
            f"{bare} of its items {'has' if bare == 1 else 'have'} no address: a hotline looks at addresses and can do"
            " nothing with an item's name alone. Let the service give its `url` with the check, or write in --note"
            " where it is; then draft the referral anew.",
            err=True,
        )


def _brief(row: ReferralRow) -> dict[str, Any]:
    return {
        "id": row.id, "case": row.case_id, "state": row.state.value, "to": row.classes.split(),
        "authority": row.authority, "parts": row.parts.split(), "created": iso(row.created), "by": row.created_by,
        "confirmed_by": row.confirmed_by, "single": row.single, "danger": row.danger,
        "ended": iso(row.ended_at) if row.ended_at else None,
    }  # fmt: skip


def _line(row: ReferralRow) -> str:
    single = ", confirmed by one person alone" if row.single else ""
    return f"{row.id}  {iso(row.created)}  {row.case_id} to {row.classes or 'nobody'}: {row.state}{single}"


def _show_route(found: Route, *, as_json: bool) -> None:
    for step in found.steps:
        own = [one.id for one in step.recipients]
        if as_json:
            told = {
                "authority": step.authority.id, "standing": step.standing.value, "counts": step.counts or None,
                "may_receive": sorted(step.authority.receives), "recipients": own,
                "source": step.authority.source["en"],
            }  # fmt: skip
            click.echo(json.dumps(told))
            continue
        click.echo(f"{step.authority.id}  {step.standing}  {step.authority.name['en']}")
        click.echo(f"    {step.authority.text['en']}")
        click.echo(f"    Recipients in the settings: {', '.join(own) or 'none yet'}")
    if not as_json:
        country = found.country or "no country is set"
        known = "" if found.known else f" The table has no row of {country}."
        click.echo(f"This is a table and no legal advice.{known}")
