"""`rempart bench origin`: what it costs to ask every upload where it comes from."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import click

from rempart.cli.bench.recall import SUFFIXES
from rempart.cli.bench.tables import Cell, Table
from rempart.provenance.origin.reading import read_origin
from rempart.provenance.origin.trust import Trust
from rempart.provenance.origin.values import Declaration, Origin
from rempart.signals.mediatype import sniff

_ROUNDS = 5
_PASS_ON = 200 << 20
Reader = Callable[[bytes], object]


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="Files to take.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
def command(folder: Path, limit: int, as_json: bool, markdown: bool) -> int:
    """Read where the pictures in FOLDER say that they come from: CPU of each, beside the packages that are there."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)[:limit]
    pictures = [path.read_bytes() for path in paths]
    pictures = [one for one in pictures if sniff(one) and len(one) <= _PASS_ON]
    if not pictures:
        raise click.UsageError("At least one picture is needed.")
    found = [declared(pictures), cost(pictures)]
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return 0
    for one in found:
        click.echo((one.as_markdown() if markdown else one.as_text()) + "\n")
    return 0


def declared(pictures: Sequence[bytes]) -> Table:
    """What the files declare."""
    seen = [read_origin(one, trust=Trust.shipped()).declaration for one in pictures]
    rows: list[list[Cell]] = [[one.value, seen.count(one)] for one in Declaration]
    return Table(title=f"What {len(pictures)} files declare", head=["declaration", "files"], rows=rows)


def cost(pictures: Sequence[bytes]) -> Table:
    """CPU of one file, in milliseconds: the median of five rounds for each, then over all files. Those that say
    nothing are apart from those that say something."""
    silent = [one for one in pictures if read_origin(one, trust=Trust.shipped()) == Origin()]
    saying = [one for one in pictures if read_origin(one, trust=Trust.shipped()) != Origin()]
    rows: list[list[Cell]] = []
    for kind, some in (("says nothing", silent), ("says something", saying)):
        for name, reader in _readers().items():
            taken = sorted(_milliseconds(reader, one) for one in some)
            if taken:
                bytes_each = round(median(map(len, some)))
                rows.append(
                    [kind, name, len(taken), bytes_each, median(taken), taken[int(0.99 * len(taken))], taken[-1]]
                )
    head = ["files that", "reader", "files", "bytes, median", "ms, median", "99 %", "most"]
    return Table(title="Milliseconds of CPU for one file", head=head, rows=rows)


def _milliseconds(reader: Reader, data: bytes) -> float:
    taken = []
    for _ in range(_ROUNDS):
        begun = time.process_time_ns()
        reader(data)
        taken.append((time.process_time_ns() - begun) / 1e6)
    return median(taken)


def _readers() -> Mapping[str, Reader]:
    """Ours, and those of others that can be imported: each does less (one reads credentials alone, the other texts of
    generators alone)."""
    readers: dict[str, Reader] = {"rempart": lambda data: read_origin(data, trust=Trust.shipped())}
    for name, made in (("c2pa", _c2pa), ("sd_parsers", _sd_parsers)):
        try:
            readers[name] = made(import_module(name))
        except ImportError:
            continue
    return readers


def _c2pa(package: Any) -> Reader:
    context = package.Context.from_dict({"verify": {"remote_manifest_fetch": False}})

    def read(data: bytes) -> object:
        try:
            return package.Reader.try_create(sniff(data[:64]), io.BytesIO(data), context=context)
        except package.C2paError:
            return None

    return read


def _sd_parsers(package: Any) -> Reader:
    manager = package.ParserManager()

    def read(data: bytes) -> object:
        try:
            return manager.parse(io.BytesIO(data))
        except Exception:  # noqa: BLE001  it raises what its decoder raises
            return None

    return read
