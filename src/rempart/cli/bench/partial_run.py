"""The look-ups of `rempart bench partial`: a list of many pictures, and uploads that show a part of one, or of none."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from rempart.cli.bench.derive_pictures import DECOYS, EDITS
from rempart.cli.bench.edits import to_jpeg
from rempart.cli.bench.recall_run import seeded
from rempart.lists.parts.index import PartIndex
from rempart.provenance.derivation.comparing import Finding, Suspect
from rempart.provenance.derivation.sheetfile import write_sheet
from rempart.provenance.derivation.sheets import sheet_of
from rempart.provenance.partial.featurefile import write_features
from rempart.provenance.partial.features import VERSION, Features, asked_features, listed_features, plane_of
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits

PARTIAL = (
    "cut to half of both sides, JPEG 70", "cut to a quarter of both sides, JPEG 70",
    "pasted into another photo at 40 %", "pasted into another photo at 25 %",
    "cut to a square in a collage of four", "screenshot of a feed", "screenshot of a chat", "with a caption bar",
    "turned by up to 20°", "mirrored, JPEG 70",
)  # fmt: skip
COPIES, UNRELATED, DECOYS_OF = PARTS = ("copies", "unrelated", "decoys")
_SIZE = 480, 320
_CHUNK = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many pictures are listed, and where the features of those that were made for it are kept."""

    listed: int
    seed: int
    keep: Path | None
    processes: int = 1
    parts: Sequence[str] = PARTS


@dataclass(slots=True)
class Count:
    """Uploads of a kind: how many had a lead that mattered, and how many a finding."""

    uploads: int = 0
    leads: int = 0
    found: int = 0

    @property
    def shares(self) -> tuple[float, float]:
        """Leads and findings, each against the uploads."""
        return self.leads / max(self.uploads, 1), self.found / max(self.uploads, 1)


@dataclass(slots=True, kw_only=True)
class Figures:
    """What a run comes to. Times are CPU milliseconds of each upload."""

    copies: dict[str, Count] = field(default_factory=dict)
    decoys: dict[str, Count] = field(default_factory=dict)
    comparisons: int = 0
    unrelated: Count = field(default_factory=Count)
    times: dict[str, list[float]] = field(default_factory=dict)
    clock: list[float] = field(default_factory=list)
    index_bytes: int = 0
    features: float = 0.0
    sealed_bytes: float = 0.0
    sheet_bytes: float = 0.0

    def took(self, what: str, seconds: float) -> None:
        """Note the time of a step."""
        self.times.setdefault(what, []).append(1000 * seconds)


Pixels = NDArray[np.uint8]


def sources_of(number: int, pictures: int, seed: int) -> frozenset[int]:
    """Of which pictures of the folder a listed picture is made: itself, or the three that were mixed."""
    if number < pictures:
        return frozenset({number})
    return frozenset(seeded(seed, "mix", number).sample(range(pictures), 3))


def mixed(images: Sequence[Image.Image], number: int, seed: int) -> Pixels:
    """A picture that shows none: cut-outs of three, turned, added, multiplied or laid over each other."""
    rng = seeded(seed, "mix", number)
    one, two, three = (_piece(images[at], rng) for at in rng.sample(range(len(images)), 3))
    way = number % 4
    if way == 0:
        made = (one + two) / 2
    elif way == 1:
        made = one * two / 160
    elif way == 2:
        made = np.maximum(one, two)
    else:
        made = one + 0.8 * (two - 128) + 0.4 * (three - 128)
    return np.clip(made, 0, 255).astype(np.uint8)


def _piece(image: Image.Image, rng: Random) -> NDArray[np.float32]:
    share = rng.uniform(0.4, 0.9)
    width, height = round(image.width * share), round(image.height * share)
    x, y = rng.randint(0, image.width - width), rng.randint(0, image.height - height)
    piece = image.crop((x, y, x + width, y + height))
    piece = ImageOps.mirror(piece) if rng.random() < 0.5 else piece
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-60, 60), rng.uniform(1.2, 1.8))
    turned = cv2.warpAffine(np.asarray(piece), turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(cv2.resize(turned, _SIZE), np.float32)


def run(images: Sequence[Image.Image], plan: Plan, figures: Figures) -> Iterator[None]:
    """Fill in the figures, step by step; there are as many as `steps` says."""
    cv2.setNumThreads(1)
    listed: list[Features] = []
    for some in _listed(images, plan):
        listed += some
        yield
    index = PartIndex(range(len(listed)), listed)
    figures.index_bytes, figures.features = index.nbytes, float(np.mean([len(one) for one in listed]))
    figures.sealed_bytes = float(np.mean([len(write_features(one)) for one in listed]))
    work = _Work(images, plan, index, figures)
    ways = {COPIES: work.copies, UNRELATED: work.unrelated, DECOYS_OF: work.decoys}
    for number in range(len(images)):
        for part in plan.parts:
            ways[part](number)
        yield
    figures.sheet_bytes = float(np.mean([len(write_sheet(sheet_of(np.asarray(one)), of=bytes(32))) for one in images]))


def steps(pictures: int, plan: Plan) -> int:
    """How many steps a run has."""
    return -(-plan.listed // _CHUNK) + pictures


class _Work:
    """Looks uploads up, in one process, as a service does in several."""

    def __init__(self, images: Sequence[Image.Image], plan: Plan, index: PartIndex, figures: Figures) -> None:
        self.images, self.plan, self.index, self.figures = images, plan, index, figures
        self.sources = [sources_of(number, len(images), plan.seed) for number in range(plan.listed)]

    def unrelated(self, number: int) -> None:
        """A picture of the folder against everything that has nothing of it."""
        told = self.figures
        told.comparisons += sum(number not in one for one in self.sources)
        led, found = self._look(self.images[number], {number}, "unrelated")
        told.unrelated.uploads += 1
        told.unrelated.leads += led
        told.unrelated.found += found

    def copies(self, number: int) -> None:
        """Each edit of a picture, looked for as a part of that picture."""
        other = (number + len(self.images) // 2) % len(self.images)
        for name in PARTIAL:
            made = EDITS[name](self.images[number], self.images[other], seeded(self.plan.seed, name, number))
            self._count(self.figures.copies, name, made, number)

    def decoys(self, number: int) -> None:
        """Two pictures with something in common that is no part of either: one is listed alone, the other asked."""
        for name, decoy in DECOYS.items():
            other = self.images[(number + 1) % len(self.images)]
            one, two = decoy(self.images[number], other, seeded(self.plan.seed, name, number, 1))
            index = PartIndex((0,), (listed_features(plane_of(np.asarray(one))),))
            count = self.figures.decoys.setdefault(name, Count())
            led = index.candidates(asked_features(plane_of(np.asarray(two))))
            count.uploads += 1
            count.leads += bool(led)
            shared = bool(led) and _shared(Suspect(sheet_of(np.asarray(two))), np.asarray(one))
            count.found += shared

    def _count(self, counts: dict[str, Count], name: str, made: Image.Image, number: int) -> None:
        count = counts.setdefault(name, Count())
        pixels = np.asarray(made.convert("RGB"))
        leads = [one.number for one in self.index.candidates(asked_features(plane_of(pixels)))]
        count.uploads += 1
        count.leads += number in leads
        count.found += number in leads and _shared(Suspect(sheet_of(pixels)), np.asarray(self.images[number]))

    def _look(self, image: Image.Image, but: set[int], what: str) -> tuple[int, int]:
        """All that a check does beside its own work, timed; leads and findings that have nothing of `but`."""
        data, told = to_jpeg(image, quality=85), self.figures
        began, cpu = time.perf_counter(), time.process_time()
        pixels = decode(data, limits=Limits()).pixels
        asked = asked_features(plane_of(pixels))
        made = time.process_time()
        every = self.index.candidates(asked, most=20)
        looked = time.process_time()
        told.clock.append(1000 * (time.perf_counter() - began))
        told.took("decoding and features", made - cpu)
        told.took("lookup and votes", looked - made)
        leads = [one for one in every if not self.sources[one.number] & but]
        suspect = Suspect(sheet_of(pixels)) if leads else None
        found = sum(_shared(suspect, self._pixels(one.number)) for one in leads if suspect is not None)
        return len(leads), found

    def _pixels(self, number: int) -> Pixels:
        if number < len(self.images):
            return np.asarray(self.images[number])
        return mixed(self.images, number, self.plan.seed)


def _shared(suspect: Suspect, listed: Pixels) -> bool:
    return suspect.compare(sheet_of(listed)).finding is Finding.SHARED_CONTENT


_images: list[Image.Image] = []


def _begin(images: Sequence[Image.Image]) -> None:
    cv2.setNumThreads(1)
    _images[:] = images


def _some(start: int, end: int, seed: int) -> list[Features]:
    made = (np.asarray(_images[at]) if at < len(_images) else mixed(_images, at, seed) for at in range(start, end))
    return [listed_features(plane_of(pixels)) for pixels in made]


def _listed(images: Sequence[Image.Image], plan: Plan) -> Iterator[list[Features]]:
    """The features of everything listed, in order; those that were kept are not made again."""
    starts = range(0, plan.listed, _CHUNK)
    ends = [min(start + _CHUNK, plan.listed) for start in starts]
    if plan.keep is not None and plan.keep.exists():
        with np.load(plan.keep) as kept:
            if str(kept["version"]) == _mark(images, plan):
                whole = np.split(kept["keys"], kept["ends"][:-1]), np.split(kept["places"], kept["ends"][:-1])
                every = [Features(keys=keys, places=places) for keys, places in zip(*whole, strict=True)]
                yield from (every[start:end] for start, end in zip(starts, ends, strict=True))
                return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    context, done = multiprocessing.get_context("spawn"), list[Features]()
    with ProcessPoolExecutor(plan.processes, mp_context=context, initializer=_begin, initargs=(images,)) as pool:
        for some in pool.map(_some, starts, ends, [plan.seed] * len(ends)):
            done += some
            yield some
    if plan.keep is not None:
        np.savez(
            plan.keep, version=_mark(images, plan), ends=np.cumsum([len(one) for one in done]),
            keys=np.concatenate([one.keys for one in done]), places=np.concatenate([one.places for one in done]),
        )  # fmt: skip


def _mark(images: Sequence[Image.Image], plan: Plan) -> str:
    return f"{VERSION} {len(images)} {plan.listed} {plan.seed}"
