"""Spans of days in UTC that a report is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from rempart.errors import RefusedError


class Every(StrEnum):
    """How often an operator reports."""

    YEAR = "year"
    HALF_YEAR = "half-year"


_MONTHS = {Every.YEAR: 12, Every.HALF_YEAR: 6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From the first day to the last, both in it, in UTC."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise RefusedError("A period ends after it begins.", hint="Write --from 2026-01-01 --to 2026-12-31.")

    @property
    def over_at(self) -> datetime:
        """From when on nothing new can fall into it."""
        return datetime.combine(self.last + timedelta(days=1), datetime.min.time(), UTC)


def period_with(day: date, every: Every) -> Period:
    """The reporting period that a day is in."""
    months = _MONTHS[every]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Period(first=first, last=_after(first, months) - timedelta(days=1))


def period_before(day: date, every: Every) -> Period:
    """The last reporting period that was over on a day."""
    return period_with(period_with(day, every).first - timedelta(days=1), every)


def months_of(period: Period) -> Iterator[str]:
    """The months that begin in it, as 2026-11."""
    first = period.first.replace(day=1)
    while first <= period.last:
        yield f"{first:%Y-%m}"
        first = _after(first, 1)


def _after(first: date, months: int) -> date:
    place = first.month - 1 + months
    return date(first.year + place // 12, place % 12 + 1, 1)
