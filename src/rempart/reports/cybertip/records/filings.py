"""What is being filed: one row for each report that was begun, and one for each time it was opened at the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
    text,
    update,
)

from rempart.store.schema import UtcTime, metadata

_ACTIVE = text("active")
_BOOLEAN = Boolean(create_constraint=False)

report_filings = Table(
    "report_filings",
    metadata,
    Column("report", String(40), ForeignKey("reports.id"), primary_key=True),
    Column("environment", String(12), nullable=False),
    Column("active", _BOOLEAN, nullable=False),  # until it is filed, given up or in people's hands
    Column("begun", UtcTime, nullable=False),
    Column("job", BigInteger),  # which job is at it, or was last
    Column("odd", Integer, nullable=False),
    Column("then", String(10)),  # what follows once nothing is open at the service
    Column("told_late", UtcTime),
    Column("put_off", UtcTime),  # when its next try was set, by which clock ever
    Index("ix_report_filings_active", "report", sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
)
report_runs = Table(
    "report_runs",
    metadata,
    Column("report", String(40), ForeignKey("reports.id"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("environment", String(12), nullable=False),
    Column("begun", UtcTime, nullable=False),
    Column("number", Text),  # what the service calls it
    Column("opened", UtcTime),
    Column("touched", UtcTime),  # the last call about a file
    Column("ended", UtcTime),
    Column("outcome", String(12)),
    Column("why", Text),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """What was asked to be filed, and how that stands."""

    report: str
    environment: str
    active: bool
    begun: datetime
    job: int | None
    odd: int
    then: str | None
    told_late: datetime | None
    put_off: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One opening of a report at the service."""

    report: str
    run: int
    environment: str
    begun: datetime
    number: str | None
    opened: datetime | None
    touched: datetime | None
    ended: datetime | None
    outcome: str | None
    why: str | None


def put(conn: Connection, row: Filing) -> None:
    """Write what is to be filed, in the place of what was filed of the same report before."""
    values = {name: getattr(row, name) for name in Filing.__slots__}
    found = update(report_filings).where(report_filings.c.report == row.report).values(**values)
    if conn.execute(found).rowcount == 0:
        conn.execute(insert(report_filings), values)


def find(conn: Connection, report: str, *, lock: bool = False) -> Filing | None:
    """What is being filed of a report; locked until the transaction ends where asked."""
    query = select(report_filings).where(report_filings.c.report == report)
    row = conn.execute(query.with_for_update() if lock else query).first()
    return None if row is None else Filing(**row._mapping)


def change(conn: Connection, report: str, **values: Any) -> None:
    """Give it new values."""
    conn.execute(update(report_filings).where(report_filings.c.report == report).values(**values))


def active(conn: Connection, *, after: str = "", most: int) -> tuple[Filing, ...]:
    """What is being filed and not at an end, after one in order."""
    own = report_filings.c.active, report_filings.c.report > after
    query = select(report_filings).where(*own).order_by(report_filings.c.report).limit(most)
    return tuple(Filing(**row._mapping) for row in conn.execute(query))


def add_run(conn: Connection, row: Run) -> None:
    """Write that a report is being opened."""
    conn.execute(insert(report_runs), {name: getattr(row, name) for name in Run.__slots__})


def find_run(conn: Connection, report: str, run: int) -> Run | None:
    """One opening of a report."""
    own = report_runs.c.report == report, report_runs.c.run == run
    row = conn.execute(select(report_runs).where(*own)).first()
    return None if row is None else Run(**row._mapping)


def change_run(conn: Connection, report: str, run: int, **values: Any) -> None:
    """Give an opening new values."""
    own = report_runs.c.report == report, report_runs.c.run == run
    conn.execute(update(report_runs).where(*own).values(**values))


def runs_of(conn: Connection, report: str) -> tuple[Run, ...]:
    """All openings of a report, the first one first."""
    query = select(report_runs).where(report_runs.c.report == report).order_by(report_runs.c.run)
    return tuple(Run(**row._mapping) for row in conn.execute(query))
