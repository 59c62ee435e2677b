"""Clocks: moments in UTC and nothing else. Zones, summer time and calendars change what a moment is called, not it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from rempart.deadlines.regimes import Regime


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
    moments = {end - timedelta(hours=hours) for hours in regime.warn_before}
    return tuple(sorted(one for one in moments if one > _utc(trigger)))


def clock(trigger: datetime, regime: Regime, *, met: datetime | None = None) -> RunningClock | None:
    """A regime's clock that was started at a moment; None where it has no fixed hour."""
    end = due(trigger, regime)
    if end is None:
        return None
    return RunningClock(
        trigger=_utc(trigger), due=end, warnings=warnings(trigger, regime), met=None if met is None else _utc(met)
    )


def complaint_until(decided: datetime, days: int) -> datetime:
    """Until when a decision may be complained about."""
    return _utc(decided) + timedelta(days=days)


def _utc(moment: datetime) -> datetime:
    """In UTC, where hours are hours: in a zone with summer time Python adds wall-clock hours."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a zone starts no clock; use rempart.clock.utc_now()")
    return moment.astimezone(UTC)
