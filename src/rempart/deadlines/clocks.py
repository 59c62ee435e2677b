"""Clocks: moments in UTC and nothing else. Zones, summer time and calendars change what a moment is called, not it."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from rempart.deadlines.regimes import Regime

AGAIN = timedelta(hours=24)
"""How often it is said again that a time is up, until all is done."""


class State(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    WARNED = "warned"  # a warning is due, or was
    OVERDUE = "overdue"
    MET = "met"
    LATE = "late"  # done, but after its end


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningClock:
    """One regime's time for one notice: when it began, ends, and warns, in UTC. `met` is when all was done."""

    trigger: datetime
    due: datetime
    warnings: tuple[datetime, ...]
    met: datetime | None = None

    def state(self, at: datetime) -> State:
        """How it stands at a moment. A moment that is the end is not after it."""
        if self.met is not None:
            return State.MET if self.met <= self.due else State.LATE
        if at > self.due:
            return State.OVERDUE
        return State.WARNED if any(one <= at for one in self.warnings) else State.RUNNING

    def next_word(self, said: datetime | None) -> datetime | None:
        """When something has to be said next, after what was said last: a warning, or at the end that time is up."""
        if self.met is not None:
            return None
        moments = sorted({*self.warnings, self.due})
        return next((one for one in moments if said is None or one > said), None)


def due(trigger: datetime, regime: Regime) -> datetime | None:
    """When a regime's time is up; None where it has no fixed hour. ValueError for a moment without a zone."""
    return None if regime.hours is None else _utc(trigger) + timedelta(hours=regime.hours)


def warnings(trigger: datetime, regime: Regime) -> tuple[datetime, ...]:
    """When the operator is to be warned, the first one first: so many hours before the end, never before the start."""
    end = due(trigger, regime)
    if end is None:
        return ()
    return _warnings(_utc(trigger), end, (timedelta(hours=hours) for hours in regime.warn_before))


def clock(trigger: datetime, regime: Regime, *, met: datetime | None = None) -> RunningClock | None:
    """A regime's clock that was started at a moment; None where it has no fixed hour."""
    end = due(trigger, regime)
    if end is None:
        return None
    return RunningClock(
        trigger=_utc(trigger), due=end, warnings=warnings(trigger, regime), met=None if met is None else _utc(met)
    )


def after_word(clock: RunningClock, at: datetime) -> datetime | None:
    """When something has to be said next, after something was said at a moment: the next warning, the end, and once
    that is over every day."""
    return at + AGAIN if clock.due <= at else clock.next_word(at)


def span(
    trigger: datetime, length: timedelta, warn_before: Iterable[timedelta], *, met: datetime | None = None
) -> RunningClock:
    """A clock of any length that was started at a moment. ValueError for a moment without a zone."""
    start = _utc(trigger)
    end = start + length
    return RunningClock(
        trigger=start, due=end, warnings=_warnings(start, end, warn_before), met=None if met is None else _utc(met)
    )


def later(moment: datetime, *, months: int) -> datetime:
    """The same day so many months later, or that month's last; in UTC."""
    moment = _utc(moment)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def complaint_until(decided: datetime, days: int) -> datetime:
    """Until when a decision may be complained about."""
    return _utc(decided) + timedelta(days=days)


def _warnings(start: datetime, end: datetime, before: Iterable[timedelta]) -> tuple[datetime, ...]:
    """Moments before an end, the first one first, of those after the start."""
    return tuple(sorted(one for one in {end - length for length in before} if start < one < end))


def _utc(moment: datetime) -> datetime:
    """In UTC, where hours are hours: in a zone with summer time Python adds wall-clock hours."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone starts no clock; use rempart.clock.utc_now()")
    return moment.astimezone(UTC)
