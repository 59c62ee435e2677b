"""Receipts: what the service answered when a report was finished, sealed in the vault to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Integer, String, Table, Text, insert, select

from rempart.store.schema import UtcTime, metadata

_BOOLEAN = Boolean(create_constraint=False)

report_receipts = Table(
    "report_receipts",
    metadata,
    Column("report", String(40), ForeignKey("reports.id"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("environment", String(12), nullable=False),
    Column("number", Text, nullable=False),
    Column("object", String(40)),  # in the vault
    Column("at", UtcTime, nullable=False),  # when it was finished, as far as is known
    Column("sealed", UtcTime, nullable=False),
    Column("again", _BOOLEAN, nullable=False),  # the first answer was lost: this one says that it had been finished
    Column("differs", _BOOLEAN, nullable=False),  # it names other files than were sent
    Index("ix_report_receipts_object", "object"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt as it is stored. `object` is None where people learnt in another way that it was filed."""

    report: str
    run: int
    environment: str
    number: str
    object: str | None
    at: datetime
    sealed: datetime
    again: bool
    differs: bool


def add(conn: Connection, row: Receipt) -> None:
    """Write a receipt."""
    conn.execute(insert(report_receipts), {name: getattr(row, name) for name in Receipt.__slots__})


def of_report(conn: Connection, report: str) -> tuple[Receipt, ...]:
    """The receipts of a report: one for each run that was finished, the first one first."""
    query = select(report_receipts).where(report_receipts.c.report == report).order_by(report_receipts.c.run)
    return tuple(Receipt(**row._mapping) for row in conn.execute(query))
