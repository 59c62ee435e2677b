"""`rempart user`: people and their roles, from the machine's console."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from pathlib import Path

import click

from rempart.cli.datafolder import DataFolder, data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.terminal import printable
from rempart.clock import iso, utc_now
from rempart.people import persons
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.people.records.persons import Person
from rempart.people.signin import LINK_LIFE, one_time_link

NAME = click.argument("name", metavar="NAME")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ROLES = click.option(
    "--role",
    "roles",
    type=click.Choice([role.value for role in Role]),
    multiple=True,
    help="May be given several times.",
)


@click.group()
def command() -> None:
    """People who may sign in, and their roles.

    Whoever can run this on the data folder is trusted with it: the ledger names them *console*.
    """


@command.command(short_help="Make an account and print its one-time link.")
@NAME
@ROLES
@click.option("--shown-name", metavar="TEXT", default="", help="The name that others see.")
@click.option("--language", type=click.Choice(persons.LANGUAGES), default="en", show_default=True)
@data_option
@JSON
def add(name: str, roles: tuple[str, ...], shown_name: str, language: str, data: Path, as_json: bool) -> int:
    """Make an account and print its link, which is good once and for a day."""
    with opened_data(data) as folder, folder.store.write() as conn:
        at = utc_now()
        person = persons.add(
            conn, name=name, roles=map(Role, roles), by=CONSOLE, at=at, random=secrets.token_bytes,
            shown_name=shown_name, language=language,
        )  # fmt: skip
        token = one_time_link(conn, person, by=CONSOLE, at=at, random=secrets.token_bytes)
    _say_link(folder, person, token, as_json=as_json)
    return NOTHING_FOUND


@command.command("list")
@data_option
@JSON
def list_(data: Path, as_json: bool) -> int:
    """Everybody, with roles."""
    with opened_data(data) as folder, folder.store.read() as conn:
        everyone = persons.everyone(conn)
    if as_json:
        click.echo(json.dumps([_told(person) for person in everyone], ensure_ascii=False, indent=2))
        return NOTHING_FOUND
    for person in everyone:
        roles = ", ".join(sorted(person.roles)) or "no roles"
        state = "" if person.deactivated is None else f", deactivated {iso(person.deactivated)}"
        click.echo(printable(f"{person.name}: {roles}{state} ({person.shown_name}, {person.pseudonym})"))
    return NOTHING_FOUND


@command.command(short_help="Print a new one-time link for somebody.")
@NAME
@click.option("--hours", type=click.FloatRange(0.1, 720), help="How long it is good.  [default: 24]")
@click.option("--sign-in", is_flag=True, help="Open a session once; what the person signs in with stays.")
@data_option
@JSON
def link(name: str, hours: float | None, sign_in: bool, data: Path, as_json: bool) -> int:
    """Print a new link, good once, to set up a way to sign in; what the person had before ends when it is used."""
    with opened_data(data) as folder, folder.store.write() as conn:
        person = persons.named(conn, name)
        token = one_time_link(
            conn, person, by=CONSOLE, at=utc_now(), random=secrets.token_bytes,
            purpose="sign-in" if sign_in else "enrol", life=timedelta(hours=hours) if hours else LINK_LIFE,
        )  # fmt: skip
    _say_link(folder, person, token, as_json=as_json)
    return NOTHING_FOUND


@command.command(short_help="Give a person exactly these roles.")
@NAME
@ROLES
@data_option
def roles(name: str, roles: tuple[str, ...], data: Path) -> int:
    """Give a person exactly these roles; without any, the person may only look after their own account."""
    with opened_data(data) as folder, folder.store.write() as conn:
        person = persons.named(conn, name)
        persons.set_roles(conn, person.id, map(Role, roles), by=CONSOLE, at=utc_now())
    click.echo(printable(f"{person.name}: {', '.join(sorted(roles)) or 'no roles'}."))
    return NOTHING_FOUND


@command.command()
@NAME
@data_option
def deactivate(name: str, data: Path) -> int:
    """Let a person sign in no more; sessions and links end at once."""
    with opened_data(data) as folder, folder.store.write() as conn:
        persons.deactivate(conn, persons.named(conn, name).id, by=CONSOLE, at=utc_now())
    click.echo(printable(f"{name} can no longer sign in."))
    return NOTHING_FOUND


def _say_link(folder: DataFolder, person: Person, token: str, *, as_json: bool) -> None:
    server = folder.settings.server
    address = f"{(server.public_url or f'http://localhost:{server.port}').rstrip('/')}/sign-in/link/{token}"
    if as_json:
        click.echo(json.dumps(_told(person) | {"link": address}, ensure_ascii=False, indent=2))
        return
    click.echo(printable(f"{person.name} opens this link, which is good once:"))
    click.echo(address)


def _told(person: Person) -> dict[str, object]:
    return {
        "id": person.id, "name": person.name, "shown_name": person.shown_name, "pseudonym": person.pseudonym,
        "roles": sorted(person.roles), "language": person.language, "created": iso(person.created),
        "deactivated": iso(person.deactivated) if person.deactivated else None,
    }  # fmt: skip
