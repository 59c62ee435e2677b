"""`rempart bench hash`: PDQ of pixels, and of JPEG files with their digests, beside pdqhash and threatexchange.

"file to digests and pdq" is what a worker does with a file from opening it to the finished answer, without the
messages between the processes. "bare decode" is one call of simplejpeg on bytes in memory, with the settings that give
the same pixels: it reads no file, and like any caller who asks for an array it pays for fresh memory. "bare decode,
memory kept" is the same into an array that exists already, as a worker has it.
"""

from __future__ import annotations

import importlib
import io
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image
from rich.table import Table

from rempart.cli.bench.tables import wide_console
from rempart.signals import pdq_numpy
from rempart.signals.digests import digest_bytes
from rempart.signals.examine import examine
from rempart.signals.outcome import Limits
from rempart.signals.pdq import backend, pdq, pdq_dihedral
from rempart.signals.room import PixelRoom
from rempart.signals.scenes import scene

Size = tuple[int, int, int, int]  # width, height, pictures, rounds
SIZES: tuple[Size, ...] = ((640, 480, 16, 6), (1632, 1224, 8, 4), (4000, 3000, 8, 1))
PIXELS_PEER, FILES_PEER, BARE = "pdqhash", "threatexchange hash_from_file", "bare decode"
KEPT = "bare decode, memory kept"
Pixels = NDArray[np.uint8]
Work = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """CPU milliseconds of one kind of work per picture: the mean over pictures of each one's best round."""

    work: str
    megapixels: float
    pictures: int
    name: str
    ms: float
    times_peer: float | None
    times_bare: float | None


def _pictures(folder: Path | None) -> list[Image.Image]:
    if folder is None:
        return [scene(seed, (1280, 960)) for seed in range(6)]
    found: list[Image.Image] = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in {".jpg", ".jpeg", ".png"} and len(found) < 16:
            with Image.open(path) as image:
                found.append(image.convert("RGB"))
    if not found:
        raise click.UsageError(f"{folder} holds no .jpg or .png files.")
    return found


def _sized(pictures: list[Image.Image], width: int, height: int, count: int) -> Iterator[Pixels]:
    """Pictures of one size, with a camera's grain so that files are as heavy as real ones."""
    for k in range(count):
        rng = np.random.default_rng(k)
        image = pictures[k % len(pictures)].resize((width, height), Image.Resampling.BICUBIC)
        grain = rng.integers(-6, 7, (height, width, 1), np.int16)
        yield np.clip(np.asarray(image) + grain, 0, 255).astype(np.uint8)


def _race(contenders: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Best CPU milliseconds of each contender, taken in turns; each once unmeasured, so that none pays for the last.

    Every other round goes backwards: one run is not enough to get warm again behind a contender of ten milliseconds,
    while a decoder that runs behind other decodings of the same picture finds its branches foretold.
    """
    best = dict.fromkeys(contenders, float("inf"))
    forwards = list(contenders.items())
    for k in range(rounds):
        for name, work in forwards if k % 2 == 0 else reversed(forwards):
            work()
            start = time.process_time()
            work()
            best[name] = min(best[name], (time.process_time() - start) * 1000)
    return best


def _peer(module: str) -> Any | None:
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def _pixel_work(pixels: Pixels, peer: Any | None) -> dict[str, Work]:
    work: dict[str, Work] = {
        f"pdq, {backend()}": lambda: pdq(pixels),
        f"pdq, {backend()}, all eight forms": lambda: pdq_dihedral(pixels),
    }
    if backend() != "numpy":
        work["pdq, numpy"] = lambda: pdq_numpy.hash(pixels)
    if peer is not None:
        work[PIXELS_PEER] = lambda: peer.compute(pixels)
    return work


def _examine(path: Path, room: PixelRoom) -> object:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return examine(descriptor, limits=Limits(), room=room).to_wire()
    finally:
        os.close(descriptor)


def _bare(data: bytes, buffer: Pixels | None = None) -> Pixels:
    pixels: Pixels = simplejpeg.decode_jpeg(data, fastdct=False, fastupsample=False, buffer=buffer)
    return pixels


def _file_work(path: Path, peer: Any | None, room: PixelRoom) -> dict[str, Work]:
    data = path.read_bytes()
    kept = _bare(data)
    work: dict[str, Work] = {
        "file to digests and pdq": lambda: _examine(path, room),
        "digests alone": lambda: digest_bytes(data),
        BARE: lambda: _bare(data),
        KEPT: lambda: _bare(data, kept),
    }
    if peer is not None:
        work[FILES_PEER] = lambda: peer.PdqSignal.hash_from_file(path)
    return work


def _figures(work: str, size: Size, races: list[dict[str, float]], peer: str) -> list[Figure]:
    width, height, pictures, _ = size
    means = {name: sum(race[name] for race in races) / len(races) for name in races[0]}
    return [
        Figure(
            work=work,
            megapixels=round(width * height / 1e6, 1),
            pictures=pictures,
            name=name,
            ms=round(ms, 3),
            times_peer=round(means[peer] / ms, 1) if peer in means else None,
            times_bare=round(ms / means[BARE], 2) if BARE in means else None,
        )
        for name, ms in means.items()
    ]


def measure(folder: Path | None, *, sizes: tuple[Size, ...] = SIZES) -> Iterator[Figure]:
    """Every figure, size by size; peers that are not installed are left out."""
    pixels_peer, files_peer = _peer("pdqhash"), _peer("threatexchange.signal_type.pdq.signal")
    originals = _pictures(folder)
    room = PixelRoom()
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "picture.jpg"
        for size in sizes:
            width, height, pictures, rounds = size
            core, files = [], []
            for pixels in _sized(originals, width, height, pictures):
                core.append(_race(_pixel_work(pixels, pixels_peer), rounds))
                stream = io.BytesIO()
                Image.fromarray(pixels).save(stream, "JPEG", quality=88)
                path.write_bytes(stream.getvalue())
                files.append(_race(_file_work(path, files_peer, room), rounds))
            yield from _figures("pixels", size, core, PIXELS_PEER)
            yield from _figures("JPEG file", size, files, FILES_PEER)


def _table(figures: list[Figure]) -> Table:
    table = Table("work", "Mpx", "pictures", "what", "CPU ms", "times the peer's speed", "of a bare decode")
    for figure in figures:
        table.add_row(
            figure.work,
            f"{figure.megapixels}",
            f"{figure.pictures}",
            figure.name,
            f"{figure.ms:.3f}",
            "–" if figure.times_peer is None else f"{figure.times_peer:.1f}",
            "–" if figure.times_bare is None else f"{figure.times_bare:.2f}",
        )
    return table


@click.command()
@click.option("--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Ordinary photos to use.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
def command(folder: Path | None, as_json: bool) -> int:
    """PDQ and file hashing beside pdqhash and threatexchange, in CPU milliseconds on one thread."""
    figures = list(measure(folder))
    if as_json:
        click.echo(json.dumps({"backend": backend(), "figures": [asdict(figure) for figure in figures]}))
    else:
        wide_console().print(_table(figures))
    return 0
