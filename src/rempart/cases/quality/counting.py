"""Adding up: every few minutes the figures of cases are made anew, and new checks are added to those of checks.

Cases are counted as they stand now, so that what was opened again is not counted twice: this month and the last one
every time, all months once a day. Checks are counted once, soon after they were answered, and stay counted when an item
is forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.quality.agreeing import count_pairs
from rempart.cases.records import agreements
from rempart.cases.records import figures as records
from rempart.cases.records.figures import CHECKS, WHOLE, CaseFigure
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

SECONDS = 600.0
RECENT = timedelta(hours=1)
"""Checks that were not counted yet are counted for whoever looks, as long as they are of so short a time."""
SETTLED = timedelta(minutes=2)
"""A check is counted when it is so old: by then whatever was to be written at its time has been."""
_SPAN = timedelta(days=1)
_WHOLE_EVERY = timedelta(days=1)
_DAY_ZERO = date(1970, 1, 1)
_LONGEST_KEY = 300
_OF_LISTS = ("list", "band", "listprobe")
_Key = tuple[str, str]


def periodics(store: Store) -> Sequence[Periodic]:
    """The periodic work of figures."""
    return (Periodic(name="quality.count", seconds=SECONDS, run=lambda worker: count(store, worker)),)


def count(store: Store, worker: Worker) -> None:
    """Add new checks, span by span, and make the figures of cases anew."""
    while count_checks(store, worker):
        pass
    at, rows = store.clock(), []
    with store.read() as conn:
        whole = records.mark(conn, WHOLE)
        since = None if whole is None or at - whole >= _WHOLE_EVERY else _last_month(at)
        names = records.labels(conn)
    for dimension in records.DIMENSIONS:
        with store.read() as conn:  # not one long look for all of them: the log of the database moves on meanwhile
            rows += count_cases(conn, dimension, since=since, names=names)
    with store.read() as conn:
        pairs = count_pairs(conn, since=since)
    first = "" if since is None else month_of(since)
    with store.write() as conn:
        worker.guard(conn)
        records.replace(conn, rows, since=first, at=at)
        agreements.replace(conn, pairs, since=first)
        if since is None:
            records.set_mark(conn, WHOLE, at)


def count_checks(store: Store, worker: Worker) -> bool:
    """Count the checks of a day at most, and only once each; says whether there may be more."""
    upto = store.clock() - SETTLED
    with store.read() as conn:
        mark = records.mark(conn, CHECKS)
        start = mark or records.first_check(conn)
        if start is None or start >= upto:
            return False
        end = min(upto, start + _SPAN, _next_month(start))
        counts = records.count_checks(conn, since=start, before=end)
    with store.write() as conn:
        worker.guard(conn)
        if records.mark(conn, CHECKS) != mark:
            return True
        records.add_checks(conn, month_of(start), counts)
        records.set_mark(conn, CHECKS, end)
    return end < upto


def checks_until_now(
    conn: Connection, *, since: str, at: datetime
) -> tuple[list[tuple[str, str, str, int]], datetime | None]:
    """Checks from a month on (month, service, verdict, number) and up to when they are: those that were counted, with
    those that were answered after that where these are few; None where nothing was counted."""
    rows, until = list(records.of_checks(conn, since=since)), records.mark(conn, CHECKS)
    start = until or records.first_check(conn)
    if start is None:
        return rows, at
    if not start < at <= start + RECENT:
        return rows, until
    while start < at:
        end = min(at, _next_month(start))
        found = records.count_checks(conn, since=start, before=end)
        rows += [(month_of(start), service, verdict, number) for (service, verdict), number in found.items()]
        start = end
    return rows, at


def count_cases(
    conn: Connection, dimension: str, *, since: datetime | None, names: Mapping[str, str]
) -> list[CaseFigure]:
    """The figures of cases by one dimension and month, from the start of a month on; `names` are those of lists."""
    found: dict[_Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for groups in (records.opened(conn, dimension, since=since), records.decided(conn, dimension, since=since)):
        for group in groups:
            figures = found[month_of_day(group.day), " ".join(group.key)[:_LONGEST_KEY]]
            for name, value in group.figures.items():
                figures[name] += value
    times = _times(conn, since) if dimension == "all" else {}
    rows = []
    for (month, key), figures in sorted(found.items()):
        middle, nearly_all = times.get(month, (None, None))
        label = names.get(key.split(" ")[0], key) if dimension in _OF_LISTS else key
        label = _as_written(key) if dimension == "category" else label
        one = CaseFigure(month=month, dimension=dimension, key=key, label=label, **figures)
        rows.append(replace(one, middle=middle, nearly_all=nearly_all))
    return rows


def month_of(moment: datetime) -> str:
    """The month of a time, in UTC: 2026-11."""
    return moment.astimezone(UTC).strftime("%Y-%m")


def month_of_day(day: int) -> str:
    """The month of a day that is counted from 1970 on."""
    return (_DAY_ZERO + timedelta(days=day)).strftime("%Y-%m")


def _as_written(category: str) -> str:
    """A category as people write it: uk-abc:C, and only once what is both scheme and code."""
    scheme, _, code = category.partition(" ")
    return scheme if scheme == code else f"{scheme}:{code}"


def _times(conn: Connection, since: datetime | None) -> dict[str, tuple[int, int]]:
    """For each month the seconds from opening to decision within which half of the cases were decided, and nine of
    ten."""
    took: dict[str, list[int]] = defaultdict(list)
    for day, seconds in records.durations(conn, since=since):
        took[month_of_day(day)].append(max(0, seconds))
    for times in took.values():
        times.sort()
    return {month: (times[(len(times) - 1) // 2], times[(len(times) * 9 - 1) // 10]) for month, times in took.items()}


def _last_month(moment: datetime) -> datetime:
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first - timedelta(days=1)).replace(day=1)


def _next_month(moment: datetime) -> datetime:
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
