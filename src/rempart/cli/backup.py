"""`rempart backup`: everything but the keys into one file, while the server runs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from rempart import __version__
from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import COULD_NOT, NOTHING_FOUND
from rempart.cli.output import output_file
from rempart.clock import iso, utc_now
from rempart.errors import RefusedError
from rempart.evidence.backup.making import BACKUPS, Made, make_backup
from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import CONSOLE
from rempart.server.vaults import blobs_of
from rempart.settings import FILE


@click.command()
@click.argument("out", metavar="OUT", type=click.Path(path_type=Path, allow_dash=True))
@data_option
@click.option("--no-blobs", is_flag=True, help="Without sealed bytes: for who copies the object store by other means.")
@click.option("--force", is_flag=True, help="Write over OUT when it is there already.")
@click.option("--json", "as_json", is_flag=True, help="What went into it, as JSON.")
def command(out: Path, data: Path, no_blobs: bool, force: bool, as_json: bool) -> int:
    """Write a backup to the file OUT (- for standard output); the server may go on running.

    It holds the database as it was at one moment, the sealed bytes as they lie there, and the settings. It never holds
    the service key nor the ledger's key: keep copies of these apart. Exit code 2 when sealed bytes were missing or
    damaged; the rest is in it all the same.
    """
    target = None if str(out) == "-" else out
    if target is not None and target.exists() and not force:
        raise RefusedError(f"{out} is there already.", hint="Name another file, or say --force.")
    with opened_data(data) as folder:
        with output_file(target) as stream:
            made = make_backup(
                folder.store,
                blobs_of(folder.settings),
                stream,
                keyring=folder.keyring,
                settings=(data / FILE).read_bytes(),
                version=__version__,
                with_blobs=not no_blobs,
            )
        with folder.store.write() as conn:
            facts = {"blobs": made.blobs, "ledger_size": made.ledger_size, "whole": made.whole}
            leaf = Leaf(action="backup.made", actor=CONSOLE.pseudonym, facts=facts, subject=BACKUPS)
            append(conn, leaf, at=utc_now())
    _tell(made, out, as_json=as_json, quiet=target is None)
    return NOTHING_FOUND if made.whole else COULD_NOT


def _tell(made: Made, out: Path, *, as_json: bool, quiet: bool) -> None:
    told = {
        "made": iso(made.made), "rows": sum(made.rows.values()), "tables": len(made.rows), "blobs": made.blobs,
        "blob_bytes": made.blob_bytes, "ledger_size": made.ledger_size, "missing": list(made.missing),
        "damaged": list(made.damaged),
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(told), err=quiet)
    else:
        text = f"{out}: {told['rows']} rows of {told['tables']} tables, {made.blobs} objects ({made.blob_bytes} bytes)."
        click.echo(text, err=quiet)
    for word, objects in (("missing", made.missing), ("damaged", made.damaged)):
        for one in objects:
            click.echo(f"rempart: the sealed bytes of {one} are {word}.", err=True)
