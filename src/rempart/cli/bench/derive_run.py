"""The comparisons of `rempart bench derive`: copies, unrelated pictures and decoys, over a few processes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from rempart.cli.bench.derive_pictures import DECOYS, EDITS
from rempart.cli.bench.recall_run import seeded
from rempart.errors import RempartError
from rempart.provenance.derivation.comparing import Comparison, Finding, Suspect
from rempart.provenance.derivation.sheets import Sheet, sheet_of
from rempart.signals.decode import decode
from rempart.signals.outcome import Limits

COPY, UNRELATED, DECOY = "copy", "unrelated", "decoy"
AS_IT_IS, ALTERED = "as they are", "the suspect altered"
_EVERY_DAY = tuple(EDITS)[:12]
"""Edits by which a suspect that has nothing to do with a source is altered: what pictures go through anyway."""


PARTS = (COPY, UNRELATED, DECOY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to compare: `limit` pictures of a folder, `suspects` of them as suspects, in these parts."""

    limit: int
    suspects: int
    seed: int
    partners: int
    parts: Sequence[str] = PARTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison: what it was, and what came of it."""

    kind: str
    name: str
    picture: int
    found: bool
    reason: str
    inliers: int
    kept: int
    agreement: float
    judged: int
    spread: float


def load(paths: Sequence[Path], *, limit: int) -> list[Image.Image]:
    """Up to so many of the pictures, decoded; those that cannot be read are left out."""
    made: list[Image.Image] = []
    for path in paths:
        if len(made) == limit:
            break
        try:
            made.append(Image.fromarray(decode(path.read_bytes(), limits=Limits()).pixels))
        except (RempartError, OSError):
            continue
    return made


class _Work:
    """What a process needs: every picture, and the sheet of each as a source."""

    def __init__(self, images: Sequence[Image.Image], plan: Plan) -> None:
        cv2.setNumThreads(1)
        self.images, self.seed, self.partners, self.parts = images, plan.seed, plan.partners, plan.parts
        self.sources = [_sheet(image) for image in images]

    def rows(self, number: int) -> list[Row]:
        """All comparisons in which a picture is the suspect."""
        ways = {COPY: self._copies, UNRELATED: self._unrelated, DECOY: self._decoys}
        return [row for part in self.parts for row in ways[part](number)]

    def _copies(self, number: int) -> Iterator[Row]:
        other = self.images[(number + len(self.images) // 2) % len(self.images)]
        for name, edit in EDITS.items():
            made = edit(self.images[number], other, seeded(self.seed, name, number))
            yield _row(COPY, name, number, Suspect(_sheet(made)).compare(self.sources[number]))

    def _unrelated(self, number: int) -> Iterator[Row]:
        rng = seeded(self.seed, ALTERED, number)
        altered = EDITS[rng.choice(_EVERY_DAY)](self.images[number], self.images[number], rng)
        for name, image in ((AS_IT_IS, self.images[number]), (ALTERED, altered)):
            suspect = Suspect(_sheet(image))
            for place, source in enumerate(self.sources):
                if place != number:
                    yield _row(UNRELATED, name, number, suspect.compare(source))

    def _decoys(self, number: int) -> Iterator[Row]:
        for name, decoy in DECOYS.items():
            for step in range(1, self.partners + 1):
                rng = seeded(self.seed, name, number, step)
                other = self.images[(number + step) % len(self.images)]
                one, two = decoy(self.images[number], other, rng)
                yield _row(DECOY, name, number, Suspect(_sheet(one)).compare(_sheet(two)))


def _sheet(image: Image.Image) -> Sheet:
    return sheet_of(np.asarray(image))


def _row(kind: str, name: str, picture: int, one: Comparison) -> Row:
    return Row(
        kind=kind, name=name, picture=picture, found=one.finding is Finding.SHARED_CONTENT, reason=one.reason.value,
        inliers=one.inliers, kept=one.kept, agreement=one.agreement, judged=one.map.judged if one.map else 0,
        spread=one.spread,
    )  # fmt: skip


_work: list[_Work] = []


def _begin(paths: Sequence[Path], plan: Plan) -> None:
    _work[:] = [_Work(load(paths, limit=plan.limit), plan)]


def _rows(number: int) -> list[Row]:
    return _work[0].rows(number)


def run(paths: Sequence[Path], plan: Plan, *, processes: int) -> Iterator[Row]:
    """Every comparison, as they are done."""
    # Processes, not threads, share the work here: each is to keep to one thread.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(paths, plan)) as pool:
        for done in as_completed([pool.submit(_rows, number) for number in range(plan.suspects)]):
            yield from done.result()
