"""`rempart bench http`: what a check costs through HTTP, with lists, policy, ledger and commit."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import httpx
import numpy as np
from PIL import Image
from rich.table import Table

from rempart.cli.bench.http_load import Load, Seen
from rempart.cli.bench.http_server import Measured, Prepared, prepare, running
from rempart.cli.bench.tables import wide_console
from rempart.errors import UnavailableError
from rempart.signals.scenes import scene

_SEED = 20
_JPEG_BYTES = 51_000
_SIZE = (481, 321)
_MILLION = 1_000_000
_PICTURES = 24
_SETTLE_SECONDS = 2.0
LOOKUPS, PHOTOS = "rempart_lookups_total", "rempart_photos_total"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A kind of check: CPU of all server processes for one, at full load; times at half of the full load."""

    cpu_ms: float
    per_second_per_core: float
    p50_ms: float
    p99_ms: float
    per_second: float
    cpu_ms_without_keep_alive: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything about one size of list. `idle_mb` is the sum of PSS over all server processes, before any check."""

    entries: int
    photo_check: Figures
    signal_check: Figures
    idle_mb: float
    start_seconds: float
    start_cpu_seconds: float
    lookups_per_photo: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    path: str
    media_type: str
    bodies: Sequence[bytes]
    count: int
    connections: int


def measure(entries: int, *, seconds: float, folder: Path) -> Report:
    """Serve a list of so many entries and ask; each kind of check takes about four times `seconds`."""
    prepared = prepare(folder, entries=entries, seed=_SEED)
    with running(prepared.settings):
        pass  # the first start makes the index files that later ones open
    with running(prepared.settings) as server:
        start_cpu = server.cpu_seconds()
        time.sleep(_SETTLE_SECONDS)
        idle = server.memory_mb()
        photo = _figures(server, prepared, photo_kind(), seconds)
        lookups, photos = _totals(server, prepared)
        signal = _figures(server, prepared, signal_kind(), seconds)
        return Report(
            entries=entries, photo_check=photo, signal_check=signal, idle_mb=idle,
            start_seconds=server.start_seconds, start_cpu_seconds=start_cpu, lookups_per_photo=lookups / photos,
        )  # fmt: skip


def photo_kind() -> _Kind:
    """Photo-like JPEGs of about 51 kB, each followed by its number, so that no two uploads are the same bytes."""
    bodies = [_jpeg(scene(seed, _SIZE)) + b"{n}" for seed in range(_PICTURES)]
    return _Kind(path="/v1/check?item_id=p{n}", media_type="image/jpeg", bodies=bodies, count=150, connections=8)


def signal_kind() -> _Kind:
    """A PDQ hash and a SHA-256, random: what a service sends that hashes for itself."""
    rng = np.random.default_rng(_SEED + 1)
    bodies = [
        json.dumps({"item_id": "s{n}", "signals": {"pdq": rng.bytes(32).hex(), "sha256": rng.bytes(32).hex()}}).encode()
        for _ in range(256)
    ]
    return _Kind(path="/v1/check", media_type="application/json", bodies=bodies, count=1000, connections=16)


def _jpeg(image: Image.Image) -> bytes:
    """The quality whose file is nearest to 51 kB."""
    files = []
    for quality in range(40, 100, 3):
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=quality)
        files.append(stream.getvalue())
    return min(files, key=lambda data: abs(len(data) - _JPEG_BYTES))


class _Numbers:
    """Item ids that no request had before."""

    next = 0


def _figures(server: Measured, prepared: Prepared, kind: _Kind, seconds: float) -> Figures:
    numbers = _Numbers()

    def send(count: int, *, keep_alive: bool = True, per_second: float | None = None) -> tuple[Seen, float]:
        load = Load(
            port=server.port, key=prepared.key, path=kind.path, media_type=kind.media_type,
            bodies=[b64encode(body).decode() for body in kind.bodies], count=count, connections=kind.connections,
            keep_alive=keep_alive, per_second=per_second, first=numbers.next,
        )  # fmt: skip
        numbers.next += count
        before = server.cpu_seconds()
        seen = _sent(load)
        if seen.failed:
            raise UnavailableError(f"{seen.failed} of {count} checks were not answered.", hint=_log(prepared))
        return seen, 1e3 * (server.cpu_seconds() - before) / count

    return _run(send, kind, seconds)


def _run(send: Callable[..., tuple[Seen, float]], kind: _Kind, seconds: float) -> Figures:
    warm, _ = send(kind.count)
    count = max(kind.count, round(kind.count / warm.seconds * seconds))
    full, cpu = send(count)
    _, cpu_anew = send(count // 2, keep_alive=False)
    rate = count / full.seconds
    half, _ = send(count // 2, per_second=rate / 2)
    return Figures(
        cpu_ms=cpu, per_second_per_core=1e3 / cpu, per_second=rate, cpu_ms_without_keep_alive=cpu_anew,
        p50_ms=float(np.percentile(half.latencies, 50)), p99_ms=float(np.percentile(half.latencies, 99)),
    )  # fmt: skip


def _sent(load: Load) -> Seen:
    done = subprocess.run(
        [sys.executable, "-m", "rempart.cli.bench.http_load"],
        input=json.dumps(asdict(load)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return Seen(**json.loads(done.stdout))


def _totals(server: Measured, prepared: Prepared) -> tuple[float, float]:
    """Lookups and photos so far, from the server's own metrics."""
    text = httpx.get(f"http://127.0.0.1:{server.port}/metrics", headers=_bearer(prepared)).text
    told = dict(line.split() for line in text.splitlines() if line.startswith((LOOKUPS, PHOTOS)))
    return float(told[LOOKUPS]), float(told[PHOTOS])


def _bearer(prepared: Prepared) -> dict[str, str]:
    return {"Authorization": f"Bearer {prepared.key}"}


def _log(prepared: Prepared) -> str:
    return (prepared.settings.data / "log").read_text()[-500:]


def _show(reports: Sequence[Report]) -> None:
    console = wide_console()
    for report in reports:
        table = Table(title=f"{report.entries:,} entries")
        heads = ("", "CPU ms", "per core and s", "p50 ms", "p99 ms", "per second", "CPU ms, new connection each")
        for heading in heads:
            table.add_column(heading, justify="right" if heading else "left")
        for name, one in (("photo check", report.photo_check), ("check by signals", report.signal_check)):
            table.add_row(
                name, f"{one.cpu_ms:.2f}", f"{one.per_second_per_core:,.0f}", f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}",
                f"{one.per_second:,.0f}", f"{one.cpu_ms_without_keep_alive:.2f}",
            )  # fmt: skip
        console.print(table)
        console.print(
            f"idle {report.idle_mb:.0f} MB (sum of PSS over all processes) · started in {report.start_seconds:.2f} s "
            f"({report.start_cpu_seconds:.2f} s of CPU) · "
            f"{report.lookups_per_photo:.1f} lookups per photo"
        )


@click.command()
@click.option("--entries", type=click.IntRange(min=1), default=100_000, show_default=True, help="Entries of the list.")
@click.option("--million", is_flag=True, help="Also with a list of a million entries.")
@click.option("--seconds", type=click.FloatRange(min=0.5), default=4.0, show_default=True, help="Length of each run.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def command(entries: int, million: bool, seconds: float, as_json: bool) -> int:
    """What a check costs through HTTP: a real server, a load generator in a second process, loopback only."""
    sizes = [entries] + ([_MILLION] if million else [])
    reports = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="rempart-bench-") as home:
            reports.append(measure(size, seconds=seconds, folder=Path(home) / "data"))
    if as_json:
        click.echo(json.dumps(_document(reports)))
    else:
        _show(reports)
    return 0


def _document(reports: Sequence[Report]) -> dict[str, Any]:
    document = asdict(reports[0])
    for report in reports[1:]:
        cost = report.photo_check.cpu_ms / reports[0].photo_check.cpu_ms
        document["million"] = asdict(report) | {"photo_check_times_the_first": cost}
    return document
