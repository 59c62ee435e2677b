"""`rempart reasons`: statements of reasons, what keeps them, and the transparency database."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import COULD_NOT, FOUND, NOTHING_FOUND
from rempart.clock import iso
from rempart.errors import NotFoundError, RefusedError

if TYPE_CHECKING:
    from rempart.reports.reasons.records.statements import Named

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
AS = click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
_MOST = 8 << 20


@click.group()
def command() -> None:
    """Statements of reasons (DSA Art. 17): what was told of restrictions, and what waits.

    \b
    rempart reasons list
    rempart reasons show reason_…
    rempart reasons delay --case case_… --cause police_request --hours 72 --why … --as NAME
    rempart reasons filing
    """


@command.command("list")
@click.option("--state", type=click.Choice(["waiting", "out", "withheld"]), help="Only those in this state.")
@click.option("--most", type=click.IntRange(1, 200), default=50, show_default=True)
@data_option
@JSON
def list_(state: str | None, most: int, data: Path, as_json: bool) -> int:
    """The youngest statements: what was restricted, when, and where each stands."""
    from rempart.people.principal import SYSTEM
    from rempart.reports.reasons import statements
    from rempart.reports.reasons.values import State

    with opened_data(data) as folder, folder.store.read() as conn:
        wanted = None if state is None else State(state)
        found = statements.listed(conn, SYSTEM, state=wanted, most=most).rows
    for one in found:
        if as_json:
            click.echo(json.dumps(_brief(one), ensure_ascii=False))
        else:
            row = one.reason
            until = f" until {iso(row.until)}" if row.until else ""
            click.echo(f"{row.id}  {iso(row.at)}  {row.service}: {row.kind} ({row.what}), {row.state}{until}")
    if not found and not as_json:
        click.echo("There is no statement yet. Each restriction has one: content held or blocked, an account blocked.")
    return NOTHING_FOUND


@command.command()
@click.argument("reason", metavar="REASON")
@click.option("--payload", is_flag=True, help="What the transparency database is sent, checked by its rules.")
@click.option("--language", type=click.Choice(["en", "fr"]), help="Print the text in this language. [the uploader's]")
@data_option
@JSON
def show(reason: str, payload: bool, language: str | None, data: Path, as_json: bool) -> int:
    """The statement REASON: its text, or with --json all of it."""
    from rempart.reports.reasons import statements
    from rempart.reports.reasons.dsa.rules import problems
    from rempart.reports.reasons.records.statements import named

    with opened_data(data) as folder, folder.store.read() as conn:
        found = named(conn, reason)
    if found is None:
        raise NotFoundError("There is no such statement.")
    if payload:
        told = found.reason.payload
        if told is None:
            raise NotFoundError(
                "Nothing of this statement is sent.", hint="The database is told of restrictions alone."
            )
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return _say_wrong({reason: problems(told)})
    if as_json:
        click.echo(json.dumps(statements.told(found), ensure_ascii=False, indent=2))
    else:
        click.echo(found.reason.document["text"][language or found.reason.language], nl=False)
    return NOTHING_FOUND


@command.command()
@click.option("--case", "case_id", metavar="CASE", help="All that follows from this case.")
@click.option("--reason", "reason", metavar="REASON", help="This one statement, which has not gone out.")
@click.option("--cause", type=click.Choice(["police_request", "danger"]), required=True)
@click.option("--hours", type=click.FloatRange(0, 24 * 90, min_open=True), required=True, help="Until when, from now.")
@click.option("--why", required=True, help="What it is about; sealed in the ledger.")
@AS
@data_option
def delay(
    case_id: str | None, reason: str | None, cause: str, hours: float, why: str, actor: str | None, data: Path
) -> int:  # fmt: skip
    """Keep statements from going out until a time, for a request of the police or a danger. For leads."""
    from rempart.cli.actor import acting
    from rempart.reports.reasons import delays
    from rempart.reports.reasons.values import Cause

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        now = folder.store.clock()
        until = now + timedelta(hours=hours)
        made = delays.delay(
            conn, who, cause=Cause(cause), until=until, why=why, at=now, case_id=case_id, reason=reason
        )  # fmt: skip
    click.echo(f"{made.id}: nothing of it goes out before {iso(until)}.")
    return NOTHING_FOUND


@command.command()
@click.argument("delay_id", metavar="DELAY")
@click.option("--case", "case_id", metavar="CASE", help="The case that was delayed.")
@click.option("--reason", "reason", metavar="REASON", help="The statement that was delayed.")
@click.option("--why", required=True)
@AS
@data_option
def undelay(
    delay_id: str, case_id: str | None, reason: str | None, why: str, actor: str | None, data: Path
) -> int:  # fmt: skip
    """End a delay before its time. For leads."""
    from rempart.cli.actor import acting
    from rempart.reports.reasons import delays

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        delays.undelay(conn, who, delay_id, why=why, at=folder.store.clock(), case_id=case_id, reason=reason)
    click.echo("It has ended; what waited for it alone goes out in a moment.")
    return NOTHING_FOUND


@command.command()
@click.argument("case_id", metavar="CASE")
@click.option("--why", required=True, help="Which order; sealed in the ledger.")
@AS
@data_option
def order(case_id: str, why: str, actor: str | None, data: Path) -> int:
    """Mark CASE as carrying out an authority's order (Article 9): nothing of it is told from now on. For leads."""
    from rempart.cli.actor import acting
    from rempart.reports.reasons import delays

    with opened_data(data) as folder, acting(folder, actor) as who, folder.store.write() as conn:
        delays.mark_order(conn, who, case_id, why=why, at=folder.store.clock())
    click.echo("No statement of this case goes out from now on.")
    return NOTHING_FOUND


@command.command()
@data_option
@JSON
def filing(data: Path, as_json: bool) -> int:
    """How statements stand with the transparency database, its last batches, and what it refused. Asks nobody."""
    from rempart.reports.reasons.records import batches, statements
    from rempart.reports.reasons.values import Filing

    with opened_data(data) as folder, folder.store.read() as conn:
        counts = batches.counts(conn)
        last = batches.youngest(conn, most=10)
        refused = statements.page(conn, before=None, most=50, filing=Filing.REFUSED.value)
        address = folder.settings.reasons.database_url
    told: dict[str, Any] = {
        "database": address or None,
        "statements": {one.value: counts.get(one.value, 0) for one in Filing},
        "batches": [
            {"id": one.id, "created": iso(one.created), "state": one.state, "tries": one.tries, "error": one.error}
            for one in last
        ],
        "refused": {one.reason.id: dict(one.reason.errors or {}) for one in refused},
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return NOTHING_FOUND
    click.echo(f"Database: {address or 'none is set; nothing is sent'}")
    click.echo("Statements: " + ", ".join(f"{name} {count}" for name, count in told["statements"].items()))
    for one in told["batches"]:
        click.echo(
            f"{one['id']}  {one['created']}  {one['state']}, tries: {one['tries']}  {one['error'] or ''}".rstrip()
        )
    _say_wrong(told["refused"])
    return NOTHING_FOUND


@command.command()
@click.argument("file", metavar="FILE")
def check(file: str) -> int:
    """Check payloads in FILE (- for standard input) by the rules of the transparency database. Sends nothing.

    FILE holds one payload, a list of them, or {"statements": […]}. Exit code 1 when something is wrong.
    """
    from rempart.reports.reasons.dsa.rules import problems

    document = _read(file)
    some = document.get("statements", [document]) if isinstance(document, dict) else document
    if not isinstance(some, list) or not all(isinstance(one, dict) for one in some):
        raise RefusedError('The file holds a payload, a list of them, or {"statements": […]}.')
    code = _say_wrong({f"statement_{place}": problems(one) for place, one in enumerate(some)})
    if code == NOTHING_FOUND:
        click.echo(f"Nothing is wrong with {len(some)}.")
    return code


@command.command("test-server")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port. [a free one]")
@click.option("--token", default="test", show_default=True, help="The token that it is asked with.")
@click.option("--next", "behaviours", multiple=True, metavar="BEHAVIOUR", help="How to behave at the next request.")
@click.option("--hang", type=click.FloatRange(0), default=60.0, show_default=True, help="Seconds without an answer.")
def test_server(port: int, token: str, behaviours: tuple[str, ...], hang: float) -> int:
    """A transparency database of your own to try things on: it follows the documented rules and keeps nothing.

    Behaviours, one for each request: 500, timeout_before, timeout_after, close_after, 422. Ends with Ctrl-C.
    """
    from rempart.reports.reasons.dsa.testserver import TestServer

    try:
        server = TestServer(token=token, port=port, hang=hang, next_=behaviours)
    except OSError as err:
        click.echo(f"rempart: port {port} cannot be listened on: {err.strerror}.", err=True)
        return COULD_NOT
    click.echo(f'database_url = "{server.url}"', nl=True)
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        click.echo(f"Taken: {len(server.statements)}. Sent twice: {len(server.twice)}.")
    finally:
        server.over.set()
        server.server_close()
    return NOTHING_FOUND


def _brief(one: Named) -> dict[str, Any]:
    row = one.reason
    return {
        "id": row.id, "seq": row.seq, "service": row.service, "kind": row.kind, "what": row.what, "at": iso(row.at),
        "state": row.state, "until": iso(row.until) if row.until else None, "filing": row.filing,
    }  # fmt: skip


def _say_wrong(found: dict[str, Any]) -> int:
    """Each thing that is wrong, with its field; the exit code."""
    lines = [
        f"{name}: {field} {text}" for name, fields in found.items() for field, texts in fields.items() for text in texts
    ]
    for line in lines:
        click.echo(line, err=True)
    return FOUND if lines else NOTHING_FOUND


def _read(file: str) -> Any:
    try:
        if file == "-":
            text = sys.stdin.read(_MOST + 1)
        else:
            with Path(file).open(encoding="utf-8") as stream:
                text = stream.read(_MOST + 1)
    except (OSError, UnicodeDecodeError) as err:
        raise RefusedError(f"{file} cannot be read: {getattr(err, 'strerror', None) or 'it is not UTF-8'}.") from err
    if len(text) > _MOST:
        raise RefusedError(f"{file} is too long.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise RefusedError(f"{file} is no JSON: {err}.") from err
