"""Practice on drawn pictures: the steps and questions of a case, with nothing at stake and nobody watching.

Every picture is drawn here from a number: a landscape, things on a table, a street. What was answered is kept for
whoever practised; no page shows it to anybody else, and nothing of it goes into the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection

from rempart.cases.records import training as records
from rempart.cases.records.training import RunRow
from rempart.errors import ConflictError, NotFoundError, RefusedError
from rempart.people.principal import Principal
from rempart.signals.derivatives import Derivative, Step, derive
from rempart.signals.scenes import scene
from rempart.store.ids import new_id

PICTURES = 5
CODES = ("landscape", "still_life", "street")
"""What the pictures are of, in the order in which `scene` draws them."""
KINDS = ("photograph", "pseudo_photograph", "derivative", "non_photographic")
CONFIDENCE = ("sure", "probable", "unsure")
DRAWN = "non_photographic"
MOST_SEED = 1_000_000
_SIZE = (960, 640)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What somebody said of a picture, and the last step that they were shown before; none if they did not look."""

    code: str
    kind: str
    confidence: str
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer beside what was drawn."""

    number: int
    answer: Answer
    code: str

    @property
    def agrees(self) -> bool:
        """Whether the answer names what was drawn."""
        return self.answer.code == self.code


def start(conn: Connection, who: Principal, *, seed: int, at: datetime) -> RunRow:
    """Begin a run, in the caller's transaction."""
    row = RunRow(id=new_id("run"), person=who.id, seed=seed % MOST_SEED, started=at, finished=None, answers=())
    records.add(conn, row)
    return row


def own_run(conn: Connection, run_id: str, who: Principal, *, lock: bool = False) -> RunRow:
    """A run of one's own. Raises NotFoundError for any other."""
    row = records.find(conn, run_id, person=who.id, lock=lock)
    if row is None:
        raise NotFoundError("There is no such practice.", hint="Begin one.")
    return row


def answer(conn: Connection, run_id: str, who: Principal, number: int, given: Answer, *, at: datetime) -> None:
    """Keep an answer, in the caller's transaction. Raises NotFoundError; RefusedError for one that is not complete;
    ConflictError where another tab answered meanwhile."""
    row = own_run(conn, run_id, who, lock=True)
    if given.code not in CODES or given.kind not in KINDS or given.confidence not in CONFIDENCE:
        raise RefusedError("An answer is missing.", hint="Choose one in each part of the form.")
    if given.step and given.step not in list(Step):
        raise RefusedError("There is no such step.", hint="Use one of the buttons.")
    if number != len(row.answers) + 1 or number > PICTURES:
        raise ConflictError("This picture was answered already.", hint="Go on with the next one.")
    said = {"code": given.code, "kind": given.kind, "confidence": given.confidence, "step": given.step}
    finished = at if number == PICTURES else None
    records.change(conn, run_id, answers=[*row.answers, said], finished=finished)


def told(row: RunRow) -> tuple[Told, ...]:
    """Every answer of a run beside what was drawn."""
    return tuple(
        Told(number=number, answer=_answer(said), code=code_of(row, number))
        for number, said in enumerate(row.answers, 1)
    )


def code_of(row: RunRow, number: int) -> str:
    """What a picture of a run is of."""
    return CODES[_scene_number(row, number) % len(CODES)]


def picture(row: RunRow, number: int, step: Step, *, stamp: str) -> Derivative:
    """A step of a picture of a run, drawn now. Raises NotFoundError for one that is not in it."""
    if not 1 <= number <= PICTURES:
        raise NotFoundError("There is no such practice.", hint="Begin one.")
    return derive(np.asarray(scene(_scene_number(row, number), _SIZE)), step, stamp=stamp)


def _scene_number(row: RunRow, number: int) -> int:
    """Drawn from the run's seed, so that the order tells nothing and a run can be looked back at."""
    return int(np.random.default_rng(row.seed).integers(0, MOST_SEED, PICTURES)[number - 1])


def _answer(said: Mapping[str, Any]) -> Answer:
    return Answer(**{name: str(said[name]) for name in Answer.__slots__})
