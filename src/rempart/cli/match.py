"""`rempart match`: hashes in, a line of matches out for each, in order."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from rempart.cli.exitcodes import worst
from rempart.cli.terminal import printable
from rempart.errors import InvalidSignalError
from rempart.lists.hashlist import HashList
from rempart.lists.lookup import asked_signals, from_file
from rempart.signals.values import Signal, parse_signal

_BATCH = 512
_MAX_LINE = 4096


@click.command()
@click.argument("hashes", metavar="[HASH]…|-", nargs=-1)
@click.option(
    "--list",
    "lists",
    metavar="L",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help="A list file; may be given several times.",
)
@click.option(
    "--radius",
    type=click.IntRange(0, 63),
    default=31,
    show_default=True,
    help="Bits within which a PDQ hash matches.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per hash.")
def command(hashes: tuple[str, ...], lists: tuple[Path, ...], radius: int, as_json: bool) -> int:
    """Look hashes up in lists: one line out for each hash in, in order.

    64 hexadecimal digits are PDQ; write sha256:…, sha1:… or md5:… for digests. `-` (or no hash) reads one hash per
    line from standard input. Exit code 1 when something matched, else 2 when a line was no hash, else 0.
    """
    found = failed = False
    with ExitStack() as stack:
        opened = [stack.enter_context(HashList.open(path)) for path in lists]
        for batch in _batches(hashes):
            for line in look_up(opened, batch, radius=radius):
                found |= bool(line.get("matches"))
                failed |= "error" in line
                click.echo(json.dumps(line) if as_json else printable(_in_words(line)))
            sys.stdout.flush()
    return worst(found=found, failed=failed)


def look_up(lists: Sequence[HashList], texts: Sequence[str], *, radius: int) -> list[dict[str, object]]:
    """One JSON-able object for each text: `hash, matches`, or `hash, error, matches` when it is no hash."""
    out: list[dict[str, object]] = []
    signals: list[Signal] = []
    places: list[int] = []
    for text in texts:
        try:
            signals.append(parse_signal(text))
            places.append(len(out))
            out.append({"hash": text.strip()})
        except InvalidSignalError as err:
            out.append({"hash": text.strip()[:200], "error": str(err), "matches": []})
    answers = [opened.lookup(signals, radius=radius) for opened in lists]
    for at, asked, matches in zip(places, asked_signals(signals), zip(*answers, strict=True), strict=True):
        nearest = sorted((match for one in matches for match in one), key=lambda match: match.distance)
        out[at]["matches"] = [from_file(match, asked.probe).document() for match in nearest]
    return out


def _in_words(line: dict[str, object]) -> str:
    if "error" in line:
        return f"{line['hash']}  error: {line['error']}"
    matches = line["matches"]
    if not isinstance(matches, list) or not matches:
        return f"{line['hash']}  no match"
    told = "; ".join(
        f"{one['list']} {one['entry']} {one['signal']} distance {one['distance']}"
        + (f" {one['scheme']}:{one['code']}" if one["scheme"] else "")
        + ("" if one["opinion"] == "positive" else f" ({one['opinion']})")
        for one in matches
    )
    return f"{line['hash']}  {told}"


def _batches(hashes: tuple[str, ...]) -> Iterator[list[str]]:
    """The hashes asked for, in groups: those of the command line, or what standard input has to give right now."""
    if hashes and "-" not in hashes:
        yield list(hashes)
        return
    if any(text != "-" for text in hashes):
        raise click.UsageError("Give hashes, or `-` to read them from standard input; not both.")
    yield from _read_lines(sys.stdin.fileno())


def _read_lines(fd: int) -> Iterator[list[str]]:
    """Lines from a descriptor in groups of up to 512, handed on as soon as no more is waiting.

    A line over 4 KiB is cut there; it is no hash, and is reported as such, as an empty one is.
    """
    rest, lines = b"", list[str]()
    while True:
        if lines and (len(lines) >= _BATCH or not select.select([fd], [], [], 0)[0]):
            for start in range(0, len(lines), _BATCH):
                yield lines[start : start + _BATCH]
            lines = []
        data = os.read(fd, 1 << 16)
        *whole, rest = (rest + data).split(b"\n")
        rest = rest[: _MAX_LINE + 1]
        if not data and rest:
            whole.append(rest)
        lines += [line[:_MAX_LINE].decode("utf-8", "replace") for line in whole]
        if not data:
            for start in range(0, len(lines), _BATCH):
                yield lines[start : start + _BATCH]
            return
