"""`rempart bench gate`: what the gate adds to an output and to a reference photo, beyond decoding and encoding."""

from __future__ import annotations

import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
import cv2
import numpy as np
from PIL import Image

from rempart.cli.bench.derive_run import load
from rempart.cli.bench.http_server import prepare
from rempart.cli.bench.recall import SUFFIXES
from rempart.cli.bench.tables import Table
from rempart.cli.certs import command as certs
from rempart.people.permissions import Scope
from rempart.people.principal import Principal
from rempart.provenance.stamp.canvas import canvas
from rempart.provenance.watermark.embedding import embedded
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read
from rempart.server.outgoing import Going, take_out
from rempart.server.runtime import Runtime
from rempart.server.service import Service
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits
from rempart.signals.probes import make_probes
from rempart.signals.scenes import scene

_KEY = bytes(32)
_MEGAPIXEL = 1_000_000
_WHO = Principal(
    kind="service", id="key_bench", pseudonym="key-bench", scopes=frozenset({Scope.GENERATOR}), service="bench"
)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Pictures to take.")
@click.option("--entries", type=click.IntRange(min=0), default=100_000, show_default=True, help="Signals on a list.")
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True, help="Times each is sent.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
def command(folder: Path | None, limit: int, entries: int, rounds: int, as_json: bool, markdown: bool) -> int:
    """Send pictures of one megapixel (those in FOLDER, or drawn ones) through a gate of real parts.

    Medians of wall times in milliseconds, one picture at a time. What decoding and encoding alone take is measured on
    the same pictures, in the same run.
    """
    sent = [_saved(one) for one in _pictures(folder, limit)]
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        settings = prepare(data, entries=entries, seed=7).settings
        certs.main(["make", "--data", str(data), "--organisation", "Benchmark"], standalone_mode=False)
        with Runtime(settings) as runtime:
            found = measure(runtime.service, sent, rounds=rounds)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        click.echo(found.as_markdown() if markdown else found.as_text())
    return 0


def measure(service: Service, sent: Sequence[bytes], *, rounds: int) -> Table:
    """The medians of each way, and what the gate adds."""
    took = partial(_median, sent=sent, rounds=rounds)
    alone = took(partial(_decoded_and_encoded, quick=True))
    decoding = took(lambda one: decode(one, limits=Limits()))
    output = took(lambda one: take_out(service, _going(one)))
    checked = took(lambda one: take_out(service, _going(one, stamped=False)))
    reference = took(lambda one: service.gate.reference(one, by=_WHO, service="bench", end_user=_nobody()))
    rows = [
        ("an output: looked up, marked, signed, recorded", output, alone, output - alone),
        ("an output that is only checked", checked, decoding, checked - decoding),
        ("a reference photo", reference, decoding, reference - decoding),
        *_parts(took),
    ]
    head = ("what", "whole", "decoding and encoding", "beyond")
    shown = [(name, *(None if one is None else round(one, 1) for one in row)) for name, *row in rows]
    return Table(title="The gate, at one megapixel, in ms", head=head, rows=shown)


def _parts(took: Callable[[Callable[[bytes], object]], float]) -> list[tuple[str, float, float | None, float | None]]:
    """What an output's share is made of, in this process: the rest is handing over, look-up, commit and signature."""
    cv2.setNumThreads(1)
    pattern, limits = Pattern(_KEY), Limits()
    seen: dict[bytes, object] = {}

    def pixels(one: bytes) -> object:
        if one not in seen:
            seen[one] = decode(one, limits=limits)
        return seen[one]

    def probes(one: bytes) -> object:
        return make_probes(pixels(one), probe_set="default")  # type: ignore[arg-type]

    def mark(one: bytes) -> object:
        return embedded(np.array(pixels(one).pixels), 1, pattern)  # type: ignore[attr-defined]

    def again(one: bytes) -> object:
        return read(pixels(one).pixels, pattern, search=False)  # type: ignore[attr-defined]

    return [
        (f"  of which {name}", took(way), None, None)
        for name, way in (("probes", probes), ("marking", mark), ("reading the mark", again))
    ]


def _median(way: Callable[[bytes], object], *, sent: Sequence[bytes], rounds: int) -> float:
    way(sent[0])
    times = []
    for _ in range(rounds):
        for one in sent:
            began = time.perf_counter()
            way(one)
            times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


def _decoded_and_encoded(data: bytes, *, quick: bool) -> bytes:
    """What any service does that gives a picture out in another form; `quick` leaves the second look out."""
    decoded = decode(data, limits=Limits())
    board = canvas(data, decoded)
    made = board.put(board.written(board.pixels))
    return made if quick else decode(made, limits=Limits()).pixels.tobytes()


def _going(data: bytes, *, stamped: bool = True) -> Going:
    return Going(content=data, by=_WHO, service="bench", generator="benchmark 1", stamped=stamped)


def _nobody() -> str:
    """Somebody else each time: nobody reaches a limit."""
    return f"u{time.perf_counter_ns()}"


def _pictures(folder: Path | None, limit: int) -> list[Image.Image]:
    if folder is None:
        return [scene(number, (1224, 816)) for number in range(limit)]
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    found = load(paths, limit=limit)
    if not found:
        raise click.UsageError("At least one readable picture is needed.")
    return [_sized(one) for one in found]


def _sized(image: Image.Image) -> Image.Image:
    factor = (_MEGAPIXEL / (image.width * image.height)) ** 0.5
    return image.resize((round(image.width * factor), round(image.height * factor)), Image.Resampling.LANCZOS)


def _saved(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=90)
    return stream.getvalue()
