"""`rempart referral verify`: checking a package that somebody was handed."""

from __future__ import annotations

import json
from pathlib import Path

import click

from rempart.cli.exitcodes import NOTHING_FOUND
from rempart.errors import RefusedError

PATH = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command(short_help="Check a package against the sender's key.")
@click.argument("file", type=PATH)
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    metavar="KEY",
    help="The sender's verifier key: its line, or a file with lines.",
)
@click.option(
    "--identity",
    "identities",
    multiple=True,
    type=PATH,
    metavar="FILE",
    help="Your age identity, for a package that is still sealed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(file: Path, keys: tuple[str, ...], identities: tuple[Path, ...], as_json: bool) -> int:
    """Check the package FILE against the sender's public key: sealed with --identity, or opened with age before.

    No data folder and no network is needed. Take the key from a source that you trust, not from the package. Exit code
    0: verified. Anything else ends with exit code 2 and says what is wrong.
    """
    from rempart.cli.ledger import keys_of
    from rempart.reports.referrals import verify as checking

    own = [line for one in identities for line in _lines(one) if line.startswith("AGE-SECRET-KEY-")]
    if identities and not own:
        raise RefusedError("There is no age identity in these files.", hint="It begins with AGE-SECRET-KEY-1.")
    with checking.opened(file, own) as stream:
        found = checking.verify(stream, keys=keys_of(keys))
    told = {
        "outcome": "verified", "referral": found.referral, "made": found.made, "key": found.key, "parts": found.parts,
        "contents": found.contents, "proofs": found.proofs, "sealed": dict(found.sealed), "tools": dict(found.tools),
    }  # fmt: skip
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return NOTHING_FOUND
    click.echo(f"Verified: {found.referral}, made {found.made}, signed by {found.key}")
    click.echo(f"Parts: {found.parts}, of them contents: {found.contents}. Steps of the ledger proven: {found.proofs}.")
    for name, leaf in sorted(found.sealed.items()):
        click.echo(f"{name} is what leaf {leaf} says was sealed.")
    return NOTHING_FOUND


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path.read_text("ascii").splitlines()]
    except UnicodeDecodeError as err:
        raise RefusedError(f"{path} is no age identity.") from err
