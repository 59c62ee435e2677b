"""`rempart certs`: a certificate to sign what was made, and which rule one breaks."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click

from rempart.cli.datafolder import data_option
from rempart.cli.exitcodes import COULD_NOT, NOTHING_FOUND
from rempart.clock import utc_now
from rempart.errors import RefusedError, RempartError
from rempart.provenance.stamp.certificates import (
    Issued,
    Rule,
    chain_of,
    key_of,
    key_rule,
    make_leaf,
    make_root,
    rules,
)
from rempart.provenance.stamp.labels import MADE
from rempart.provenance.stamp.signing import Claim
from rempart.scan.results.replace import replacing
from rempart.server.stamping import CertificateFiles, certificate_files, open_signing, read_file
from rempart.settings import Settings, read_settings
from rempart.signals.samples import samples


@click.group()
def command() -> None:
    """A certificate to sign what was made: make one of an own authority, and see which rule one breaks."""


@command.command()
@data_option
@click.option("--organisation", default="Test authority", show_default=True, help="Who signs, as readers show it.")
@click.option("--renew", is_flag=True, help="A new certificate of the authority that is there.")
def make(data: Path, organisation: str, renew: bool) -> int:
    """Make an authority and a certificate to sign with, in the data folder's keys/.

    Only readers that were given the authority's certificate (keys/stamp-root.pem) trust what it signs; all others say
    that it is valid, of an unknown signer. Move keys/stamp-root.key to a place that is offline: only --renew needs it.
    """
    settings = read_settings(data)
    files, at = _own_files(settings), utc_now()
    if renew:
        if not files.anchor_key.exists():
            raise RefusedError(f"{files.anchor_key} is not there.", hint="Put it back from where you keep it.")
        root = Issued(certificate=read_file(files.anchor).decode(), key=read_file(files.anchor_key).decode())
    else:
        if files.certificate.exists() or files.anchor.exists():
            raise RefusedError(f"{files.certificate} is there already.", hint="Renew it with --renew.")
        root = make_root(organisation, at=at)
        _write(files.anchor, root.certificate)
        _write(files.anchor_key, root.key)
    leaf = make_leaf(root, at=at)
    _write(files.key, leaf.key)
    _write(files.certificate, leaf.certificate)
    end = chain_of(leaf.certificate)[0].not_valid_after_utc
    click.echo(f"{files.certificate}: signs until {end:%Y-%m-%d}; {files.anchor} is what others have to trust.")
    return NOTHING_FOUND


@command.command()
@data_option
@click.option("--certificate", type=click.Path(path_type=Path, dir_okay=False), help="Another chain, PEM.")
@click.option("--anchor", type=click.Path(path_type=Path, dir_okay=False), help="What it is to be trusted by, PEM.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(data: Path, certificate: Path | None, anchor: Path | None, as_json: bool) -> int:
    """Say of each rule for a certificate whether it is kept, and at last sign a small picture and read it back.

    With --certificate another one is looked at, before it is set up; nothing is signed then. Exit code 2 when a rule is
    broken.
    """
    settings = read_settings(data)
    found = list(_checked(settings, certificate, anchor))
    if as_json:
        told = [{"rule": one.name, "kept": one.kept, "said": one.said, "remedy": one.remedy} for one in found]
        click.echo(json.dumps({"kept": all(one.kept for one in found), "rules": told}))
    else:
        for one in found:
            said = f" ({one.said})" if one.said else ""
            click.echo(
                f"{'kept   ' if one.kept else 'BROKEN '} {one.name}{said}" + ("" if one.kept else f": {one.remedy}")
            )
    return NOTHING_FOUND if all(one.kept for one in found) else COULD_NOT


def _checked(settings: Settings, certificate: Path | None, anchor: Path | None) -> Iterator[Rule]:
    files = certificate_files(settings)
    if certificate is None and not settings.stamp.certificate and not files.certificate.exists():
        raise RefusedError("No certificate is set up.", hint="Make one with `rempart certs make`.")
    chain = chain_of(read_file(certificate or files.certificate).decode("utf-8", "replace"))
    anchors = chain_of(read_file(anchor or files.anchor).decode("utf-8", "replace"))
    yield from rules(chain, anchors, at=utc_now())
    if certificate is not None:
        return
    if not settings.stamp.sign_command:
        yield key_rule(chain[0], key_of(read_file(files.key)))
    yield from _tried(settings)


def _tried(settings: Settings) -> Iterator[Rule]:
    """Whether what it signs reads back as trusted: what all the other rules are for."""
    try:
        signing = open_signing(settings)
        assert signing is not None
        made = signing.sign(samples()["image/png"], "image/png", Claim(source_type=MADE, record=None))
    except RempartError as err:
        yield Rule(name="a picture that it signs is trusted", kept=False, remedy=str(err))
        return
    yield Rule(name="a picture that it signs is trusted", kept=True)
    if settings.stamp.timestamp_url:
        yield Rule(
            name="its time stamp is trusted", kept=made.timestamped,
            remedy="Add the root of the time-stamping authority to the file of stamp.anchor.",
        )  # fmt: skip


def _own_files(settings: Settings) -> CertificateFiles:
    told = settings.stamp
    if told.certificate or told.key or told.anchor or told.sign_command:
        raise RefusedError(
            "[stamp] names a certificate of your own.",
            hint="Take those settings out first, or renew it where it is from.",
        )
    return certificate_files(settings)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with replacing(os.fspath(path)) as stream:
        stream.write(text.encode())
