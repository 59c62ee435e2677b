"""The words of filing: the calls that are made, what became of them, why something waits, and its limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rempart.reports.cybertip.service.answers import AnswerKind


class Step(StrEnum):
    """A call."""

    OPEN = "open"
    UPLOAD = "upload"
    DESCRIBE = "describe"
    FINISH = "finish"
    RETRACT = "retract"


class Result(StrEnum):
    """What became of a call: what was answered, or that no answer came."""

    OK = AnswerKind.OK.value
    AGAIN = AnswerKind.AGAIN.value
    CREDENTIALS = AnswerKind.CREDENTIALS.value
    WRONG = AnswerKind.WRONG.value
    GONE = AnswerKind.GONE.value
    NO_FILE = AnswerKind.NO_FILE.value
    RETRACTED = AnswerKind.RETRACTED.value
    FINISHED = AnswerKind.FINISHED.value
    UNKNOWN = AnswerKind.UNKNOWN.value
    NOT_SENT = "not_sent"
    """It never left: nothing was done."""
    LOST = "lost"
    """It left, or a part of it, and no whole answer came: it may have been done."""
    DAMAGED = "damaged"
    """A file arrived, and not as it was sent."""


UNSURE = frozenset({Result.LOST, Result.UNKNOWN})
"""After these a call may have been done or not, as after one that has no result since whoever made it died."""


class Then(StrEnum):
    """What follows once nothing is open at the service any more."""

    AGAIN = "again"
    REJECT = "reject"
    STOP = "stop"


class Outcome(StrEnum):
    """How a run ended."""

    FILED = "filed"
    RETRACTED = "retracted"
    EXPIRED = "expired"
    ABANDONED = "abandoned"
    """It is left open, or nobody knows whether it was opened: unfinished, it is deleted within a day."""


class Why(StrEnum):
    """Why a report waits, was begun again or ended. With some goes a value: the code that was answered."""

    UNREACHABLE = "unreachable"
    BUSY = "busy"
    UNCLEAR = "unclear"
    CREDENTIALS = "credentials"
    NOT_SET_UP = "not_set_up"
    REFUSED = "refused"
    INVALID = "invalid"
    CHANGED = "changed"
    DAMAGED = "damaged"
    EXPIRED = "expired"
    GONE = "gone"
    TAKEN_BACK = "taken_back"
    LOST_ANSWER = "lost_answer"
    EVIDENCE = "evidence"
    EVIDENCE_WAITS = "evidence_waits"
    STORAGE = "storage"
    TOO_OFTEN = "too_often"
    NOT_WANTED = "not_wanted"
    STOPPED = "stopped"
    RESTORED = "restored"
    ELSEWHERE = "elsewhere"
    RESOLVED = "resolved"

    def of(self, value: object) -> str:
        """The reason with its value, as it is stored."""
        return f"{self.value}:{value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how often. `open_for` and `quiet_for`: an unfinished report lives until both have passed, since it
    was opened and since the last call about a file. `odd`: so many answers that make no sense, damaged files and
    reports that were suddenly gone are borne before people are asked. `late`, `late_in_danger`: not filed by then, an
    alarm is raised."""

    first: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=15)
    open_for: timedelta = timedelta(hours=24)
    quiet_for: timedelta = timedelta(hours=1)
    stopped: timedelta = timedelta(minutes=15)
    odd: int = 20
    late: timedelta = timedelta(hours=12)
    late_in_danger: timedelta = timedelta(hours=1)

    def delay(self, tries: int, *, jitter: float) -> timedelta:
        """How long to wait after so many failures; `jitter` from 0 to 1 sets reports apart."""
        seconds = self.first.total_seconds() * 2.0 ** min(tries, 20)
        return timedelta(seconds=min(seconds, self.longest.total_seconds()) * (1 + jitter / 4))
