"""What a case asks of sealed bytes beyond a picture to look at: the text of prompts, where the file comes from, its
pixels included, and features to compare it by. One worker does all of it, and another one draws, so that nobody who
looks waits for it; the key of the installation's marks never reaches either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rempart.errors import UnreadableImageError
from rempart.provenance.derivation import making
from rempart.provenance.derivation.sheets import Sheet
from rempart.provenance.origin import working
from rempart.provenance.origin.trust import Trust
from rempart.provenance.origin.working import Looked, looked_at, prompts_in
from rempart.signals.examine import Examination
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import WorkerPool

TASK = "rempart.provenance.looking:look_in_worker"
MOST_PROMPTS, MOST_PROMPT, MOST_NAME = 64, 20_000, 64
_OF_ORIGIN = ("pixels", "prompts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """What somebody typed to have a picture made, as a file has it: names of its places, and texts. `cut`: there is
    more than is shown."""

    outcome: Outcome
    pairs: tuple[tuple[str, str], ...] = ()
    cut: bool = False


def read_prompts(pool: WorkerPool, data: memoryview, *, timeout: float | None = None) -> Prompts:
    """The prompts in a file's bytes, read by a worker. Never raises for what the file holds, but UnavailableError."""
    try:
        found = prompts_in(pool, data)
    except UnreadableImageError:
        return Prompts(outcome=Outcome.UNREADABLE)
    cut = len(found) > MOST_PROMPTS or any(len(text) > MOST_PROMPT for _, text in found)
    pairs = tuple((_clean(name)[:MOST_NAME], _clean(text[:MOST_PROMPT])) for name, text in found[:MOST_PROMPTS])
    return Prompts(outcome=Outcome.OK, pairs=pairs, cut=cut)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheeted:
    """The sheet of a picture, for a comparison; or why there is none."""

    outcome: Outcome
    sheet: Sheet | None = None

    @property
    def found(self) -> Sheet:
        """The sheet, where the outcome is OK."""
        assert self.sheet is not None
        return self.sheet


def read_sheet(pool: WorkerPool, data: memoryview, *, timeout: float | None = None) -> Sheeted:
    """The sheet of a file's bytes. Never raises for what the file holds, but UnavailableError."""
    (made,) = making.sheets(pool, [(None, data)])
    if made.sheet is None:
        return Sheeted(outcome=Outcome.UNREADABLE if made.outcome is Outcome.OK else made.outcome)
    return Sheeted(outcome=Outcome.OK, sheet=made.sheet)


def read_whole(pool: WorkerPool, data: memoryview, *, trust: Trust) -> Looked:
    """Where a file comes from as its bytes and pixels say, and its plane for marks. Never raises for what the file
    holds, but UnavailableError."""
    (found,) = looked_at(pool, [(None, data)], trust=trust)
    return found


def reading_pool(*, workers: int = 1, limits: Limits) -> WorkerPool:
    """Workers for all of these; each starts when it is first needed."""
    return WorkerPool(workers=workers, limits=limits, task=TASK, waiting=64)


def prepare_worker() -> None:
    """Import and try everything once, while files can still be opened."""
    working.prepare_worker()
    making.prepare_worker()


def look_in_worker(
    descriptor: int, plan: Mapping[str, Any], limits: Limits, progress: Callable[[], None]
) -> dict[str, Any]:
    """The worker's task: what reading of origins does, and sheets. A second attempt does nothing."""
    if any(name in plan for name in _OF_ORIGIN):
        return working.origin_in_worker(descriptor, plan, limits, progress)
    if "sheet" in plan:
        return making.sheet_in_worker(descriptor, plan, limits, progress)
    return Examination(outcome=Outcome.OK).to_wire()


def _clean(text: str) -> str:
    return "".join(one if one.isprintable() or one == "\n" else " " for one in text)
