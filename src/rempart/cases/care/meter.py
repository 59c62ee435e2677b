"""How much a person had to see: looks, reveals and seconds since they last rested, for them and for their budget.

A day is counted as people live it: it begins with the first look after six hours without any, and ends after 24 hours
at the latest. So it is the same in every time zone and over midnight.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.records import care
from rempart.cases.records import grants as records
from rempart.cases.records.grants import GrantRow

ORIGINAL = "original"
REST = timedelta(hours=6)
DAY = timedelta(hours=24)
PAUSE = timedelta(minutes=10)
"""Without a look for so long, whoever looks has had a pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a person sees in a day at most, and after how long a pause is suggested."""

    reveals_per_day: int = 60
    seconds_per_day: int = 1_800
    break_after_minutes: int = 50

    def narrowed(self, own: care.OwnLimits) -> Limits:
        """With a person's own limits, which only ever narrow the team's."""
        return Limits(
            reveals_per_day=min(self.reveals_per_day, own.reveals_per_day or self.reveals_per_day),
            seconds_per_day=min(self.seconds_per_day, own.seconds_per_day or self.seconds_per_day),
            break_after_minutes=min(self.break_after_minutes, own.break_after_minutes or self.break_after_minutes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What a person saw since they last rested. `looks` are derivatives, `reveals` originals; `seconds` are those of
    both, with what is granted and may still be used. `working` is the time since their last pause."""

    looks: int = 0
    reveals: int = 0
    seconds: int = 0
    since: datetime | None = None
    working: timedelta = timedelta(0)

    def is_over(self, limits: Limits) -> bool:
        """Whether a budget is used up."""
        return self.reveals >= limits.reveals_per_day or self.seconds >= limits.seconds_per_day

    def needs_break(self, limits: Limits) -> bool:
        """Whether a pause is due."""
        return self.working >= timedelta(minutes=limits.break_after_minutes)


def exposure(conn: Connection, person: str, *, at: datetime) -> Exposure:
    """What a person saw since they last rested."""
    return measure(records.since(conn, person, at - DAY), at=at)


def measure(rows: Sequence[GrantRow], *, at: datetime) -> Exposure:
    """The same of grants that were read before, the oldest first."""
    seen = [(row, used) for row in rows if (used := seconds_of(row, at=at)) is not None]
    if not seen or at - _end(seen[-1][0], at) >= REST:
        return Exposure()
    start = pause = 0
    for place in range(1, len(seen)):
        gap = seen[place][0].at - _end(seen[place - 1][0], at)
        start = place if gap >= REST else start
        pause = place if gap >= PAUSE else pause
    day = seen[start:]
    resting = at - _end(seen[-1][0], at) >= PAUSE
    return Exposure(
        looks=sum(row.step != ORIGINAL for row, _ in day),
        reveals=sum(row.step == ORIGINAL for row, _ in day),
        seconds=sum(used for _, used in day),
        since=day[0][0].at,
        working=timedelta(0) if resting else at - seen[pause][0].at,
    )


def seconds_of(row: GrantRow, *, at: datetime) -> int | None:
    """For how long a grant showed something, or may still; None when it never did and never will."""
    if row.outcome is not None or (row.served is None and not row.open(at)):
        return None
    return row.seconds


def _end(row: GrantRow, at: datetime) -> datetime:
    return min(row.covered or row.until, at)
