"""`rempart bench watermark`: how often a mark is found again after each edit, and what it costs."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import track

from rempart.cli.bench.derive_run import load
from rempart.cli.bench.recall import SUFFIXES
from rempart.cli.bench.tables import Cell, Table
from rempart.provenance.watermark.embedding import PSNR, embedded
from rempart.provenance.watermark.framing import chance
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read

Pixels = NDArray[np.uint8]
Edit = Callable[[Pixels], Pixels]
_KEY = b"the key of the benchmark, which marks nothing else"
_TWO_MEGAPIXELS = 2_000_000


def _saved(pixels: Pixels, kind: str, quality: int) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def _sized(pixels: Pixels, across: float, down: float | None = None) -> Pixels:
    height, width = pixels.shape[:2]
    size = round(width * across), round(height * (across if down is None else down))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _cut(pixels: Pixels, share: float, right: float = 0.5, down: float = 0.5) -> Pixels:
    height, width = pixels.shape[:2]
    kept = round(height * (1 - share)), round(width * (1 - share))
    top, left = int((height - kept[0]) * down), int((width - kept[1]) * right)
    return np.ascontiguousarray(pixels[top : top + kept[0], left : left + kept[1]])


def _turned(pixels: Pixels, degrees: float) -> Pixels:
    return np.asarray(Image.fromarray(pixels).rotate(degrees, Image.Resampling.BICUBIC))


def _lit(pixels: Pixels, factor: float, more: float) -> Pixels:
    return np.asarray(np.clip(pixels.astype(np.float32) * factor + more, 0, 255), dtype=np.uint8)


def _screenshot(pixels: Pixels) -> Pixels:
    framed = np.pad(_sized(pixels, 0.9), ((60, 40), (30, 30), (0, 0)), constant_values=240)
    return _saved(framed, "JPEG", 85)


EDITS: Mapping[str, Edit] = {
    "as it is": lambda one: one,
    **{f"JPEG {quality}": partial(_saved, kind="JPEG", quality=quality) for quality in (90, 70, 50, 30)},
    "WebP 60": partial(_saved, kind="WEBP", quality=60),
    **{f"{factor} times the size": partial(_sized, across=factor) for factor in (0.5, 0.75, 1.5, 2)},
    "mirrored": lambda one: np.ascontiguousarray(one[:, ::-1]),
    "brighter": partial(_lit, factor=1.15, more=12),
    "less contrast": partial(_lit, factor=0.8, more=16),
    "10 % cut off": partial(_cut, share=0.1),
    "10 % cut off at two sides": partial(_cut, share=0.1, right=1, down=0),
    "10 % cut off, mirrored": lambda one: np.ascontiguousarray(_cut(one, 0.1)[:, ::-1]),
    "25 % cut off": partial(_cut, share=0.25, right=0.3, down=0.7),
    "25 % cut off, JPEG 80": lambda one: _saved(_cut(one, 0.25), "JPEG", 80),
    "0.7 times, 15 % cut off, JPEG 70": lambda one: _saved(_cut(_sized(one, 0.7), 0.15), "JPEG", 70),
    "turned 2°": partial(_turned, degrees=2),
    "turned 5°": partial(_turned, degrees=5),
    "turned -3°, JPEG 80": lambda one: _saved(_turned(one, -3), "JPEG", 80),
    "5 % wider": partial(_sized, across=1.05, down=1.0),
    "5 % higher": partial(_sized, across=1.0, down=1.05),
    "screenshot": _screenshot,
}


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Pictures to take.")
@click.option("--size", type=click.FloatRange(0.05, 30), help="Make each this many megapixels first.")
@click.option("--psnr", type=click.FloatRange(30, 60), default=PSNR, show_default=True, help="The strength, in dB.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
def command(folder: Path, limit: int, size: float | None, psnr: float, as_json: bool, markdown: bool) -> int:
    """Mark the pictures in FOLDER, edit them, and look for the marks; look for marks in the unmarked ones too."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    pictures = [np.asarray(one) for one in load(paths, limit=limit)]
    if not pictures:
        raise click.UsageError("At least one readable picture is needed.")
    if size is not None:
        pictures = [_sized(one, float(np.sqrt(size * 1e6 / (one.shape[0] * one.shape[1])))) for one in pictures]
    found = [survival(pictures, psnr=psnr), unmarked(pictures), cost(pictures[0])]
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return 0
    for one in found:
        click.echo((one.as_markdown() if markdown else one.as_text()) + "\n")
    return 0


def survival(pictures: Sequence[Pixels], *, psnr: float) -> Table:
    """How often the right number was found after each edit, and any wrong one."""
    pattern = Pattern(_KEY)
    right, wrong = dict.fromkeys(EDITS, 0), dict.fromkeys(EDITS, 0)
    for place, picture in enumerate(_shown(pictures, "Marks")):
        record = 0x5EED00000000 + place * 7919
        marked = embedded(picture, record, pattern, psnr=psnr)
        for name, edit in EDITS.items():
            seen = read(edit(marked), pattern)
            right[name] += seen is not None and seen.record == record
            wrong[name] += seen is not None and seen.record != record
    rows: list[list[Cell]] = [[name, right[name] / len(pictures), wrong[name]] for name in EDITS]
    title = f"Marks found again, {len(pictures)} pictures at {psnr} dB"
    return Table(title=title, head=["edit", "found", "wrong numbers"], rows=rows)


def unmarked(pictures: Sequence[Pixels]) -> Table:
    """How often a mark was found where there is none, in the pictures as they are and turned."""
    pattern, looks, seen = Pattern(_KEY), 0, 0
    for picture in _shown(pictures, "Unmarked"):
        for turns in range(4):
            looks += 1
            seen += read(np.ascontiguousarray(np.rot90(picture, turns)), pattern, search=turns == 0) is not None
    rows: list[list[Cell]] = [[looks, seen, f"{chance():.1e}"]]
    return Table(
        title="Marks found where there are none", head=["looks", "found", "chance of a word, at most"], rows=rows
    )


def cost(picture: Pixels) -> Table:
    """CPU for a picture of two megapixels: milliseconds, the median of nine."""
    pattern = Pattern(_KEY)
    large = _sized(picture, float(np.sqrt(_TWO_MEGAPIXELS / (picture.shape[0] * picture.shape[1]))))
    marked = embedded(large, 1, pattern)
    steps: Mapping[str, Callable[[], object]] = {
        "writing": lambda: embedded(large, 1, pattern),
        "reading, marked": lambda: read(marked, pattern),
        "reading, unmarked, without a search": lambda: read(large, pattern, search=False),
        "reading, unmarked, with a search": lambda: read(large, pattern),
    }
    rows: list[list[Cell]] = [[name, round(_median(step), 1)] for name, step in steps.items()]
    return Table(title="Milliseconds of CPU for 2 megapixels", head=["step", "ms"], rows=rows)


def _median(step: Callable[[], object]) -> float:
    taken = []
    for _ in range(9):
        begun = time.process_time()
        step()
        taken.append((time.process_time() - begun) * 1e3)
    return sorted(taken)[4]


def _shown(pictures: Sequence[Pixels], title: str) -> Iterator[Pixels]:
    yield from track(pictures, title, console=Console(stderr=True), transient=True)
