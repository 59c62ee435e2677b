"""`rempart stamp`: label, mark and sign what a generator made, and record it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from rempart.cli.datafolder import data_option, opened_data
from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.cli.output import output_file
from rempart.clock import utc_now
from rempart.errors import RefusedError, TooLargeError
from rempart.intake.generator.stamping import Asked, Stamped, references, stamp
from rempart.provenance.stamp.signing import record_text
from rempart.server.stamping import open_stamper, stamping_pool

_BY = "command"


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path, dir_okay=False))
@data_option
@click.option("--edited", is_flag=True, help="It was edited with a generator, not made by one.")
@click.option("--generator", help="What made it, as it is told in the file.")
@click.option(
    "--references", "count", type=click.IntRange(0, 16), default=0, show_default=True,
    help="How many pictures went into it; with --edited the first is the one that was edited.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    source: Path, target: Path, data: Path, edited: bool, generator: str | None, count: int, as_json: bool
) -> int:
    """Stamp the picture IN (JPEG, PNG or WebP) and write it to OUT.

    The label is XMP with IPTC's digital source type; the mark is a number in the pixels; the credentials are C2PA,
    signed with the certificate of the data folder where there is one (`rempart certs make`). What leaves was read back.
    """
    if not target.parent.is_dir():  # before there is a record of what could not be written
        raise RefusedError(f"There is no folder {target.parent}.", hint="Make it, or name another.")
    asked = Asked(edited=edited, system=generator, references=references(count, edited=edited))
    with opened_data(data) as folder:
        content = _read(source, folder.settings.server.body_bytes)
        with stamping_pool(folder.settings) as pool:
            stamper = open_stamper(folder.settings, folder.store, pool=pool, keyring=folder.keyring, clock=utc_now)
            made = stamp(content, asked=asked, stamper=stamper, by=_BY)
    with output_file(target) as stream:
        stream.write(made.data)
    told = document(made)
    click.echo(json.dumps(told) if as_json else "\n".join(_lines(told, target)))
    return NOTHING_FOUND


def document(made: Stamped) -> dict[str, Any]:
    """What is told of a stamp."""
    signed = made.c2pa
    return {
        "record_id": record_text(made.record_id),
        "watermark": {
            "found": made.psnr_db is not None,
            "record_id": None if made.psnr_db is None else record_text(made.record_id), "reason": made.unmarked,
        },
        "c2pa": {
            "present": signed is not None, "state": None if signed is None else signed.state,
            "manifest": None if signed is None else signed.manifest,
            "signer": None if signed is None else signed.signer,
            "timestamped": None if signed is None else signed.timestamped,
        },
        "psnr_db": made.psnr_db, "media_type": made.media_type, "replaced": list(made.replaced),
    }  # fmt: skip


def _read(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as stream:
            found = stream.read(most + 1)
    except OSError as err:
        raise RefusedError(f"{path} cannot be opened: {err.strerror}.") from err
    if len(found) > most:
        raise TooLargeError(f"{path} has more than {most} bytes.", hint="Raise server.body_bytes.")
    return found


def _lines(told: dict[str, Any], target: Path) -> list[str]:
    marked, signed = told["watermark"], told["c2pa"]
    lines = [f"{target}: record {told['record_id']}"]
    if marked["found"]:
        lines.append(f"  marked, {told['psnr_db']} dB from the original; the mark was read back")
    else:
        lines.append(f"  not marked ({marked['reason']})")
    if signed["present"]:
        time = "with a time stamp" if signed["timestamped"] else "without a time stamp: they end with the certificate"
        lines.append(f"  credentials of {signed['signer']}, read back as {signed['state']}, {time}")
    else:
        lines.append("  not signed: no certificate is set up (`rempart certs make`)")
    if told["replaced"]:
        lines.append("  not kept: " + ", ".join(told["replaced"]))
    return lines
