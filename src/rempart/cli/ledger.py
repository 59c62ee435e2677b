"""`rempart ledger`: export, prove, verify, and what keeps the ledger going."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rempart.cli.datafolder import data_option
from rempart.cli.exitcodes import COULD_NOT, NOTHING_FOUND
from rempart.cli.output import output_file
from rempart.cli.terminal import printable
from rempart.errors import (
    LedgerChangedError,
    LedgerForkedError,
    LedgerIncompleteError,
    LedgerRemovedError,
    LedgerReorderedError,
    RefusedError,
    RempartError,
)

if TYPE_CHECKING:
    from rempart.evidence.ledger.notes import VerifierKey
    from rempart.settings import Settings
    from rempart.store.engine import Store

PATH = click.Path(path_type=Path)
EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)
KEYS = click.option(
    "--key", "keys", multiple=True, required=True, metavar="KEY", help="Verifier key: its line, or a file with lines."
)
OUTPUT = click.option("--output", "-o", metavar="FILE", type=PATH, help="Instead of standard output.")

OUTCOMES: dict[type[RempartError], tuple[int, str]] = {
    LedgerChangedError: (10, "changed"),
    LedgerRemovedError: (11, "removed"),
    LedgerReorderedError: (12, "reordered"),
    LedgerForkedError: (13, "forked"),
    LedgerIncompleteError: (14, "incomplete"),
}
"""Exit code and word of each way in which a ledger can fail to verify."""
NOT_EXCLUDED = "internally consistent, rewriting not excluded"


@click.group()
def command() -> None:
    """The tamper-evident log of every step: export it, prove a leaf, verify.

    `verify` and `prove` need no database: an export, and the public key from a source you trust.
    """


@command.command("export", short_help="Write the ledger to a file.")
@click.argument("out", metavar="OUT", type=PATH)
@click.option("--outsider", is_flag=True, help="Days instead of times, and nothing that names an item.")
@data_option
def export_ledger(out: Path, outsider: bool, data: Path) -> int:
    """Write the ledger to the file OUT, one JSON object per line.

    A checkpoint is signed first, so that nothing is missing; where that cannot be done, for want of the key for
    instance, it says so and goes up to the newest checkpoint there is.
    """
    from rempart.evidence.ledger.export import export

    with _folder(data) as (settings, store), output_file(out) as stream:
        try:
            _sign(settings, store)
        except RempartError as err:
            told = "Nothing could be signed, so what is younger than the newest checkpoint is not in it"
            click.echo(printable(f"{told}: {err}"), err=True)
        written = export(store, stream, outsider=outsider)
    click.echo(f"{written.size} leaves, {'for outsiders' if outsider else 'in full'}.", err=True)
    return NOTHING_FOUND


@command.command(short_help="Verify an export or a proof; no database is needed.")
@click.argument("export", metavar="EXPORT", type=EXISTING)
@KEYS
@click.option("--checkpoint", "checkpoints", multiple=True, metavar="FILE", type=EXISTING, help="One you kept before.")
@click.option("--authority", "authorities", multiple=True, metavar="PEM", type=EXISTING, help="Of the time stamp.")
@click.option("--json", "as_json", is_flag=True, help="The outcome as JSON.")
def verify(
    export: Path,
    keys: tuple[str, ...],
    checkpoints: tuple[Path, ...],
    authorities: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Verify EXPORT (or a proof) with the ledger's public key; no database is needed.

    \b
    Exit codes: 0 verified; 10 changed, 11 removed, 12 reordered, 13 forked, 14 incomplete;
    2 it could not be verified, for want of the right key for instance.

    Without a checkpoint that was kept elsewhere, a history that was rewritten as a whole by whoever has the
    signing key cannot be told: then this says "internally consistent, rewriting not excluded".
    """
    parsed = keys_of(keys)
    try:
        told = _verified(export, parsed, checkpoints, authorities)
    except tuple(OUTCOMES) as err:
        code, word = next(OUTCOMES[kind] for kind in type(err).__mro__ if kind in OUTCOMES)
        if as_json:
            click.echo(json.dumps({"outcome": word, "error": str(err)}, ensure_ascii=False))
        else:
            click.echo(printable(f"{word}: {err}"), err=True)
        return code
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for name, value in told.items():
            click.echo(printable(f"{name}: {_shown(value)}"))
    return NOTHING_FOUND


@command.command(short_help="Prove out of an export that a leaf stands in it.")
@click.argument("export", metavar="EXPORT", type=EXISTING)
@click.argument("leaf", metavar="LEAF", type=click.IntRange(0))
@KEYS
@OUTPUT
def prove(export: Path, leaf: int, keys: tuple[str, ...], output: Path | None) -> int:
    """Prove that LEAF stands in the ledger, out of a verified EXPORT; no database is needed.

    The proof is one line that `verify` takes, and shows nothing of other leaves.
    """
    from rempart.evidence.ledger.proof import prove_from_export

    proof = prove_from_export(export, leaf, keys=keys_of(keys))
    with output_file(output) as stream:
        stream.write(proof)
    return NOTHING_FOUND


@command.command(short_help="Prove a leaf from the database, and what it was about.")
@click.argument("leaf", metavar="LEAF", type=click.IntRange(0))
@click.argument("values", metavar="[NAME=VALUE]…", nargs=-1)
@OUTPUT
@data_option
def reveal(leaf: int, values: tuple[str, ...], output: Path | None, data: Path) -> int:
    """Prove from the database that LEAF stands in the ledger, and what it was about.

    The proof opens the exact time and those commitments whose values you give: `item_id=photo-17`; bytes as
    `sha256=hex:…`. It opens nothing else, and nothing whose salt was erased.
    """
    from rempart.evidence.ledger.proof import prove as prove_stored

    pairs = dict(_value(one) for one in values)
    with _folder(data) as (_, store):
        with store.read() as conn:
            proof = prove_stored(conn, leaf, values=pairs)
    with output_file(output) as stream:
        stream.write(proof)
    return NOTHING_FOUND


@command.command(short_help="Sign and print a checkpoint of everything so far.")
@OUTPUT
@data_option
def checkpoint(output: Path | None, data: Path) -> int:
    """Sign and print a checkpoint of everything written down so far. Keep it where nobody can change it."""
    with _folder(data) as (settings, store):
        note = _sign(settings, store)
    with output_file(output) as stream:
        stream.write(note.encode())
    return NOTHING_FOUND


@command.command(short_help="Print the verifier keys, the newest first.")
@data_option
def key(data: Path) -> int:
    """Print the verifier keys that ever signed here, the newest first. Publish them."""
    from rempart.evidence.ledger.export import key_lines
    from rempart.evidence.ledger.keyfile import open_signer
    from rempart.server.ledgers import key_path

    with _folder(data) as (settings, store):
        with store.read() as conn:
            lines = key_lines(conn)
        own = open_signer(key_path(settings)).key.line
    for line in dict.fromkeys([own, *lines]):
        click.echo(line)
    return NOTHING_FOUND


@command.command(short_help="Leaves, those that wait, and the newest checkpoint.")
@data_option
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(data: Path, as_json: bool) -> int:
    """How many leaves there are and wait for their place, and the newest checkpoint. Exit code 2 if any is lost."""
    from rempart.clock import iso
    from rempart.evidence.ledger.status import status_of

    with _folder(data) as (_, store):
        with store.read() as conn:
            found = status_of(conn)
    told: dict[str, Any] = {
        "leaves": found.leaves,
        "in_tree": found.in_tree,
        "waiting": found.waiting,
        "lost": found.lost,
        "checkpoint": found.checkpoint_size,
        "signed": iso(found.signed) if found.signed else None,
    }
    if as_json:
        click.echo(json.dumps(told))
    else:
        for name, value in told.items():
            click.echo(f"{name.replace('_', ' ')}: {_shown(value)}")
    return COULD_NOT if found.lost else NOTHING_FOUND


@command.command()
@data_option
def rotate(data: Path) -> int:
    """Change the signing key. The server signs with the new one from its next start; publish both verifier keys."""
    from rempart.clock import utc_now
    from rempart.evidence.ledger import Leaf, append
    from rempart.evidence.ledger.keyfile import open_signer, rotate_signer
    from rempart.people.principal import CONSOLE
    from rempart.server.ledgers import key_path, open_sequencer

    with _folder(data) as (settings, store):
        open_sequencer(settings, store).checkpoint()  # whatever was written until now is signed by the old key
        old = open_signer(key_path(settings)).key
        new = rotate_signer(key_path(settings)).key
        facts = {"old": old.hash.hex(), "new": new.hash.hex()}
        with store.write() as conn:
            append(conn, Leaf(action="ledger.key_changed", actor=CONSOLE.pseudonym, facts=facts), at=utc_now())
        open_sequencer(settings, store).checkpoint()
    click.echo(new.line)
    return NOTHING_FOUND


@command.command("catch-up", short_help="Bring a newer export into a restored database.")
@click.argument("export", metavar="EXPORT", type=EXISTING)
@KEYS
@data_option
def bring_in(export: Path, keys: tuple[str, ...], data: Path) -> int:
    """Bring a newer full EXPORT into a database that was restored from a backup, so that its history goes on."""
    from rempart.evidence.ledger.catchup import catch_up

    with _folder(data) as (_, store):
        count = catch_up(store, export, keys=keys_of(keys))
    click.echo(f"{count} leaves were brought in.")
    return NOTHING_FOUND


def _verified(
    path: Path, keys: Sequence[VerifierKey], checkpoints: Sequence[Path], authorities: Sequence[Path]
) -> dict[str, Any]:
    """What a file that verifies is, as it is told."""
    from rempart.evidence.ledger.proof import check_proof, is_proof
    from rempart.evidence.ledger.verify import verify as verify_export

    if is_proof(path):
        if checkpoints or authorities:
            raise RefusedError("A proof is verified with the key alone.", hint="Verify an export with checkpoints.")
        proven = check_proof(path.read_bytes(), keys=keys)
        opened = {name: f"hex:{one.hex()}" if isinstance(one, bytes) else one for name, one in proven.opened.items()}
        return {
            "outcome": "proven",
            "ledger": proven.origin,
            "leaf": proven.leaf,
            "of": proven.size,
            "key": proven.key,
            "body": proven.body,
            "opened": opened,
        }
    found = verify_export(
        path,
        keys=keys,
        checkpoints=[text_of(one) for one in checkpoints],
        authorities=[one.read_bytes() for one in authorities],
    )
    since = found.unaltered_since
    told: dict[str, Any] = {
        "outcome": NOT_EXCLUDED if since is None else f"verified, the first {since} leaves are those signed before",
        "ledger": found.origin,
        "leaves": found.size,
        "form": found.form,
        "days": " to ".join(found.days) if found.days else None,
        "checkpoints": list(found.confirmed),
        "key": found.key,
    }
    if found.stamp is not None:
        vouched = "" if found.stamp.trusted else " (nobody vouches for it: give the authority's certificate)"
        told["stamped"] = f"{found.stamp.time.isoformat()}{vouched}"
    return told


def keys_of(given: Sequence[str]) -> list[VerifierKey]:
    """Verifier keys as `--key` gives them."""
    from rempart.evidence.ledger.notes import VerifierKey

    lines: list[str] = []
    for one in given:
        if Path(one).is_file():
            lines += [line for line in text_of(Path(one)).splitlines() if line.strip()]
        else:
            lines.append(one)
    return [VerifierKey.parse(line) for line in lines]


def text_of(path: Path) -> str:
    """What a file says. Raises RefusedError for what is no text."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as err:
        raise RefusedError(f"{path} is no text.") from err


def _value(pair: str) -> tuple[str, str | bytes]:
    name, found, value = pair.partition("=")
    if not found:
        raise click.UsageError(f"{pair}: write NAME=VALUE.")
    if not value.startswith("hex:"):
        return name, value
    try:
        return name, bytes.fromhex(value[4:])
    except ValueError as err:
        raise click.UsageError(f"{pair}: after hex: come hex digits.") from err


def _shown(value: object) -> str:
    if value is None or value == []:
        return "none"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)


def _sign(settings: Settings, store: Store) -> str:
    """A checkpoint of everything. Never in a database that was just restored: that would be another history."""
    from rempart.evidence.backup.restoring import refuse_while_pending
    from rempart.server.ledgers import open_sequencer

    with store.read() as conn:
        refuse_while_pending(conn)
    return open_sequencer(settings, store).checkpoint().note


@contextmanager
def _folder(data: Path) -> Iterator[tuple[Settings, Store]]:
    """The settings and the database of a data folder."""
    from rempart.settings import read_settings
    from rempart.store.engine import Store
    from rempart.store.migrate import upgrade

    settings = read_settings(data)
    with Store.open(settings.database_url) as store:
        upgrade(store)
        yield settings, store
