"""`rempart notice export`: the whole file on a notice, as evidence of what was done and when."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.output import output_file
from rempart.cli.terminal import printable
from rempart.errors import RempartError

if TYPE_CHECKING:
    from rempart.cli.datafolder import DataFolder


@click.command("export", short_help="Write the whole file on a notice, with proofs.")
@click.argument("notice")
@click.option(
    "--out", "-o", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), required=True,
    help="The ZIP to be written.",
)  # fmt: skip
@click.option("--purpose", default="", help="Say who sent it too, for this; it is kept sealed in the ledger.")
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True, help="Of index.html.")
@click.option("--as", "actor", metavar="NAME", help="Act as this person; asks for password and code.")
@data_option
def export(notice: str, out: Path, purpose: str, language: str, actor: str | None, data: Path) -> int:
    """Write the whole file on a notice to a ZIP, by its id or its public number.

    It holds its elements, time limits, what became of each address, findings, letters, and each step with a proof from
    the ledger; no picture, and nobody's name without a purpose. A checkpoint is signed first, so that every step so far
    is proven; where that cannot be done, it says so.
    """
    from rempart.cli.actor import acting
    from rempart.intake.notices import filing
    from rempart.server.pages.notices.cover import cover
    from rempart.server.pages.texts import texts

    with opened_data(data) as folder, acting(folder, actor) as who:
        _sign(folder)
        with output_file(out) as stream, folder.store.write() as conn:
            file = filing.export(
                conn, filing.id_of(conn, notice), who, keyring=folder.keyring,
                cover=partial(cover, words=texts(language)), at=folder.store.clock(), purpose=purpose,
            )  # fmt: skip
            stream.write(file)
    click.echo(f"{out}: {len(file):,} bytes. To check a step: rempart ledger verify proofs/….json --key key.txt")
    return NOTHING_FOUND


def _sign(folder: DataFolder) -> None:
    from rempart.server.ledgers import open_sequencer

    try:
        open_sequencer(folder.settings, folder.store).checkpoint()
    except RempartError as err:
        told = "Nothing could be signed, so steps younger than the newest checkpoint have no proof"
        click.echo(printable(f"{told}: {err}"), err=True)
