"""`rempart bench match`: lookups per CPU second beside FAISS, in turns, in the same run."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from rich.table import Table

from rempart.cli.bench.matchkeys import Keys, near_keys, photo_keys, random_keys
from rempart.cli.bench.matchsides import PEERS, RADIUS, Built, Side, build, faiss_side, ours, own_backends
from rempart.cli.bench.tables import wide_console

# Queries are asked in batches of about so many seconds, so that a slow side does not take all the time.
_SECONDS = 0.4
_MOST_QUERIES = 4000
_SINGLES = 500
_CHECKED = 24
# FAISS's tables take up to 900 bytes a hash and minutes to build: above this size only those that are asked for.
_MULTIHASH_ROWS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One side at one size: queries per CPU second (median, least, most of the rounds), single-query milliseconds of
    wall time, and whether it found what our index found (None: it is our index)."""

    side: str
    per_cpu_second: float
    least: float
    most: float
    p50_ms: float
    p99_ms: float
    agrees: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything measured at one size. `ratios` are our rate over a peer's, by our side and then the peer's."""

    size: int
    kind: str
    radius: int
    built: Built
    figures: Sequence[Figure]
    ratios: dict[str, dict[str, float]]
    missing: Sequence[str]


@click.command(name="match")
@click.option(
    "--size", "sizes", type=float, multiple=True, default=(1e6,), show_default=True, help="Hashes in the list."
)
@click.option("--kind", type=click.Choice(["random", "real"]), default=None, help="Default: real with --folder.")
@click.option(
    "--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Photos to hash crops of."
)
@click.option("--isa", "isas", multiple=True, help="Instruction sets to measure (default: all, and NumPy).")
@click.option("--numpy/--no-numpy", "with_numpy", default=True, show_default=True, help="Measure the fallback too.")
@click.option(
    "--peer", "peers", type=click.Choice(list(PEERS)), multiple=True, help="Default: flat, and multihash to 2 M."
)
@click.option("--rounds", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--work", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Where the index is built.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per size.")
def command(
    sizes: Sequence[float],
    kind: str | None,
    folder: Path | None,
    isas: Sequence[str],
    with_numpy: bool,
    peers: Sequence[str],
    rounds: int,
    work: Path | None,
    as_json: bool,
) -> None:
    """Exact lookups within 31 bits: queries per CPU second on one thread, side by side with FAISS."""
    kind = kind or ("real" if folder else "random")
    if kind == "real" and folder is None:
        raise click.UsageError("--kind real needs --folder with photos.")
    known = own_backends()
    for isa in isas:
        if isa not in known:
            raise click.UsageError(f"This machine has no {isa!r}; it has {', '.join(known)}.")
    chosen = list(isas) or [name for name in known if name != "numpy" or with_numpy]
    for size in sizes:
        names = peers or (("flat", "multihash") if size <= _MULTIHASH_ROWS else ("flat",))
        with tempfile.TemporaryDirectory(dir=work, prefix="rempart-bench-") as place:
            report = _measure(int(size), folder, chosen, [PEERS[name] for name in names], rounds, Path(place))
        if as_json:
            click.echo(json.dumps(asdict(report)))
        else:
            _show(report)


def _measure(
    size: int, folder: Path | None, isas: Sequence[str], peers: Sequence[str], rounds: int, place: Path
) -> Report:
    rng = np.random.default_rng(20)
    if folder is None:
        whole = random_keys(rng, size + _MOST_QUERIES)
    else:
        whole = photo_keys(rng, folder, size + _MOST_QUERIES)
        # Neighbouring rows are one crop turned; queries must be crops of their own, and rows in any order.
        whole[:size] = whole[rng.permutation(size)]
    keys, queries = whole[:size], whole[size:].copy()
    index, built = build(keys, place / "index")
    sides = [ours(index, isa) for isa in isas]
    others = [faiss_side(keys, name) for name in peers]
    found = [side for side in others if side is not None]
    figures = _race([*sides, *found], queries, near_keys(rng, keys, _CHECKED, flips=RADIUS), rounds)
    rates = {figure.side: figure.per_cpu_second for figure in figures}
    ratios = {side.name: {peer.name: rates[side.name] / rates[peer.name] for peer in found} for side in sides}
    missing = [name for name, side in zip(peers, others, strict=True) if side is None]
    kind = "random" if folder is None else "real"
    return Report(size=size, kind=kind, radius=RADIUS, built=built, figures=figures, ratios=ratios, missing=missing)


def _race(sides: Sequence[Side], queries: Keys, near: Keys, rounds: int) -> list[Figure]:
    """Each side in every round, one after another, so that a slow minute of the machine meets them all."""
    batches = [_batch(side, queries) for side in sides]
    rates: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, batch, own in zip(sides, batches, rates, strict=True):
            start = time.process_time()
            side.search(batch)
            own.append(len(batch) / (time.process_time() - start))
    truth = sides[0].rows(near)
    return [
        _figure(side, own, queries, None if side is sides[0] else side.rows(near) == truth, len(batch))
        for side, own, batch in zip(sides, rates, batches, strict=True)
    ]


def _batch(side: Side, queries: Keys) -> Keys:
    """As many queries as take about `_SECONDS`, found by doubling; also brings the index into memory."""
    count = 4
    while count < len(queries):
        start = time.process_time()
        side.search(queries[:count])
        if time.process_time() - start > _SECONDS / 2:
            break
        count *= 2
    return queries[:count]


def _figure(side: Side, rates: Sequence[float], queries: Keys, agrees: bool | None, batch: int) -> Figure:
    times = []
    for at in range(min(_SINGLES, max(20, batch))):
        one = queries[at : at + 1]
        start = time.perf_counter()
        side.search(one)
        times.append(1e3 * (time.perf_counter() - start))
    return Figure(
        side=side.name,
        per_cpu_second=statistics.median(rates),
        least=min(rates),
        most=max(rates),
        p50_ms=float(np.percentile(times, 50)),
        p99_ms=float(np.percentile(times, 99)),
        agrees=agrees,
    )


def _show(report: Report) -> None:
    peers = [figure.side for figure in report.figures if not figure.side.startswith("rempart")]
    table = Table(title=f"{report.size:,} {report.kind} hashes, radius {report.radius}, one thread")
    for heading in (
        "",
        "queries per CPU s",
        "least–most",
        "one query p50 ms",
        "p99 ms",
        *(f"× {name}" for name in peers),
    ):
        table.add_column(heading, justify="right" if heading else "left")
    for figure in report.figures:
        ratios = report.ratios.get(figure.side, {})
        table.add_row(
            figure.side + ("" if figure.agrees in (None, True) else " (finds other rows!)"),
            f"{figure.per_cpu_second:,.0f}",
            f"{figure.least:,.0f}–{figure.most:,.0f}",
            f"{figure.p50_ms:.3f}",
            f"{figure.p99_ms:.3f}",
            *(f"{ratios[name]:.1f}" if name in ratios else "" for name in peers),
        )
    built = report.built
    console = wide_console()
    console.print(table)
    console.print(
        f"{built.bytes_per_hash:.1f} bytes per hash (keys and index) · built in {built.build_seconds:.1f} s "
        f"({built.build_cpu_seconds:.1f} CPU s), flushed to disk · opened in {1e3 * built.open_seconds:.2f} ms · "
        f"first lookup {1e3 * built.first_search_seconds:.2f} ms"
    )
    for name in report.missing:
        console.print(f"{name}: not installed (from the repository: pip install '.[bench]').", markup=False)
