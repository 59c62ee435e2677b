"""`rempart bench scan`: a folder scan beside the peer's per-file loop, in turns, in the same run."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from rempart.clock import utc_now
from rempart.lists.build import ListBuilder
from rempart.lists.entry import Category, Entry, EntrySignal
from rempart.lists.hashlist import HashList
from rempart.lists.schemes import built_in
from rempart.scan.records import Record, Result
from rempart.scan.run import Scan, ScanPlan
from rempart.signals.pool import WorkerPool
from rempart.signals.values import PdqHash

_SIDE = (640, 480)  # 0.3 megapixels
_PEER_FILES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """Files per second of wall time and milliseconds of processor time per file, of each side in turn."""

    scan_files_per_second: float
    scan_cpu_ms: float
    peer_files_per_second: float | None
    peer_cpu_ms: float | None


@click.command(name="scan")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Crops of these photos instead of generated scenes.",
)
@click.option(
    "--files",
    type=click.IntRange(min=100),
    default=2000,
    show_default=True,
    help="Files in the folder that is scanned.",
)
@click.option("--entries", type=click.IntRange(min=1), default=100_000, show_default=True, help="Hashes in the list.")
@click.option("--workers", type=click.IntRange(min=1), default=2, show_default=True)
@click.option(
    "--probes", type=click.Choice(["canonical", "default", "thorough"]), default="canonical", show_default=True
)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(
    folder: Path | None, files: int, entries: int, workers: int, probes: str, rounds: int, as_json: bool
) -> int:
    """Files per second of a scan, and of the peer's loop: PdqSignal.hash_from_file and PDQIndex.query for each file.

    The pictures have 0.3 megapixels. Starting the workers is not counted (it is shown apart). On a machine that does
    other work at the same time, compare the processor time per file.
    """
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rempart-bench-")))
        paths = _pictures(home / "pictures", folder, files)
        keys = np.random.default_rng(1).integers(0, 256, (entries, 32), np.uint8)
        opened = stack.enter_context(HashList.open(_build(home / "bench.list", keys)))
        peer = _peer(keys)
        plan = ScanPlan(probe_set=probes)
        measured, memory, start_seconds = [], 0, 0.0
        for number in range(rounds):
            rate, cpu, memory, start_seconds = _scan(home / "pictures", opened, plan, workers)
            theirs = _peer_round(peer, _sample(paths, number)) if peer else (None, None)
            measured.append(
                Round(
                    scan_files_per_second=rate, scan_cpu_ms=cpu, peer_files_per_second=theirs[0], peer_cpu_ms=theirs[1]
                )
            )
    figures = _figures(measured, memory, start_seconds) | {
        "files": files, "entries": entries, "workers": workers, "probes": probes,
        "pictures": "crops of given photos" if folder else "generated scenes",
    }  # fmt: skip
    click.echo(json.dumps(figures) if as_json else _table(figures))
    return 0


def _pictures(home: Path, folder: Path | None, count: int) -> list[Path]:
    """Many different JPEGs from few pictures: crops at shifting places, saved at shifting quality."""
    home.mkdir()
    sources = [_large(image) for image in _sources(folder)]
    rng = np.random.default_rng(2)
    made = []
    for number in range(count):
        source = sources[number % len(sources)]
        x = int(rng.integers(0, source.width - _SIDE[0] + 1))
        y = int(rng.integers(0, source.height - _SIDE[1] + 1))
        path = home / f"{number // 1000:03}-{number:06}.jpg"
        source.crop((x, y, x + _SIDE[0], y + _SIDE[1])).save(path, quality=int(rng.integers(75, 93)))
        made.append(path)
    return made


def _sources(folder: Path | None) -> Iterator[Image.Image]:
    if folder is not None:
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() in (".jpg", ".jpeg", ".png"):
                with Image.open(path) as image:
                    yield image.convert("RGB")
        return
    from rempart.signals.scenes import scene

    for seed in range(24):
        yield scene(seed, (1000, 750))


def _large(image: Image.Image) -> Image.Image:
    """At least a quarter larger than the crops in both directions."""
    scale = max(1.25 * _SIDE[0] / image.width, 1.25 * _SIDE[1] / image.height, 1.0)
    return image if scale == 1.0 else image.resize((round(image.width * scale), round(image.height * scale)))


def _build(path: Path, keys: np.ndarray[Any, np.dtype[np.uint8]]) -> Path:
    listed = Category(scheme="listed", code="listed")
    with ListBuilder(path, name="bench", schemes=built_in(), created=utc_now()) as builder:
        for number, key in enumerate(keys):
            signal = EntrySignal(signal=PdqHash(key.tobytes()))
            builder.add(Entry(id=str(number), signals=(signal,), category=listed))
        builder.finish([])
    return path


def _scan(folder: Path, opened: HashList, plan: ScanPlan, workers: int) -> tuple[float, float, int, float]:
    """Files per second, processor ms per file, the largest worker in bytes, seconds until a worker was ready."""
    seen: list[float] = []
    hits = 0

    def sink(record: Record) -> None:
        nonlocal hits
        seen.append(time.perf_counter())
        hits += record.result is Result.MATCH

    started, own = time.perf_counter(), time.process_time()
    with WorkerPool(workers=workers, limits=plan.limits) as pool:
        pool.examine(b"")  # a worker has started; the others do while the first files are looked at
        ready, cpu = time.perf_counter(), _children_cpu()
        Scan(plan, lists=[opened], pool=pool, sink=sink).run([str(folder)])
        done = time.perf_counter()
        spent = _children_cpu() - cpu + time.process_time() - own
        memory = max(_peak(pid) for pid in _children())
    return len(seen) / (done - ready), 1000 * spent / len(seen), memory, ready - started


def _children() -> list[int]:
    return [
        int(pid)
        for task in Path("/proc/self/task").iterdir()
        for pid in (task / "children").read_text().split()
    ]  # fmt: skip


def _children_cpu() -> float:
    ticks = 0
    for pid in _children():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    return 0


def _peer(keys: np.ndarray[Any, np.dtype[np.uint8]]) -> Any:
    """The peer's index over the same hashes, or None where threatexchange is not installed."""
    try:
        import faiss
        from threatexchange.signal_type.pdq.pdq_index import PDQIndex
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)  # its idle threads would only cost both sides time
    return PDQIndex.build((key.tobytes().hex(), number) for number, key in enumerate(keys))


def _peer_round(index: Any, paths: Sequence[Path]) -> tuple[float, float]:
    from threatexchange.signal_type.pdq.signal import PdqSignal

    wall, cpu = time.perf_counter(), time.process_time()
    for path in paths:
        found = PdqSignal.hash_from_file(path)
        if found:  # it returns "" for flat pictures, on which its own index fails
            index.query(found)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return len(paths) / wall, 1000 * cpu / len(paths)


def _sample(paths: Sequence[Path], number: int) -> Sequence[Path]:
    step = max(1, len(paths) // _PEER_FILES)
    return paths[number % step :: step][:_PEER_FILES]


def _figures(rounds: Sequence[Round], memory: int, start_seconds: float) -> dict[str, Any]:
    def median(name: str) -> float | None:
        values = [value for one in rounds if (value := asdict(one)[name]) is not None]
        return round(statistics.median(values), 2) if values else None

    ratios = [one.scan_files_per_second / one.peer_files_per_second for one in rounds if one.peer_files_per_second]
    cpu = [one.peer_cpu_ms / one.scan_cpu_ms for one in rounds if one.peer_cpu_ms]
    names = ("scan_files_per_second", "scan_cpu_ms", "peer_files_per_second", "peer_cpu_ms")
    return {name: median(name) for name in names} | {
        "ratio_files_per_second": round(statistics.median(ratios), 2) if ratios else None,
        "ratios": [round(ratio, 2) for ratio in ratios],
        "ratio_cpu_per_file": round(statistics.median(cpu), 2) if cpu else None,
        "worker_peak_mb": round(memory / 1e6, 1), "start_seconds": round(start_seconds, 2),
    }  # fmt: skip


def _table(figures: dict[str, Any]) -> str:
    lines = [
        f"{figures['files']} {figures['pictures']}, 0.3 Mpx; {figures['entries']:,} hashes; probes {figures['probes']}",
        f"{'':34}{'files/s':>10}{'CPU ms/file':>14}",
        f"{'rempart scan, ' + str(figures['workers']) + ' workers':34}"
        f"{figures['scan_files_per_second']:>10}{figures['scan_cpu_ms']:>14}",
    ]
    if figures["peer_cpu_ms"] is None:
        lines.append("peer: threatexchange is not installed (from the repository: pip install '.[bench]')")
    else:
        lines += [
            f"{'threatexchange, one by one':34}{figures['peer_files_per_second']:>10}{figures['peer_cpu_ms']:>14}",
            f"{'ratio (median of the rounds)':34}{figures['ratio_files_per_second']:>10}"
            f"{figures['ratio_cpu_per_file']:>14}",
            f"ratios of files/s by round: {figures['ratios']}",
        ]
    lines.append(f"largest worker {figures['worker_peak_mb']} MB; workers ready after {figures['start_seconds']} s")
    return "\n".join(lines)
