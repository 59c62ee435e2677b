"""What the public page shows: some figures month by month, and how findings held up in the last reporting period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from rempart.reports.transparency.monthly import Run, runs
from rempart.reports.transparency.periods import Every, Period, period_before, period_with
from rempart.reports.transparency.records import counts as records
from rempart.reports.transparency.rows import Row, rows
from rempart.reports.transparency.sections import figures

SERIES: Mapping[str, str] = {
    "notices": "notices", "complaints": "complaints", "statements": "statements", "accounts": "accounts.blocked",
    "decided": "cases.decided", "checks": "checks", "matched": "checks.matched", "orders": "orders",
    "reports": "reports",
}  # fmt: skip
"""What is shown by month, and what is counted for it: each is a whole figure of the report too."""
EXACT = "exact"
"""The probe of every digest: the technique says the same."""
PERIODS_SHOWN = {Every.YEAR: 2, Every.HALF_YEAR: 4}
"""So many reporting periods are shown, with that which is running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """How often what one detector found was right. Numbers are None where they are hidden; `exact` is False where the
    share is only told between bounds."""

    by: str
    key: str
    judged: int | None
    confirmed: int | None
    share: float | None
    low: float | None
    high: float | None
    exact: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """All that the page shows. `period` is the last one that was over, None while there is none; `medians` are minutes
    by indicator, and `reversed_` how many decisions a later one turned round (None: hidden)."""

    since: date | None
    series: Mapping[str, tuple[Run, ...]]
    period: Period | None = None
    detectors: tuple[Detector, ...] = ()
    medians: Mapping[str, int]
    reversed_: int | None = None


def published(conn: Connection, *, today: date, every: Every) -> Published:
    """What may be shown on a day."""
    named = records.first_day(conn)
    if named is None:
        return Published(since=None, series=dict.fromkeys(SERIES, ()), medians={})
    first = date.fromisoformat(named)
    start = period_with(today, every)
    for _ in range(PERIODS_SHOWN[every] - 1):
        start = period_before(start.first, every)
    since = max(first.replace(day=1), start.first)
    monthly: dict[str, dict[str, int]] = defaultdict(dict)
    yesterday = today - timedelta(days=1)
    for month, measure, count in records.of_months(
        conn, tuple(SERIES.values()), first=f"{since:%Y-%m-%d}", last=f"{yesterday:%Y-%m-%d}"
    ):
        monthly[measure][month] = count
    series = {name: runs(monthly[measure], since=since, today=today, every=every) for name, measure in SERIES.items()}
    last = period_before(today, every)
    if last.last < first:
        return Published(since=first, series=series, medians={})
    counted = records.of_days(conn, first=f"{last.first:%Y-%m-%d}", last=f"{last.last:%Y-%m-%d}")
    told = rows(figures(counted))
    reversed_ = next(one for one in told if one.indicator == "decisions_reversed" and not one.by)
    return Published(
        since=first, series=series, period=last, detectors=tuple(_detectors(told)), reversed_=_count(reversed_),
        medians={one.indicator: int(one.value) for one in told if one.unit == "median_minutes" and not one.by},
    )  # fmt: skip


def _detectors(told: tuple[Row, ...]) -> list[Detector]:
    """By technique, and by the probes that find likenesses; lists are not told of on a page for everybody."""
    found = []
    for one in told:
        if one.indicator != "precision" or one.by == "list" or one.key == EXACT:
            continue
        own = [row for row in told if row.indicator == "judged" and (one.by, one.key) in _places(row)]
        values = {row.key if row.within else "judged": _count(row) for row in own}
        low, high = (float(part) if part else None for part in (one.low, one.high))
        found.append(Detector(
            by=one.by, key=one.key, judged=values.get("judged"), confirmed=values.get("confirmed"), low=low, high=high,
            share=float(one.value) if one.value else None, exact=bool(one.value),
        ))  # fmt: skip
    return found


def _places(row: Row) -> set[tuple[str, str]]:
    by, _, key = row.within.partition("=")
    return {(row.by, row.key), (by, key)}


def _count(row: Row) -> int | None:
    return int(row.value) if row.value else None
