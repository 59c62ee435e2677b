"""Questions about all reports at once, and what people said afterwards of those that one person alone confirmed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    String,
    Table,
    Text,
    case,
    func,
    insert,
    select,
)

from rempart.reports.cybertip.records import reports as records
from rempart.reports.cybertip.records.reports import ReportRow, reports
from rempart.reports.cybertip.values import ReportState
from rempart.store.schema import UtcTime, metadata

report_reviews = Table(
    "report_reviews",
    metadata,
    Column("report", String(40), ForeignKey("reports.id"), primary_key=True),
    Column("agreed", Boolean(create_constraint=False), nullable=False),
    Column("note", Text, nullable=False),
    Column("by", String(40), nullable=False),  # a pseudonym
    Column("at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """What somebody said afterwards of a report that one person alone had confirmed."""

    report: str
    agreed: bool
    note: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseCount:
    """How many reports of a case are in a state; `alone`: one person confirmed them, and nobody has looked since."""

    case_id: str
    state: ReportState
    alone: bool
    number: int


def add_review(conn: Connection, row: ReviewRow) -> None:
    """Write what somebody said."""
    conn.execute(insert(report_reviews), {name: getattr(row, name) for name in ReviewRow.__slots__})


def reviews_of(conn: Connection, ids: Sequence[str]) -> dict[str, ReviewRow]:
    """What was said of these reports, by report."""
    found = conn.execute(select(report_reviews).where(report_reviews.c.report.in_(list(ids))))
    return {row.report: ReviewRow(**row._mapping) for row in found}


def page(
    conn: Connection, *, states: Collection[ReportState], alone: bool, before: str | None, most: int
) -> tuple[ReportRow, ...]:
    """Reports, the youngest first: of some states where asked, or (`alone`) those that one person confirmed and nobody
    has looked at since."""
    if not alone:
        return records.page(conn, most=most, before=before, states=states)
    query = select(reports.c.id).where(_alone())
    if before is not None:
        query = query.where(reports.c.id < before)
    found = conn.execute(query.order_by(reports.c.id.desc()).limit(most)).scalars()
    return _rows(conn, list(found))


def counts(conn: Connection, *, but: Collection[ReportState]) -> tuple[CaseCount, ...]:
    """How many reports of each case are in which state; those in some states only where one person was alone."""
    alone = case((_alone(), 1), else_=0).label("alone")
    inner = (
        select(reports.c.case_id, reports.c.state, alone)
        .where(reports.c.state.not_in(sorted(but)) | _alone())
        .subquery()
    )
    own = inner.c.case_id, inner.c.state, inner.c.alone
    query = select(*own, func.count().label("number")).group_by(*own)
    return tuple(
        CaseCount(case_id=row.case_id, state=ReportState(row.state), alone=bool(row.alone), number=row.number)
        for row in conn.execute(query)
    )


def _rows(conn: Connection, ids: Sequence[str]) -> tuple[ReportRow, ...]:
    return tuple(row for one in ids if (row := records.find(conn, one)) is not None)


def _alone() -> ColumnElement[bool]:
    reviewed = select(report_reviews.c.report).where(report_reviews.c.report == reports.c.id).exists()
    return reports.c.single.is_(True) & reports.c.confirmed_at.is_not(None) & ~reviewed
