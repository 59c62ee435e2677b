"""`rempart reports attach`: a file of any length into a draft, read once and by stream."""

from __future__ import annotations

import mimetypes
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.errors import IncompleteError, RefusedError

_PIECE = 1 << 20


@click.command()
@click.argument("report_id", metavar="REPORT")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--supplemental", is_flag=True, help="It adds to what is reported, and is not itself what is reported.")
@click.option("--name", default=None, help="Its name as it was uploaded. [the file's]")
@click.option("--as", "actor", metavar="NAME", required=True, help="The person who attaches it.")
@data_option
def command(report_id: str, file: Path, supplemental: bool, name: str | None, actor: str, data: Path) -> int:
    """Attach FILE to a draft: sealed as it is read, so that a film of any length needs little memory.

    FILE itself stays where it is, unsealed: removing it is for you.
    """
    from rempart.cli.actor import acting
    from rempart.reports.cybertip.document.records import Relevance
    from rempart.reports.cybertip.drafting.attaching import attach, attachable, sealed_attachment

    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    relevance = Relevance.SUPPLEMENTAL if supplemental else Relevance.REPORTED
    with opened_data(data) as folder, acting(folder, actor) as who:
        with folder.store.read() as conn:
            attachable(conn, report_id, who)
        vault = folder.vault()
        try:
            with file.open("rb", buffering=0) as stream:
                sealed = sealed_attachment(
                    _pieces(stream), vault=vault, name=name or file.name, media_type=kind, relevance=relevance
                )
        except OSError as err:
            raise RefusedError(f"{file} cannot be read: {err.strerror}.") from err
        with folder.store.write() as conn:
            attach(conn, report_id, sealed, vault=vault, who=who, at=folder.store.clock())
    click.echo(f"Attached: {sealed.sealed.size} bytes. The draft has to be asked and confirmed as it is now.")
    return NOTHING_FOUND


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    """The file, which must not grow or shrink meanwhile."""
    size, read = os.fstat(stream.fileno()).st_size, 0
    while piece := stream.read(_PIECE):
        read += len(piece)
        yield piece
    if read != size or os.fstat(stream.fileno()).st_size != size:
        raise IncompleteError("The file changed while it was read.", hint="Wait until it is whole, then try again.")
