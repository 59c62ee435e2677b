"""`rempart reports list`, `show`, `file`, `retry`, `stop` and `resolve`: how reports stand, and what people may do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.clock import iso
from rempart.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection

    from rempart.reports.cybertip.records.calls import CallRow
    from rempart.reports.cybertip.records.filings import Run
    from rempart.reports.cybertip.records.receipts import Receipt
    from rempart.reports.cybertip.records.reports import ReportRow

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
AS = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
REPORT = click.argument("report", metavar="REPORT")
WHY = click.option("--why", required=True, help="Sealed in the ledger.")
_STATES = (
    "draft", "asked", "confirmed", "opening", "open", "uploading", "detailing", "finishing", "filed", "retracting",
    "retracted", "rejected", "expired", "manual", "withdrawn",
)  # fmt: skip


@click.command()
@click.option("--state", type=click.Choice(_STATES), help="Only those in this state.")
@click.option("--most", type=click.IntRange(1, 200), default=50, show_default=True)
@data_option
@JSON
def list_(state: str | None, most: int, data: Path, as_json: bool) -> int:
    """The youngest reports: where each stands, why it waits, and when it is tried again."""
    from rempart.reports.cybertip.records import reports, stops
    from rempart.reports.cybertip.values import Environment, ReportState

    with opened_data(data) as folder, folder.store.read() as conn:
        found = reports.page(conn, most=most, states=() if state is None else {ReportState(state)})
        standing = [one for one in (stops.find(conn, name.value) for name in Environment) if one is not None]
    for one in found:
        click.echo(json.dumps(_brief(one)) if as_json else _line(one))
    for stop in standing:
        click.echo(
            f"Nothing is sent ({stop.environment}): the service refuses the credentials since {iso(stop.since)}.",
            err=True,
        )
    if not found and not as_json:
        click.echo("There is no such report. A decision to report makes one.")
    return NOTHING_FOUND


@click.command()
@REPORT
@click.option("--receipt", is_flag=True, help="Print the service's receipt, to the byte.")
@data_option
@JSON
def show(report: str, receipt: bool, data: Path, as_json: bool) -> int:
    """How REPORT stands: each time it was opened at the service, each call, and the receipt."""
    from rempart.people.principal import CONSOLE
    from rempart.reports.cybertip.records import calls, filings, receipts

    with opened_data(data) as folder:
        with folder.store.read() as conn:
            row = _found(conn, report)
            runs, made = filings.runs_of(conn, report), calls.of_report(conn, report)
            kept = receipts.of_report(conn, report)
        if receipt:
            object_id = kept[-1].object if kept else None
            if object_id is None:
                raise NotFoundError("There is no receipt.")
            with folder.vault().opened(object_id, purpose=f"receipt of {report}", by=CONSOLE) as view:
                sys.stdout.buffer.write(view)
            return NOTHING_FOUND
    if as_json:
        told = {
            "runs": [_run(one) for one in runs],
            "calls": [_call(one) for one in made],
            "receipts": [_receipt(one) for one in kept],
        }
        click.echo(json.dumps(_brief(row) | told))
        return NOTHING_FOUND
    click.echo(_line(row))
    for one in runs:
        ended = f"{one.outcome} {one.why or ''}".rstrip() if one.outcome else "open"
        click.echo(f"  {one.run}. {iso(one.begun)}  {one.environment}, number {one.number or 'unknown'}: {ended}")
        for call in made:
            if call.run == one.run:
                answer = " ".join(str(part) for part in (call.http, call.code, call.request_id) if part is not None)
                click.echo(f"     {call.no}. {iso(call.started)}  {call.step}: {call.result or '?'}  {answer}".rstrip())
    return NOTHING_FOUND


@click.command()
@REPORT
@AS
@data_option
def file(report: str, actor: str | None, data: Path) -> int:
    """File REPORT, which two people stand behind, where this deployment's reports go; a server at work sends it.

    What was only rehearsed or tested may be filed again.
    """
    from rempart.cli.actor import acting
    from rempart.people.permissions import Permission
    from rempart.reports.cybertip import production
    from rempart.reports.cybertip.drafting.reading import report_of
    from rempart.reports.cybertip.filing.beginning import begin
    from rempart.reports.cybertip.values import Environment
    from rempart.server.cybertips import environment_of
    from rempart.server.switching import target_of

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        report_of(conn, report, who, permission=Permission.REPORTS_LEAD)
        environment = environment_of(folder.settings)
        if environment is Environment.PRODUCTION:
            production.require(conn, target_of(folder.settings))
        begin(conn, report, environment=environment, at=folder.store.clock(), by=who)
    click.echo(f"It is filed in a moment ({environment.value}).")
    return NOTHING_FOUND


@click.command()
@REPORT
@AS
@data_option
def retry(report: str, actor: str | None, data: Path) -> int:
    """Go on with REPORT now, which waits or was put into people's hands."""
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.filing.beginning import retry as again

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        again(conn, who, report, at=folder.store.clock())
    click.echo("It is tried in a moment.")
    return NOTHING_FOUND


@click.command()
@REPORT
@WHY
@AS
@data_option
def stop(report: str, why: str, actor: str | None, data: Path) -> int:
    """Take REPORT back while it is being filed. For leads."""
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.filing.beginning import stop as take_back

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        take_back(conn, who, report, why=why, at=folder.store.clock())
    click.echo("It is taken back in a moment, unless the service has finished it.")
    return NOTHING_FOUND


@click.command()
@REPORT
@click.option("--found", type=click.Choice(["filed", "not_filed", "given_up"]), required=True)
@click.option("--number", help="The service's report id, where it was filed.")
@WHY
@AS
@data_option
def resolve(report: str, found: str, number: str | None, why: str, actor: str | None, data: Path) -> int:
    """Say what became of REPORT, which was put into people's hands, after asking the service. For leads.

    filed: it was, under --number. not_filed: it was not, and is begun again. given_up: it was not, and is not sent as
    it is.
    """
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.filing.beginning import Found
    from rempart.reports.cybertip.filing.beginning import resolve as settle

    with opened_data(data) as folder, acting(folder, actor) as who:
        vault = folder.vault()
        with folder.store.write() as conn:
            settle(
                conn, who, report, found=Found(found), why=why, at=folder.store.clock(), vault=vault, number=number
            )  # fmt: skip
    click.echo("It is written down.")
    return NOTHING_FOUND


def _found(conn: Connection, report: str) -> ReportRow:
    from rempart.reports.cybertip.records import reports

    found = reports.find(conn, report)
    if found is None:
        raise NotFoundError("There is no such report.")
    return found


def _brief(row: ReportRow) -> dict[str, Any]:
    return {
        "id": row.id, "case": row.case_id, "state": row.state.value, "environment": row.environment.value,
        "number": row.number, "filed_at": _time(row.filed_at), "tries": row.tries, "next_try": _time(row.next_try),
        "why": row.why, "single": row.single,
    }  # fmt: skip


def _run(one: Run) -> dict[str, Any]:
    return {
        "run": one.run, "environment": one.environment, "number": one.number, "begun": iso(one.begun),
        "ended": _time(one.ended), "outcome": one.outcome, "why": one.why,
    }  # fmt: skip


def _call(one: CallRow) -> dict[str, Any]:
    return {
        "run": one.run, "no": one.no, "step": one.step, "started": iso(one.started), "ended": _time(one.ended),
        "result": one.result, "http": one.http, "code": one.code, "request_id": one.request_id,
    }  # fmt: skip


def _receipt(one: Receipt) -> dict[str, Any]:
    return {
        "run": one.run, "environment": one.environment, "number": one.number, "object": one.object,
        "at": iso(one.at), "differs": one.differs,
    }  # fmt: skip


def _line(row: ReportRow) -> str:
    rehearsed = row.state == "filed" and row.environment != "production"
    state = "rehearsed, not reported" if rehearsed else row.state.value
    parts = [f"{row.id}  {state} ({row.environment.value})"]
    if row.number:
        parts.append(f"number {row.number}")
    if row.why:
        parts.append(f"because: {row.why}")
    if row.next_try:
        parts.append(f"next try {iso(row.next_try)}")
    return ", ".join(parts)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
