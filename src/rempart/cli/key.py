"""`rempart key`: keys of services, from the machine's console."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.terminal import printable
from rempart.clock import iso, utc_now
from rempart.people import keys
from rempart.people.keys import NewKey
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE
from rempart.people.records.keys import ApiKey

KEY = click.argument("key_id", metavar="KEY")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
DAYS = click.option("--days", type=click.IntRange(1, 3660), default=365, show_default=True, help="Good for so long.")


@click.group()
def command() -> None:
    """Keys with which services use the API.

    A running server knows a new key at once, and refuses a revoked one within a second.
    """


@command.command(short_help="Make a key and print it, this once.")
@click.argument("label", metavar="NAME")
@click.option("--service", metavar="NAME", required=True, help="The service it belongs to: `forum`.")
@click.option(
    "--scope", "scopes", type=click.Choice([scope.value for scope in Scope]), multiple=True, required=True,
    help="What it may do; may be given several times.",
)  # fmt: skip
@DAYS
@click.option("--per-minute", type=click.IntRange(1), help="Requests a minute, at most.")
@click.option("--signals-per-day", type=click.IntRange(1), help="Signals a day in checks by signals alone, at most.")
@data_option
@JSON
def create(
    label: str, service: str, scopes: tuple[str, ...], days: int, per_minute: int | None, signals_per_day: int | None,
    data: Path, as_json: bool,
) -> int:  # fmt: skip
    """Make a key called NAME and print it, this once: it is kept nowhere."""
    with opened_data(data) as folder, folder.store.write() as conn:
        made = keys.create(
            conn, label=label, service=service, scopes=map(Scope, scopes), by=CONSOLE, at=utc_now(),
            random=secrets.token_bytes, life=timedelta(days=days), per_minute=per_minute,
            signals_per_day=signals_per_day,
        )  # fmt: skip
    _say_new(made, as_json=as_json)
    return NOTHING_FOUND


@command.command("list")
@data_option
@JSON
def list_(data: Path, as_json: bool) -> int:
    """All keys, newest first, without their secrets."""
    with opened_data(data) as folder, folder.store.read() as conn:
        found = keys.every(conn)
    if as_json:
        click.echo(json.dumps([_told(key) for key in found], ensure_ascii=False, indent=2))
        return NOTHING_FOUND
    for key in found:
        ends = min(key.expires, key.revoked or key.expires)
        state = "usable until" if key.usable(utc_now()) else "ended"
        click.echo(
            printable(f"{key.id} {key.label} ({key.service}): {', '.join(sorted(key.scopes))}; {state} {iso(ends)}")
        )
    return NOTHING_FOUND


@command.command(short_help="Make a key that follows another, which ends later.")
@KEY
@click.option("--overlap", type=click.FloatRange(0, 90), default=7.0, show_default=True, help="Days both are good.")
@DAYS
@data_option
@JSON
def rotate(key_id: str, overlap: float, days: int, data: Path, as_json: bool) -> int:
    """Make a key that follows KEY and may do the same; KEY ends after the overlap."""
    with opened_data(data) as folder, folder.store.write() as conn:
        made = keys.rotate(
            conn, key_id, by=CONSOLE, at=utc_now(), random=secrets.token_bytes, overlap=timedelta(days=overlap),
            life=timedelta(days=days),
        )  # fmt: skip
    _say_new(made, as_json=as_json)
    return NOTHING_FOUND


@command.command()
@KEY
@data_option
def revoke(key_id: str, data: Path) -> int:
    """End KEY now."""
    with opened_data(data) as folder, folder.store.write() as conn:
        keys.revoke(conn, key_id, by=CONSOLE, at=utc_now())
    click.echo(printable(f"{key_id} has ended."))
    return NOTHING_FOUND


def _say_new(made: NewKey, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_told(made.key) | {"secret": made.secret}, ensure_ascii=False, indent=2))
        return
    click.echo(f"Copy the key now, it is kept nowhere. Its number is {made.key.id}.", err=True)
    click.echo(made.secret)


def _told(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id, "name": key.label, "service": key.service, "scopes": sorted(key.scopes),
        "created": iso(key.created), "expires": iso(key.expires), "revoked": iso(key.revoked) if key.revoked else None,
        "follows": key.follows, "per_minute": key.per_minute, "signals_per_day": key.signals_per_day,
    }  # fmt: skip
