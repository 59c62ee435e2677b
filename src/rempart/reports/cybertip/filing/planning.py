"""What filing does next, from what is written down alone: a pure function, so that whoever takes a report over after a
crash goes on exactly where it stood.

What holds, whatever happens:

1. A report is only ever filed by `finish`, and `finish` is asked again for the same number until it is known what
   became of it; a finished report answers 5102 for ever, so that this files nothing twice.
2. Another report is opened for the same decision only when the one before was retracted or is gone, or when `finish`
   was never asked for it: unfinished, it is deleted at the service within a day.
3. A file that may have arrived twice, or damaged, cannot be taken out again: the whole report is retracted and begun
   anew, so that what is finished holds each file once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rempart.reports.cybertip.filing.values import UNSURE, Result, Step, Then, Why
from rempart.reports.cybertip.values import FileState


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of the run: `result` is None while nobody knows, because it is on its way or whoever made it died."""

    step: Step
    result: Result | None

    @property
    def unsure(self) -> bool:
        """Whether it may have been done or not."""
        return self.result is None or self.result in UNSURE


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where the run of a report stands. `files` are those that shall be sent, in their order."""

    number: str | None
    files: tuple[FileState, ...]
    calls: tuple[Call, ...]
    then: Then | None
    expired: bool
    wanted: bool


class Move(StrEnum):
    """What is next: a call, or writing down an end."""

    OPEN = "open"
    UPLOAD = "upload"
    DESCRIBE = "describe"
    FINISH = "finish"
    RETRACT = "retract"
    SEAL = "seal"
    """It is filed; the receipt is to be sealed."""
    END = "end"
    """Nothing is open: reject or stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """The next move; `place` is that of the file among `files`. `because` gives the reason where the run is to be given
    up for it: `then` is then set with the move."""

    move: Move
    place: int | None = None
    then: Then | None = None
    because: Why | None = None


def following(now: Situation) -> Next:
    """What to do next."""
    if any(_filed(one) for one in now.calls):
        return Next(move=Move.SEAL)
    if now.number is None:
        if now.then in (Then.REJECT, Then.STOP):
            return Next(move=Move.END)
        return Next(move=Move.OPEN) if now.wanted else _given_up(Move.END, Then.STOP, Why.NOT_WANTED)
    if now.then is not None:
        return Next(move=Move.RETRACT)
    if not now.wanted:
        return _given_up(Move.RETRACT, Then.STOP, Why.NOT_WANTED)
    last = now.calls[-1] if now.calls else None
    if last is not None and last.unsure and last.step is Step.FINISH:
        return Next(move=Move.FINISH)
    if last is not None and last.unsure and last.step in (Step.UPLOAD, Step.DESCRIBE):
        return _given_up(Move.RETRACT, Then.AGAIN, Why.LOST_ANSWER)
    if now.expired:
        return _given_up(Move.RETRACT, Then.AGAIN, Why.EXPIRED)
    return _onwards(now.files)


def _onwards(files: tuple[FileState, ...]) -> Next:
    for state, move in ((FileState.WAITING, Move.UPLOAD), (FileState.UPLOADED, Move.DESCRIBE)):
        if state in files:
            return Next(move=move, place=files.index(state))
    return Next(move=Move.FINISH)


def _given_up(move: Move, then: Then, because: Why) -> Next:
    return Next(move=move, then=then, because=because)


def _filed(call: Call) -> bool:
    return call.result is Result.FINISHED or (call.step is Step.FINISH and call.result is Result.OK)
