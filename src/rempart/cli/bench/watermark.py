"""`rempart bench watermark`: how often a mark is found again after each edit, what it costs, and what it looks like."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import TypeVar

import click
import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from rempart.cli.bench.derive_run import load
from rempart.cli.bench.markedits import EDITS, Pixels, cut, saved, sized
from rempart.cli.bench.marksides import KEY, Ours, Side, others
from rempart.cli.bench.recall import SUFFIXES
from rempart.cli.bench.recall_run import seeded
from rempart.cli.bench.tables import Cell, Table
from rempart.provenance.watermark.embedding import PSNR
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import chance_of_a_wrong_number, read

_TWO_MEGAPIXELS = 2.0
_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do: the edits by name, and how many unmarked pictures to look at, and to search."""

    edits: Sequence[str]
    unmarked: int
    searched: int
    seed: int


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Pictures to take.")
@click.option("--size", type=click.FloatRange(0.05, 30), help="Make each this many megapixels first.")
@click.option("--psnr", type=click.FloatRange(30, 60), default=PSNR, show_default=True, help="The strength, in dB.")
@click.option(
    "--edit", "edits", type=click.Choice(tuple(EDITS)), multiple=True, help="Only this edit; may be repeated."
)
@click.option("--unmarked", type=click.IntRange(min=0), default=400, show_default=True, help="Unmarked looks.")
@click.option("--searched", type=click.IntRange(min=0), default=100, show_default=True, help="Of these, with a search.")
@click.option("--alone", is_flag=True, help="Without other packages that are installed here.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
def command(
    folder: Path, limit: int, size: float | None, psnr: float, edits: tuple[str, ...], unmarked: int, searched: int,
    alone: bool, seed: int, as_json: bool, markdown: bool,
) -> int:  # fmt: skip
    """Mark the pictures in FOLDER, edit them, and look for the marks; look for marks in the unmarked ones too.

    invisible-watermark and blind-watermark are measured beside it where they are installed; nothing is fetched.
    """
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    pictures = [np.asarray(one) for one in load(paths, limit=limit)]
    if not pictures:
        raise click.UsageError("At least one readable picture is needed.")
    if size is not None:
        pictures = [megapixels(one, size) for one in pictures]
    sides = [Ours(psnr), *(() if alone else others())]
    plan = Plan(edits=edits or tuple(EDITS), unmarked=unmarked, searched=searched, seed=seed)
    found = [*survival(pictures, sides, plan), unmarked_looks(pictures, plan), cost(pictures[0], sides)]
    if as_json:
        click.echo(json.dumps([one.as_json() for one in found], ensure_ascii=False))
        return 0
    for one in found:
        click.echo((one.as_markdown() if markdown else one.as_text()) + "\n")
    return 0


def survival(pictures: Sequence[Pixels], sides: Sequence[Side], plan: Plan) -> Iterator[Table]:
    """How often each method's number was read rightly after each edit, how often a wrong one, and how far its marked
    pictures are from the original."""
    right = {(side.name, edit): 0 for side in sides for edit in plan.edits}
    wrong = dict.fromkeys((side.name for side in sides), 0)
    looks: dict[str, list[tuple[float, float]]] = {side.name: [] for side in sides}
    for place, picture in enumerate(_shown(pictures, "Marks")):
        for side in sides:
            number = (0x5EED0000DEAD + place * 7919) % (1 << side.bits)
            marked = side.write(picture, number)
            looks[side.name].append((psnr_of(picture, marked), ssim_of(picture, marked)))
            for edit in plan.edits:
                seen = side.read(EDITS[edit](marked, seeded(plan.seed, edit, place)), picture.shape[:2])
                right[side.name, edit] += seen == number
                wrong[side.name] += side.checked and seen not in (None, number)
    count = len(pictures)
    rows: list[list[Cell]] = [[edit, *(right[side.name, edit] / count for side in sides)] for edit in plan.edits]
    yield Table(title=f"Marks found again, {count} pictures", head=["edit", *(side.name for side in sides)], rows=rows)
    told: list[list[Cell]] = []
    for side in sides:
        far, like = (np.array(one) for one in zip(*looks[side.name], strict=True))
        told.append(
            [
                side.name, side.bits, round(float(np.median(far)), 2), round(float(far.min()), 2),
                round(float(np.median(like)), 4), round(float(like.min()), 4),
                wrong[side.name] if side.checked else "not told apart",
            ]
        )  # fmt: skip
    head = ["method", "bits", "PSNR, median", "PSNR, least", "SSIM, median", "SSIM, least", "wrong numbers"]
    yield Table(title="What a mark changes", head=head, rows=told)


def unmarked_looks(pictures: Sequence[Pixels], plan: Plan) -> Table:
    """How often a mark was found where there is none: in pieces of the pictures, mirrored, sized and saved anew."""
    pattern = Pattern(KEY)
    seen = {True: [0, 0], False: [0, 0]}
    for look in _shown(range(plan.unmarked), "Unmarked"):
        rng = seeded(plan.seed, "unmarked", look)
        piece = _piece(pictures[look % len(pictures)], rng)
        searched = look < plan.searched
        seen[searched][0] += 1
        seen[searched][1] += read(piece, pattern, search=searched) is not None
    rows: list[list[Cell]] = [
        [name, *seen[searched], f"{chance_of_a_wrong_number(search=searched):.1e}"]
        for name, searched in (("with a search", True), ("without", False))
    ]
    return Table(title="Marks found where there are none", head=["", "looks", "found", "chance, at most"], rows=rows)


def _piece(picture: Pixels, rng: Random) -> Pixels:
    made = cut(picture, rng.uniform(0, 0.4), rng.random(), rng.random())
    made = sized(made, rng.uniform(0.6, 1.6))
    if rng.random() < 0.5:
        made = np.ascontiguousarray(made[:, ::-1])
    return saved(made, "JPEG", rng.randint(40, 95)) if rng.random() < 0.7 else made


def cost(picture: Pixels, sides: Sequence[Side]) -> Table:
    """CPU for a picture of two megapixels: milliseconds, the median of nine (of three for what takes long)."""
    large, pattern = megapixels(picture, _TWO_MEGAPIXELS), Pattern(KEY)
    marked = {side.name: side.write(large, 1) for side in sides}
    rows: list[list[Cell]] = []
    for side in sides:
        rows.append([f"{side.name}: writing", _median(partial(side.write, large, 1))])
        step = partial(side.read, marked[side.name], (large.shape[0], large.shape[1]))
        rows.append([f"{side.name}: reading, marked", _median(step)])
    steps: Mapping[str, Callable[[], object]] = {
        "rempart: reading, unmarked, without a search": lambda: read(large, pattern, search=False),
        "rempart: reading, unmarked, with a search": lambda: read(large, pattern),
    }
    rows += [[name, _median(step)] for name, step in steps.items()]
    return Table(title="Milliseconds of CPU for 2 megapixels", head=["step", "ms"], rows=rows)


def _median(step: Callable[[], object]) -> float:
    taken: list[float] = []
    while len(taken) < (3 if taken and taken[0] > 200 else 9):
        begun = time.process_time()
        step()
        taken.append((time.process_time() - begun) * 1e3)
    return round(sorted(taken)[len(taken) // 2], 1)


def megapixels(pixels: Pixels, count: float) -> Pixels:
    """The picture at another size."""
    return sized(pixels, float(np.sqrt(count * 1e6 / (pixels.shape[0] * pixels.shape[1]))))


def psnr_of(before: Pixels, after: Pixels) -> float:
    """How far two pictures are from each other, in dB."""
    error = cv2.norm(before, after, cv2.NORM_L2SQR) / before.size
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def ssim_of(before: Pixels, after: Pixels) -> float:
    """How alike two pictures' structure is, of luma (Wang and others 2004: windows of 11 pixels, σ 1.5)."""
    one, two = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY).astype(np.float64) for each in (before, after))
    mean_one, mean_two = _around(one), _around(two)
    own = _around(one * one) - mean_one**2 + _around(two * two) - mean_two**2
    both = _around(one * two) - mean_one * mean_two
    few, more = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    alike = (2 * mean_one * mean_two + few) * (2 * both + more)
    return float((alike / ((mean_one**2 + mean_two**2 + few) * (own + more))).mean())


def _around(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5), dtype=np.float64)


def _shown(things: Sequence[_Thing], title: str) -> Iterator[_Thing]:
    yield from track(things, title, console=Console(stderr=True), transient=True)
