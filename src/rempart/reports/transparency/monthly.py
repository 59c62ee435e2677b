"""Months that may be shown one by one: small ones are put together with their neighbours, so that no number from 1 to 4
is shown, and none can be had from the difference to the figure of the whole period.

Months of a reporting period are put together from its beginning until they come to 5. Such a run is shown once the
next one is full, or the period is over; what then remains below 5 belongs to the last run. A run never goes over the
end of a period. So what is shown never has to be taken back, and all runs of a period come to the period's figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rempart.reports.transparency.hiding import FEWEST, is_small
from rempart.reports.transparency.periods import Every, months_of, period_with


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Months from `first` to `last` (2026-11), both in it, and how many there were; None: from 1 to 4."""

    first: str
    last: str
    count: int | None


def runs(counts: Mapping[str, int], *, since: date, today: date, every: Every) -> tuple[Run, ...]:
    """The runs that may be shown, the oldest first: of the months from that of `since` to the last that is over."""
    found: list[Run] = []
    first = since.replace(day=1)
    while first < today.replace(day=1):
        period = period_with(first, every)
        over = period.over_at.date() <= today
        names = [name for name in months_of(period) if f"{first:%Y-%m}" <= name < f"{today:%Y-%m}"]
        found += _of_period([(name, counts.get(name, 0)) for name in names], over=over)
        first = period.over_at.date()
    return tuple(found)


def _of_period(months: Sequence[tuple[str, int]], *, over: bool) -> list[Run]:
    made: list[Run] = []
    first, count = "", 0
    for name, value in months:
        first, count = first or name, count + value
        if count >= FEWEST:
            made.append(Run(first=first, last=name, count=count))
            first, count = "", 0
    if not over:
        return made[:-1]
    if first and made:
        last = made.pop()
        made.append(Run(first=last.first, last=months[-1][0], count=(last.count or 0) + count))
    elif first:
        made.append(Run(first=first, last=months[-1][0], count=None if is_small(count) else count))
    return made
