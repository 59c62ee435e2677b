"""`rempart gate scan`: the pictures inside project files, each asked about as a reference."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click

from rempart.cli.exitcodes import worst
from rempart.cli.gate import KEY_FILE, SERVER, server_and_key
from rempart.cli.projects import Brought, Projects
from rempart.cli.terminal import printable
from rempart.errors import RempartError
from rempart.gate.containers import container_pool
from rempart.gate.hook import Hook, PictureRefusedError
from rempart.scan.archives import ArchiveLimits
from rempart.scan.unpack import Unpacker
from rempart.signals.outcome import Limits

_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What became of one picture: `allowed`, `refused` or `not_checked` with the reason."""

    outcome: str
    reason: str | None = None


@click.command(short_help="Check the pictures inside project files.")
@click.argument("projects", nargs=-1, required=True, metavar="PROJECT…", type=click.Path(path_type=Path))
@SERVER
@KEY_FILE
@click.option(
    "--library", "libraries", metavar="DIR", multiple=True, type=click.Path(path_type=Path, file_okay=False),
    help="A folder with the files that projects name.",
)  # fmt: skip
@click.option("--user", metavar="ID", help="Whose project it is: tries are limited by it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per picture.")
def command(
    projects: tuple[Path, ...], server: str | None, key_file: Path | None, libraries: tuple[Path, ...],
    user: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Ask of every picture in PROJECTS whether it may be used: in zip-based files (.3mf, .usdz, .kra, .ora, office
    documents …), glTF (.gltf, .glb) and .duf, and in files that these name beside them or in a --library.

    A picture is allowed, refused or not checked, and never more than that is said of it. Exit code 1 when one was
    refused, else 2 when one could not be checked, else 0.
    """
    url, key = server_and_key(server, key_file)
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        hook = stack.enter_context(Hook(url, key))
        pool = stack.enter_context(container_pool(limits=Limits(seconds=_SECONDS)))
        unpacker = stack.enter_context(Unpacker(limits=ArchiveLimits()))
        reader = Projects(pool, unpacker, libraries=libraries)
        known: dict[bytes, _Said] = {}
        for path in projects:
            for one in reader.pictures(path):
                said = _asked(one, hook, known, user)
                counts[said.outcome] += 1
                _say(path, one, said, as_json=as_json)
    if not as_json:
        click.echo(
            f"{counts['allowed']} allowed, {counts['refused']} refused, {counts['not_checked']} not checked.", err=True
        )
    return worst(found=bool(counts["refused"]), failed=bool(counts["not_checked"]))


def _asked(one: Brought, hook: Hook, known: dict[bytes, _Said], user: str | None) -> _Said:
    if one.data is None:
        return _Said(outcome="not_checked", reason=one.unread)
    digest = hashlib.sha256(one.data).digest()
    if digest not in known:
        known[digest] = _answer(one.data, hook, user)
    return known[digest]


def _answer(data: bytes, hook: Hook, user: str | None) -> _Said:
    try:
        hook.imported(data, user=user)
    except PictureRefusedError:
        return _Said(outcome="refused")
    except RempartError as err:
        return _Said(outcome="not_checked", reason=err.message)
    return _Said(outcome="allowed")


def _say(path: Path, one: Brought, said: _Said, *, as_json: bool) -> None:
    if as_json:
        told = {"project": printable(str(path)), "place": [printable(name) for name in one.place]}
        click.echo(json.dumps(told | {"outcome": said.outcome, "reason": said.reason}, ensure_ascii=False))
    elif said.outcome != "allowed":
        place = " / ".join((str(path), *one.place))
        words = "refused" if said.outcome == "refused" else f"not checked: {said.reason}"
        click.echo(printable(f"{place}: {words}"))
