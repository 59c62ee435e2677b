"""Figures that are kept added up, so that nobody waits for them: checks by month, cases by month and by what they are.

Times of cases are grouped by day (whole days since 1970, UTC) in the database and put into months by the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Select,
    String,
    Subquery,
    Table,
    Text,
    and_,
    case,
    delete,
    func,
    insert,
    not_,
    select,
    text,
    type_coerce,
)

from rempart.cases.records.assessments import case_assessments
from rempart.cases.records.cases import case_matches, cases
from rempart.items.records.checks import checks
from rempart.signals.values import BY_LIKENESS
from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_into

COUNTED = (
    "opened", "decided", "upheld", "cleared", "timed", "within_hour", "within_day", "within_days", "assessed",
    "with_origin",
)  # fmt: skip
UPHELD, CLEARED = ("remove", "restrict", "acted"), ("release",)
"""What became of a case that was rightly opened, and of one that was not; one that was merged is counted as neither."""
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_ROWS_AT_ONCE = 1_000

check_figures = Table(
    "check_figures",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("service", String(200), primary_key=True),
    Column("verdict", String(10), primary_key=True),
    Column("count", BigInteger, nullable=False),
)
case_figures = Table(
    "case_figures",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("dimension", String(10), primary_key=True),  # all, kind, list, category, assessed, probe, band, listprobe
    Column("key", String(300), primary_key=True),
    Column("label", Text, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in COUNTED),
    Column("middle", BigInteger),  # seconds from opening to decision: half were faster
    Column("nearly_all", BigInteger),  # nine of ten were faster
    Index("ix_case_figures_dimension", "dimension", "month"),
)
figure_marks = Table(
    "figure_marks",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("at", UtcTime, nullable=False),
)


_OVER = text("decided IS NOT NULL")
Index("ix_cases_opened", cases.c.opened)
Index("ix_cases_decided", cases.c.decided, sqlite_where=_OVER, postgresql_where=_OVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFigure:
    """What is known of the cases of a month: all (`key` is empty), or those with one list, category, probe, …

    `opened` counts those opened in the month; everything else those decided in it.
    """

    month: str
    dimension: str
    key: str
    label: str
    opened: int = 0
    decided: int = 0
    upheld: int = 0
    cleared: int = 0
    timed: int = 0
    within_hour: int = 0
    within_day: int = 0
    within_days: int = 0
    assessed: int = 0
    with_origin: int = 0
    middle: int | None = None
    nearly_all: int | None = None


class Grouped(NamedTuple):
    """Figures of the cases with a key, by the day on which they were opened or decided."""

    key: tuple[str, ...]
    day: int
    figures: Mapping[str, int]


_OPENED, _DECIDED = type_coerce(cases.c.opened, BigInteger), type_coerce(cases.c.decided, BigInteger)
_TOOK = _DECIDED - _OPENED
# What is kept from somebody in the team is in no figure: one could count what one was not shown.
_SHOWN = cases.c.insider.is_(False)
# Not by the index of states, which would lead through all cases; that of `decided` leads to the wanted ones.
_ENDED = (_SHOWN, cases.c.state != "open", cases.c.decided.is_not(None))
_FIRST = cases.c.round == 1  # a case that was opened again waited for something else than the first time
_EXACT, _WIDEST, _BAND_BITS = -1, 4, 8


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


_ANSWERED = select(case_assessments.c.id).where(
    case_assessments.c.case_id == cases.c.id, case_assessments.c.state == "valid"
)
_KNOWN_ORIGIN = _ANSWERED.where(type_coerce(case_assessments.c.origin, Text) != "[]")
_SUMS = {
    "decided": func.count(),
    "upheld": _sum(cases.c.decision.in_(UPHELD)),
    "cleared": _sum(cases.c.decision.in_(CLEARED)),
    "timed": _sum(_FIRST),
    "within_hour": _sum(and_(_FIRST, _TOOK <= 3_600 * _SECOND)),
    "within_day": _sum(and_(_FIRST, _TOOK <= _DAY)),
    "within_days": _sum(and_(_FIRST, _TOOK <= 3 * _DAY)),
    "assessed": _sum(_ANSWERED.exists()),
    "with_origin": _sum(_KNOWN_ORIGIN.exists()),
}
_LIST = func.coalesce(case_matches.c.list_id, case_matches.c.list)
_BAND = case(
    (case_matches.c.signal_kind.not_in(BY_LIKENESS), _EXACT),
    (case_matches.c.distance >= _WIDEST * _BAND_BITS, _WIDEST),
    else_=case_matches.c.distance // _BAND_BITS,
)
_NEAREST = func.min(_BAND)
_SLICES: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "list": (_LIST,),
    "category": (case_matches.c.scheme, case_matches.c.code),
    "probe": (case_matches.c.probe,),
    "listprobe": (_LIST, case_matches.c.probe),
    "band": (_LIST, _NEAREST),
}
DIMENSIONS = ("all", "kind", *_SLICES)
"""What cases are counted by, besides the month: nothing, why they were opened, and what they matched.

`band` is a list and the nearest distance to it: -1 for the same digest, else eighths of the reach of a PDQ match, 0 for
0 to 7 bits and so on. A case is counted once for each key that it has.
"""


def opened(conn: Connection, dimension: str, *, since: datetime | None = None) -> Iterator[Grouped]:
    """How many cases were opened, by key and day, from a time on."""
    wanted = [_SHOWN, *([] if since is None else [cases.c.opened >= since])]
    yield from _rows(conn, _grouped(dimension, {"opened": func.count()}, _OPENED, wanted), ("opened",))


def decided(conn: Connection, dimension: str, *, since: datetime | None = None) -> Iterator[Grouped]:
    """What became of the cases that were decided, by key and day, from a time on."""
    wanted = [*_ENDED, *([] if since is None else [cases.c.decided >= since])]
    yield from _rows(conn, _grouped(dimension, _SUMS, _DECIDED, wanted), tuple(_SUMS))


def durations(conn: Connection, *, since: datetime | None = None) -> Iterator[tuple[int, int]]:
    """For each case that was decided in its first round, from a time on: the day, and the seconds that it took."""
    query = select(_DECIDED // _DAY, _TOOK // _SECOND).where(*_ENDED, _FIRST)
    if since is not None:
        query = query.where(cases.c.decided >= since)
    for day, seconds in conn.execution_options(yield_per=_ROWS_AT_ONCE).execute(query):
        yield int(day), int(seconds)


def labels(conn: Connection) -> Mapping[str, str]:
    """The names of the lists that cases matched, by the key that figures have for them."""
    query = select(_LIST, func.max(case_matches.c.list)).group_by(_LIST)
    return {str(key): str(name) for key, name in conn.execute(query)}


def replace(conn: Connection, rows: Sequence[CaseFigure], *, since: str, at: datetime) -> None:
    """Put figures of cases in the place of those that were there of the months from one on."""
    conn.execute(delete(case_figures).where(case_figures.c.month >= since))
    if rows:
        conn.execute(insert(case_figures), [asdict(row) for row in rows])
    set_mark(conn, CASES, at)


def of_cases(conn: Connection, dimension: str, *, since: str = "", starts: str = "") -> tuple[CaseFigure, ...]:
    """Figures of cases of a dimension, from a month on, whose keys start so; by month."""
    query = select(case_figures).where(case_figures.c.dimension == dimension, case_figures.c.month >= since)
    if starts:
        query = query.where(case_figures.c.key.startswith(starts, autoescape=True))
    query = query.order_by(case_figures.c.month, case_figures.c.key)
    return tuple(CaseFigure(**row._mapping) for row in conn.execute(query))


def mark(conn: Connection, name: str) -> datetime | None:
    """Up to when something was counted."""
    return conn.execute(select(figure_marks.c.at).where(figure_marks.c.name == name)).scalar_one_or_none()


def set_mark(conn: Connection, name: str, at: datetime) -> None:
    """Say up to when something was counted."""
    query = insert_into(conn, figure_marks).values(name=name, at=at)
    conn.execute(query.on_conflict_do_update(index_elements=["name"], set_={"at": at}))


def first_check(conn: Connection) -> datetime | None:
    """When the oldest check was answered that is still known."""
    return conn.execute(select(func.min(checks.c.at))).scalar_one_or_none()


def count_checks(conn: Connection, *, since: datetime, before: datetime) -> Mapping[tuple[str, str], int]:
    """How many checks were answered in a span, by service and verdict."""
    span = checks.c.at >= since, checks.c.at < before
    query = select(checks.c.service, checks.c.verdict, func.count()).where(*span)
    rows = conn.execute(query.group_by(checks.c.service, checks.c.verdict))
    return {(service, verdict): int(count) for service, verdict, count in rows}


def add_checks(conn: Connection, month: str, counts: Mapping[tuple[str, str], int]) -> None:
    """Add to what was counted of a month's checks."""
    for (service, verdict), count in counts.items():
        query = insert_into(conn, check_figures).values(month=month, service=service, verdict=verdict, count=count)
        conn.execute(
            query.on_conflict_do_update(
                index_elements=["month", "service", "verdict"], set_={"count": check_figures.c.count + count}
            )
        )


def of_checks(conn: Connection, *, since: str = "") -> tuple[tuple[str, str, str, int], ...]:
    """What was counted of checks from a month on: month, service, verdict, number."""
    query = select(check_figures).where(check_figures.c.month >= since)
    rows = conn.execute(query.order_by(check_figures.c.month, check_figures.c.service, check_figures.c.verdict))
    return tuple((month, service, verdict, int(count)) for month, service, verdict, count in rows)


def open_ages(
    conn: Connection, *, at: datetime, bounds: Sequence[timedelta]
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """For each queue how many open cases are younger than each bound, and how many are older than all of them."""
    ages = [cases.c.opened > at - bound for bound in bounds]
    sums = [_sum(ages[0])]
    sums += [_sum(and_(age, not_(younger))) for younger, age in pairwise(ages)]
    query = select(cases.c.queue, *sums, _sum(not_(ages[-1]))).where(cases.c.state == "open", _SHOWN)
    rows = conn.execute(query.group_by(cases.c.queue).order_by(cases.c.queue))
    return tuple((queue, tuple(int(one) for one in counts)) for queue, *counts in rows)


def oldest_open(conn: Connection) -> datetime | None:
    """When the oldest open case was opened."""
    return conn.execute(select(func.min(cases.c.opened)).where(cases.c.state == "open", _SHOWN)).scalar_one_or_none()


CASES, CHECKS, WHOLE = "cases", "checks", "whole"
"""The names of the marks."""


def _grouped(
    dimension: str,
    sums: Mapping[str, ColumnElement[int]],
    moment: ColumnElement[int],
    wanted: Sequence[ColumnElement[bool]],
) -> Select[Any]:
    """The query of a dimension: the columns of its key, the day, the sums."""
    day = (moment // _DAY).label("day")
    if dimension not in _SLICES:
        keys: list[ColumnElement[Any]] = [cases.c.kind] if dimension == "kind" else []
        return select(*keys, day, *sums.values()).where(*wanted).group_by(*keys, day)
    own = _of_matches(_SLICES[dimension], wanted)
    keys = [column for column in own.c if column.name != "case_id"]
    query = select(*keys, day, *sums.values()).select_from(own).join(cases, cases.c.id == own.c.case_id)
    return query.group_by(*keys, day)


def _of_matches(keys: Sequence[ColumnElement[Any]], wanted: Sequence[ColumnElement[bool]]) -> Subquery:
    """Each key of each case once; what has no category has no such key."""
    named = [key.label(f"k{place}") for place, key in enumerate(keys)]
    query = select(case_matches.c.case_id, *named).where(case_matches.c.case_id.in_(select(cases.c.id).where(*wanted)))
    known = [case_matches.c.scheme.is_not(None), case_matches.c.code.is_not(None)]
    query = query.where(*known) if keys[0] is case_matches.c.scheme else query
    if keys[-1] is _NEAREST:
        return query.group_by(case_matches.c.case_id, *keys[:-1]).subquery()
    return query.distinct().subquery()


def _rows(conn: Connection, query: Select[Any], names: Sequence[str]) -> Iterator[Grouped]:
    for row in conn.execution_options(yield_per=_ROWS_AT_ONCE).execute(query):
        keys, figures = row[: -len(names) - 1], row[-len(names) :]
        named = {name: int(value) for name, value in zip(names, figures, strict=True)}
        yield Grouped(tuple(str(one) for one in keys), int(row[len(keys)]), named)
