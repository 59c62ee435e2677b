"""`rempart restore`: bring a backup back, and repeat what was destroyed or withdrawn since."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click
from sqlalchemy import Connection, select

from rempart.cases.records import webhooks, work
from rempart.cases.work import settings as work_settings
from rempart.cli.datafolder import opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.finishing import Newest, finish_restore_of
from rempart.cli.newfolder import NewFolder, settings_text, write_private
from rempart.clock import iso, utc_now
from rempart.errors import IncompleteError
from rempart.evidence.backup.ledgercheck import check_ledger
from rempart.evidence.backup.restoring import Checked, Restored, check_backup, load_backup
from rempart.evidence.ledger.keyfile import create_signer
from rempart.evidence.ledger.notes import VerifierKey
from rempart.evidence.ledger.records import keys as ledger_keys
from rempart.evidence.vault import Keyring
from rempart.people.records import persons
from rempart.server.vaults import KEY_VARIABLE, blobs_of, open_keyring
from rempart.settings import read_settings
from rempart.store.engine import Store

FOLDER = click.Path(path_type=Path, file_okay=False)
_MOST_TOLD = 1_000
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("paths", metavar="IN DIR", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--finish", "only_finish", is_flag=True, help="DIR was restored before: only repeat what came later.")
@click.option("--keys", metavar="FOLDER", type=FOLDER, help="The copy of keys/ that was kept apart from the backups.")
@click.option("--without-keys", is_flag=True, help="The service key is lost: make new ones, nothing sealed opens.")
@click.option("--url", "database", metavar="URL", default="", help="An empty Postgres database instead of a file.")
@click.option("--blobs", metavar="URL", default="", help="Where sealed bytes go, instead of blobs/ in DIR.")
@click.option("--ledger", "export", metavar="EXPORT", type=FILE, help="The newest full export of the ledger.")
@click.option("--ledger-key", "ledger_keys", metavar="KEY", multiple=True, help="A verifier key of the ledger.")
@click.option("--from-data", "old", metavar="OLD", type=FOLDER, help="The old data folder: its ledger is the newest.")
@click.option("--no-ledger", metavar="REASON", default="", help="There is no newer ledger than the backup's: say why.")
@click.option("--json", "as_json", is_flag=True, help="What was brought back, as JSON.")
def command(
    paths: Sequence[Path],
    only_finish: bool,
    keys: Path | None,
    without_keys: bool,
    database: str,
    blobs: str,
    export: Path | None,
    ledger_keys: Sequence[str],
    old: Path | None,
    no_ledger: str,
    as_json: bool,
) -> int:
    """Restore the backup IN into the new data folder DIR.

    \b
    rempart restore backup.tar data --keys kept/keys --ledger newest.export
    rempart restore --finish data --ledger newest.export

    Everything is checked before anything is written. A backup is older than the ledger: what was destroyed or withdrawn
    since is in it again. Until the newest ledger was brought in (--ledger or --from-data) and these steps were
    repeated, the restored folder refuses to serve.
    """
    if len(paths) != (1 if only_finish else 2):
        raise click.UsageError("Say `rempart restore IN DIR`, or `rempart restore --finish DIR`.")
    folder = paths[-1]
    newest = Newest(export=export, keys=tuple(ledger_keys), old=old, none_because=no_ledger)
    if not only_finish:
        checked, restored = _restore(
            paths[0], folder, keys=keys, without_keys=without_keys, database=database, blobs=blobs
        )
        _tell(folder, checked, restored, as_json=as_json)
    if not newest.given:
        if only_finish:
            raise click.UsageError("Say --ledger EXPORT, --from-data OLD, or --no-ledger REASON.")
        click.echo(
            "It is closed until later destructions are repeated: rempart restore --finish DIR --ledger EXPORT", err=True
        )
        return NOTHING_FOUND
    with opened_data(folder, while_pending=True) as data:
        done = finish_restore_of(data, newest)
        with data.store.read() as conn:
            kept = work.kept_from_all(conn, most=_MOST_TOLD)
            settings_lost = work_settings.current(conn)[1].restored
    click.echo(f"Repeated: {', '.join(f'{name} {count}' for name, count in done.items()) or 'nothing'}.", err=as_json)
    for case in kept:
        click.echo(f"Nobody sees {case}: from whom it was kept is lost. Say so: rempart case readmit {case}", err=True)
    if settings_lost:
        click.echo(
            "The team's settings are older than the last ones: leads alone see cases until one puts them.", err=True
        )
    return NOTHING_FOUND


def _restore(
    backup: Path, folder: Path, *, keys: Path | None, without_keys: bool, database: str, blobs: str
) -> tuple[Checked, Restored]:
    if keys is None and not without_keys and KEY_VARIABLE not in os.environ:
        raise IncompleteError(
            "The service key is not in a backup.", hint="Say --keys FOLDER, or --without-keys if it is lost."
        )
    found: list[tuple[Checked, Restored]] = []

    def fill(place: Path) -> None:
        settings = read_settings(place, os.environ)
        keyring: Keyring | None = None if without_keys else open_keyring(settings, os.environ)
        with backup.open("rb") as stream:
            checked = check_backup(stream, keyring=keyring)
        write_private(place / "rempart.toml.from-backup", checked.settings)
        if not settings.store.database:
            (place / "rempart.db").touch(mode=0o600)
        with ExitStack() as stack:
            store = stack.enter_context(Store.open(settings.database_url, clock=utc_now))
            restored = load_backup(store, blobs_of(settings), lambda: backup.open("rb"), checked, clock=utc_now)
            with store.write() as conn:
                check_ledger(conn)
                _same_ledger(conn, place / "keys" / "ledger.key")
                if without_keys:
                    _forget_secrets(conn)
        found.append((checked, restored))

    NewFolder(folder).make(
        settings_text(database=database, blobs=blobs),
        ledger_name=None,
        keys=keys,
        own_service_key=KEY_VARIABLE in os.environ,
        filled=fill,
    )
    return found[0]


def _same_ledger(conn: Connection, path: Path) -> None:
    """Where the ledger's key is lost, a new one goes on under the same name: it is the same log."""
    if not path.exists():
        known = [VerifierKey.parse(line).name for line in conn.scalars(select(ledger_keys.c.line))]
        create_signer(path, name=known[-1] if known else f"rempart-{secrets.token_hex(6)}/ledger")


def _forget_secrets(conn: Connection) -> None:
    """What only the lost service key opened: authenticators and webhooks' secrets have to be set up anew."""
    for person in persons.everyone(conn):
        persons.change(conn, person.id, totp_secret=None)
    for endpoint in webhooks.endpoints(conn, service=None):
        webhooks.change_endpoint(conn, endpoint.id, state="disabled")
        webhooks.delete_secrets(conn, endpoint=endpoint.id)


def _tell(folder: Path, checked: Checked, restored: Restored, *, as_json: bool) -> None:
    rows = sum(restored.rows.values())
    if as_json:
        told = {"made": iso(checked.made), "rows": rows, "blobs": restored.blobs, "ledger_size": checked.ledger_size}
        click.echo(json.dumps(told | {"without_bytes": list(restored.without_bytes), "authentic": checked.authentic}))
    else:
        click.echo(f"{folder}: {rows} rows and {restored.blobs} sealed objects of {iso(checked.made)}.")
        click.echo("The old settings are in rempart.toml.from-backup: take over what still holds.")
    for one in restored.without_bytes:
        click.echo(f"rempart: the sealed bytes of {one} are not in the backup.", err=True)
