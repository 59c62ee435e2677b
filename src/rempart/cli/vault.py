"""`rempart vault`: custody, holds, destruction, service keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from rempart.cli.datafolder import DataFolder, data_option, opened_data
from rempart.cli.exitcodes import COULD_NOT, NOTHING_FOUND
from rempart.clock import iso
from rempart.errors import RefusedError
from rempart.evidence.vault import KeyFile
from rempart.evidence.vault.checking import check_blobs
from rempart.evidence.vault.records import custody_of, find_object, holds_on, uses_of_keys
from rempart.evidence.vault.rotation import recover, request_rewrap, retire, rewrap_now, rotate
from rempart.people.principal import CONSOLE
from rempart.server.vaults import WRAPPED_ELSEWHERE

OBJECT = click.argument("object_id", metavar="OBJECT")
REASON = click.option("--reason", required=True, help="Why; it stays on record.")
AUTHORITY = click.option("--authority", default="", help="Who ordered it, as a court and its reference.")
JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def command() -> None:
    """Sealed evidence: what is there, who touched it, how long it stays, and the keys to it.

    Works on the data folder also while the server runs. Every step is in the ledger.
    """


@command.command(short_help="What is sealed, held and due, under which keys.")
@data_option
@JSON
def status(data: Path, as_json: bool) -> int:
    """How much is sealed, held, due to be destroyed, and under which service keys."""
    with opened_data(data) as folder, folder.store.read() as conn:
        counts = folder.vault().status(conn)
        uses = uses_of_keys(conn)
    active, *others = folder.keyring.ids()
    known = {active: "active", **dict.fromkeys(others, "old")}
    keys = {key: {"objects": uses.get(key, 0), "state": known.get(key, "missing")} for key in {**known, **uses}}
    if as_json:
        click.echo(json.dumps({**counts, "service_keys": keys}))
    else:
        click.echo("\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in counts.items()))
        click.echo(
            "\n".join(f"service key {key} ({one['state']}): {one['objects']} objects" for key, one in keys.items())
        )
    return COULD_NOT if any(one["state"] == "missing" for one in keys.values()) else NOTHING_FOUND


@command.command()
@OBJECT
@data_option
@JSON
def show(object_id: str, data: Path, as_json: bool) -> int:
    """The custody log and the holds of OBJECT; never its content."""
    with opened_data(data) as folder, folder.store.read() as conn:
        found = find_object(conn, object_id)
        if found is None:
            raise RefusedError("There is no such object in the vault.")
        custody, holds = custody_of(conn, object_id), holds_on(conn, object_id)
    told: Mapping[str, Any] = {
        "object": found.id,
        "size": found.size,
        "media_type": found.media_type,
        "sealed": iso(found.created),
        "destroyed": iso(found.destroyed) if found.destroyed else None,
        "service_key": found.key_id,
        "holds": [{"hold": one.id, "reason": one.reason, "placed": iso(one.placed)} for one in holds],
        "custody": [
            {"at": iso(one.at), "who": one.who, "action": one.action, "why": one.why, "result": one.result}
            for one in custody
        ],
    }
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return NOTHING_FOUND
    state = f"destroyed {told['destroyed']}" if found.destroyed else f"sealed under {found.key_id}"
    click.echo(f"{found.id}: {found.size} bytes of {found.media_type}, {state}")
    for hold in told["holds"]:
        click.echo(f"  held since {hold['placed']}: {hold['hold']} ({hold['reason']})")
    for line in told["custody"]:
        click.echo(f"  {line['at']} {line['who']} {line['action']}: {line['why']} ({line['result']})")
    return NOTHING_FOUND


@command.command(short_help="Place a legal hold on an object.")
@OBJECT
@REASON
@AUTHORITY
@data_option
def hold(object_id: str, reason: str, authority: str, data: Path) -> int:
    """Place a legal hold on OBJECT: nothing destroys it until the hold is released. Prints the hold's id."""
    with opened_data(data) as folder, folder.store.write() as conn:
        click.echo(folder.vault().hold(conn, object_id, reason=reason, authority=authority, by=CONSOLE))
    return NOTHING_FOUND


@command.command()
@click.argument("hold_id", metavar="HOLD")
@REASON
@data_option
def release(hold_id: str, reason: str, data: Path) -> int:
    """End the legal hold HOLD; other holds and reasons to keep stand."""
    with opened_data(data) as folder, folder.store.write() as conn:
        folder.vault().release(conn, hold_id, reason=reason, by=CONSOLE)
    return NOTHING_FOUND


@command.command(short_help="Destroy an object: erase its keys, delete its bytes.")
@OBJECT
@REASON
@AUTHORITY
@data_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def destroy(object_id: str, reason: str, authority: str, data: Path, yes: bool) -> int:
    """Destroy OBJECT: its keys are erased now, its sealed bytes are deleted by the server soon after."""
    if not yes:
        click.confirm(f"Destroy {object_id}? Nothing can bring it back.", abort=True)
    with opened_data(data) as folder, folder.store.write() as conn:
        done = folder.vault().destroy(conn, object_id, reason=reason, authority=authority, by=CONSOLE)
    click.echo("Its keys are erased." if done else "It was destroyed before.")
    return NOTHING_FOUND


@command.command(short_help="Compare all sealed bytes with what was sealed.")
@data_option
def check(data: Path) -> int:
    """Read all sealed bytes and compare them with what was sealed, without opening any."""
    with opened_data(data) as folder:
        found = check_blobs(folder.store, folder.vault().blobs)
    click.echo(f"{found.good} objects are as they were sealed.")
    for word, objects in (("missing", found.missing), ("damaged", found.damaged)):
        for one in objects:
            click.echo(f"rempart: the sealed bytes of {one} are {word}.", err=True)
    return COULD_NOT if found.missing or found.damaged else NOTHING_FOUND


@command.command("rotate", short_help="Make a new service key and wrap all keys again.")
@data_option
@click.option("--resume", is_flag=True, help="No new key: only wrap again what is not yet under the active one.")
@click.option("--now", is_flag=True, help="Wrap again in this process instead of leaving it to the server.")
def rotate_command(data: Path, resume: bool, now: bool) -> int:
    """Make a new service key and wrap every object's key again under it; sealed bytes are not rewritten.

    May be stopped and resumed. With keys from the environment: put the new one first there, restart, then --resume.
    """
    with opened_data(data) as folder:
        vault = folder.vault()
        if resume:
            request_rewrap(vault, by=CONSOLE)
        else:
            key = rotate(vault, _key_file(folder), by=CONSOLE)
            click.echo(f"{key.id} is the active service key now. Keep a copy of the key file offline.")
        if now:
            click.echo(f"{rewrap_now(vault, by=CONSOLE, also=WRAPPED_ELSEWHERE)} objects were wrapped again.")
    return NOTHING_FOUND


@command.command("retire", short_help="Take service keys that seal nothing out of the file.")
@data_option
def retire_command(data: Path) -> int:
    """Take service keys that seal nothing any more out of the key file; backups made before still need them."""
    with opened_data(data) as folder:
        gone = retire(folder.vault(), _key_file(folder), by=CONSOLE, also=WRAPPED_ELSEWHERE)
    for key in gone:
        click.echo(f"{key} is out of the key file. Backups made before now still need it.")
    if not gone:
        click.echo("There is no old service key.")
    return NOTHING_FOUND


@command.command("recover", short_help="When a service key is lost: use a custodian's.")
@click.option(
    "--identity", "files", multiple=True, required=True, type=click.File(), help="A custodian's age identity."
)
@data_option
def recover_command(files: tuple[Any, ...], data: Path) -> int:
    """When a service key is lost: give the active one access again, with a custodian's age identity file."""
    lines = [line.strip() for file in files for line in file]
    with opened_data(data) as folder:
        count = recover(folder.vault(), [line for line in lines if line and not line.startswith("#")], by=CONSOLE)
    click.echo(f"{count} objects can be opened again.")
    return NOTHING_FOUND


def _key_file(folder: DataFolder) -> KeyFile:
    if not isinstance(folder.keyring, KeyFile):
        raise RefusedError("The service keys come from the environment.", hint="Change them there, then --resume.")
    return folder.keyring
