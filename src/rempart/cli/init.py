"""`rempart init`: a data folder with keys, a database, and a first administrator."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click
from sqlalchemy import Connection

from rempart.cli.datafolder import DEFAULT, VARIABLE, DataFolder, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.newfolder import NewFolder, make_database, settings_text
from rempart.clock import utc_now
from rempart.errors import RefusedError
from rempart.people import persons
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.people.signin import one_time_link
from rempart.server.vaults import KEY_VARIABLE
from rempart.settings import FILE

PATH = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("folder", metavar="[DIR]", type=PATH, required=False, envvar=VARIABLE)
@click.option("--admin-email", metavar="NAME", required=True, help="The first administrator: the name to sign in with.")
@click.option("--url", "database", metavar="URL", default="", help="A Postgres database instead of a file.")
@click.option("--blobs", metavar="URL", default="", help="Where sealed bytes lie, instead of blobs/ in the folder.")
@click.option("--public-url", metavar="URL", default="", help="The address that people will use.")
def command(folder: Path | None, admin_email: str, database: str, blobs: str, public_url: str) -> int:
    """Make the data folder DIR (./rempart-data): settings, keys, database, and a first administrator.

    Prints a link that is good once, with which the administrator sets up a way to sign in. A folder that is in use is
    refused; one that an interrupted run left without an administrator is finished.
    """
    folder = folder or DEFAULT
    if not (folder / FILE).exists():
        text = settings_text(database=database, blobs=blobs, public_url=public_url)
        own = KEY_VARIABLE in os.environ
        NewFolder(folder).make(text, filled=make_database, ledger_name=_ledger_name(public_url), own_service_key=own)
    with opened_data(folder) as data:
        link = _first_administrator(data, admin_email)
        address = (data.settings.server.public_url or f"http://localhost:{data.settings.server.port}").rstrip("/")
    click.echo(f"{folder} is ready. Keep a copy of {folder / 'keys'} offline: no backup contains the keys.")
    click.echo(f"Start the server with: rempart serve --data {folder}")
    click.echo(f"Then {admin_email} opens this link, which is good once:")
    click.echo(f"{address}/sign-in/link/{link}")
    return NOTHING_FOUND


def _first_administrator(data: DataFolder, name: str) -> str:
    with data.store.write() as conn:
        _refuse_in_use(conn)
        now = utc_now()
        random = secrets.token_bytes
        person = persons.add(conn, name=name, roles=[Role.ADMINISTRATOR], by=CONSOLE, at=now, random=random)
        return one_time_link(conn, person, by=CONSOLE, at=now, random=random)


def _refuse_in_use(conn: Connection) -> None:
    if persons.everyone(conn):
        raise RefusedError(
            "This data folder is in use already.", hint="Start it with `rempart serve`, or name another."
        )


def _ledger_name(public_url: str) -> str:
    """The name the ledger signs under: the public host; empty for one that nobody else has."""
    host = public_url.partition("://")[2].partition("/")[0].partition(":")[0]
    return host and f"{host}/ledger"
