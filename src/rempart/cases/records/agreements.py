"""Pairs of answers to the same case, and how often each was given by month: nothing of who gave them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Select, String, Table, and_, delete, func, insert, select

from rempart.cases.assessing.values import Decision
from rempart.cases.records.assessments import case_assessments
from rempart.cases.records.cases import cases
from rempart.store.schema import metadata

_ROWS_AT_ONCE = 1_000

agreement_figures = Table(
    "agreement_figures",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("of", String(8), primary_key=True),  # pairs: first and second answer; looks: first answer and second look
    Column("what", String(10), primary_key=True),  # decision, category
    Column("first", String(200), primary_key=True),
    Column("second", String(200), primary_key=True),
    Column("count", BigInteger, nullable=False),
)


class Answered(NamedTuple):
    """One answer in a round of a case."""

    case_id: str
    round: int
    person: str
    at: datetime
    decisions: frozenset[Decision]
    scheme: str | None
    code: str | None
    look: bool


_SHOWN = cases.c.insider.is_(False)
_COLUMNS = (
    case_assessments.c.case_id, case_assessments.c.round, case_assessments.c.person, case_assessments.c.at,
    case_assessments.c.decisions, case_assessments.c.scheme, case_assessments.c.code, case_assessments.c.state,
)  # fmt: skip


def answered(conn: Connection, *, since: datetime | None) -> Iterator[Answered]:
    """Valid answers that were given blind, and second looks, of the rounds that had one from a time on: by case, round
    and time."""
    query: Select[Any] = select(*_COLUMNS).join(cases, cases.c.id == case_assessments.c.case_id)
    query = query.where(_SHOWN, case_assessments.c.blind, case_assessments.c.state.in_(("valid", "sample")))
    if since is not None:
        fresh = select(case_assessments.c.case_id).where(case_assessments.c.at >= since)
        query = query.where(case_assessments.c.case_id.in_(fresh))
    order = case_assessments.c.case_id, case_assessments.c.round, case_assessments.c.at, case_assessments.c.id
    for row in conn.execution_options(yield_per=_ROWS_AT_ONCE).execute(query.order_by(*order)):
        case_id, round_, person, at, decisions, scheme, code, state = row
        chosen = frozenset(map(Decision, decisions))
        yield Answered(case_id, round_, person, at, chosen, scheme, code, look=state == "sample")


def replace(conn: Connection, counts: Mapping[tuple[str, str, str, str, str], int], *, since: str) -> None:
    """Put counts (month, of, what, first, second) in the place of those that were there of the months from one on."""
    conn.execute(delete(agreement_figures).where(agreement_figures.c.month >= since))
    names = ("month", "of", "what", "first", "second")
    rows = [dict(zip(names, key, strict=True)) | {"count": count} for key, count in counts.items()]
    if rows:
        conn.execute(insert(agreement_figures), rows)


def counted(conn: Connection, of: str, what: str, *, since: str) -> Mapping[tuple[str, str], int]:
    """How often each pair of answers was given from a month on, in a fixed order."""
    own = agreement_figures.c.of == of, agreement_figures.c.what == what, agreement_figures.c.month >= since
    first, second = agreement_figures.c.first, agreement_figures.c.second
    query = select(first, second, func.sum(agreement_figures.c.count)).where(*own).group_by(first, second)
    return {(one, other): int(count) for one, other, count in conn.execute(query.order_by(first, second))}


def has_assessed(conn: Connection, case_id: str, person: str) -> bool:
    """Whether a person ever answered about a case, in whatever round, also where the answer was taken back."""
    own = and_(case_assessments.c.case_id == case_id, case_assessments.c.person == person)
    return conn.execute(select(case_assessments.c.id).where(own).limit(1)).first() is not None
