"""`rempart bench gate`: what the gate adds to an output and to a reference photo, beyond decoding and encoding."""

from __future__ import annotations

import functools
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import click
import cv2
from PIL import Image

from rempart.cli.bench.cputime import cpu_seconds
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
from rempart.signals.decode import Decoded, decode
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

    Medians for one picture at a time, of CPU over all processes and of wall time, in milliseconds. What decoding and
    encoding alone take is measured on the same pictures in the same run.
    """
    sent = [_saved(one) for one in _pictures(folder, limit)]
    with tempfile.TemporaryDirectory() as place:
        data = Path(place) / "data"
        settings = prepare(data, entries=entries, seed=7).settings
        with redirect_stdout(io.StringIO()):
            certs.main(["make", "--data", str(data), "--organisation", "Benchmark"], standalone_mode=False)
        with Runtime(settings) as runtime:
            found = measure(runtime.service, sent, rounds=rounds)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
    else:
        click.echo(found.as_markdown() if markdown else found.as_text())
    return 0


def measure(service: Service, sent: Sequence[bytes], *, rounds: int) -> Table:
    """The medians of each way, and what the gate adds to what the picture's own decoding and encoding take."""
    cv2.setNumThreads(1)
    took = partial(_medians, sent=sent, rounds=rounds)
    both, decoding = took(_decoded_and_encoded), took(_decoded)
    ways: Sequence[tuple[str, Callable[[bytes], object], tuple[float, float]]] = (
        ("an output: looked up, marked, signed, recorded", lambda one: take_out(service, _going(one)), both),
        ("an output that is only checked", lambda one: take_out(service, _going(one, stamped=False)), decoding),
        (
            "a reference photo",
            lambda one: service.gate.reference(one, by=_WHO, service="b", end_user=_nobody()),
            decoding,
        ),
    )
    rows = []
    for name, way, alone in ways:
        cpu, wall = took(way)
        rows.append((name, _ms(cpu), _ms(cpu - alone[0]), _ms(wall), _ms(wall - alone[1])))
    head = ("what", "CPU", "beyond decoding and encoding", "wall", "beyond")
    return Table(title="The gate, at one megapixel, in ms", head=head, rows=[*rows, *_parts(took)])


def _parts(
    took: Callable[[Callable[[bytes], object]], tuple[float, float]],
) -> list[tuple[str, float, str, float, str]]:
    """What an output's share is made of, in this process: the rest is handing over, look-up, commit and signature."""
    pattern = Pattern(_KEY)
    seen = functools.cache(_decoded)
    ways: Mapping[str, Callable[[bytes], object]] = {
        "decoding and encoding": _decoded_and_encoded,
        "decoding alone, again to see what was written": _decoded,
        "probes": lambda one: make_probes(seen(one), probe_set="default"),
        "the mark": lambda one: embedded(seen(one).pixels, 1, pattern),
        "reading the mark again": lambda one: read(seen(one).pixels, pattern, search=False),
    }
    taken = {name: took(way) for name, way in ways.items()}
    return [(f"  {name}", _ms(cpu), "", _ms(wall), "") for name, (cpu, wall) in taken.items()]


def _medians(way: Callable[[bytes], object], *, sent: Sequence[bytes], rounds: int) -> tuple[float, float]:
    """CPU and wall seconds; the first round is not counted."""
    for one in sent:
        way(one)
    taken = []
    for one in [*sent] * rounds:
        began, cpu = time.perf_counter(), cpu_seconds()
        way(one)
        taken.append((cpu_seconds() - cpu, time.perf_counter() - began))
    return statistics.median(cpu for cpu, _ in taken), statistics.median(wall for _, wall in taken)


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 1)


def _decoded(data: bytes) -> Decoded:
    return decode(data, limits=Limits())


def _decoded_and_encoded(data: bytes) -> bytes:
    """What any service does that gives a picture out again, with the encoder that stamping uses."""
    board = canvas(data, _decoded(data))
    return board.put(board.written(board.pixels))


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
