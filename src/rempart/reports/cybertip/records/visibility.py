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
    func,
    insert,
    select,
)

from rempart.reports.cybertip.records.reports import reports
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
    """How many reports of a case are in a state; `alone`: of those that nobody has looked at since."""

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


def page_ids(
    conn: Connection, *, states: Collection[ReportState], alone: bool, before: str | None, most: int
) -> tuple[tuple[str, str], ...]:
    """Reports with their cases, the youngest first: of some states where asked, or (`alone`) those that one person
    confirmed and nobody has looked at since."""
    query = select(reports.c.id, reports.c.case_id)
    if before is not None:
        query = query.where(reports.c.id < before)
    if states:
        query = query.where(reports.c.state.in_(sorted(states)))
    if alone:
        query = query.where(_alone())
    found = conn.execute(query.order_by(reports.c.id.desc()).limit(most))
    return tuple((row.id, row.case_id) for row in found)


def counts(conn: Connection, *, but: Collection[ReportState]) -> tuple[CaseCount, ...]:
    """How many reports of each case are in which state; those in some states only where one person was alone."""
    alone = _alone().label("alone")
    query = (
        select(reports.c.case_id, reports.c.state, alone, func.count().label("number"))
        .where(reports.c.state.not_in(sorted(but)) | alone)
        .group_by(reports.c.case_id, reports.c.state, alone)
    )
    return tuple(
        CaseCount(case_id=row.case_id, state=ReportState(row.state), alone=bool(row.alone), number=row.number)
        for row in conn.execute(query)
    )


def _alone() -> ColumnElement[bool]:
    reviewed = select(report_reviews.c.report).where(report_reviews.c.report == reports.c.id).exists()
    return reports.c.single.is_(True) & reports.c.confirmed_at.is_not(None) & ~reviewed
