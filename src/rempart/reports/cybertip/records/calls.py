"""Every call to the service: written before it is made, and again when it was answered. No call is deleted;
what was answered goes with what the report said, because a refusal may repeat it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Integer, LargeBinary, String, Table, insert, select, update

from rempart.store.schema import UtcTime, metadata

report_calls = Table(
    "report_calls",
    metadata,
    Column("report", String(40), ForeignKey("reports.id"), primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("step", String(10), nullable=False),
    Column("file", String(40)),
    Column("started", UtcTime, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of what is sent
    Column("ended", UtcTime),
    Column("result", String(12)),
    Column("http", Integer),
    Column("code", Integer),
    Column("request_id", String(100)),
    Column("response", LargeBinary),  # sealed, to the byte
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """A call as it is stored; without `result` nobody knows what became of it."""

    report: str
    run: int
    no: int
    step: str
    file: str | None
    started: datetime
    digest: bytes
    ended: datetime | None = None
    result: str | None = None
    http: int | None = None
    code: int | None = None
    request_id: str | None = None
    response: bytes | None = field(default=None, repr=False)


def add(conn: Connection, row: CallRow) -> None:
    """Write a call that is about to be made."""
    conn.execute(insert(report_calls), {name: getattr(row, name) for name in CallRow.__slots__})


def answered(conn: Connection, row: CallRow) -> bool:
    """Write what became of a call; False when that is written already."""
    own = report_calls.c.report == row.report, report_calls.c.run == row.run, report_calls.c.no == row.no
    names = ("ended", "result", "http", "code", "request_id", "response")
    values = {name: getattr(row, name) for name in names}
    return conn.execute(update(report_calls).where(*own, report_calls.c.ended.is_(None)).values(**values)).rowcount == 1


def of_run(conn: Connection, report: str, run: int) -> tuple[CallRow, ...]:
    """The calls of one opening, in their order."""
    own = report_calls.c.report == report, report_calls.c.run == run
    return tuple(CallRow(**row._mapping) for row in conn.execute(_ORDERED.where(*own)))


def of_report(conn: Connection, report: str) -> tuple[CallRow, ...]:
    """All calls of a report, in their order."""
    return tuple(CallRow(**row._mapping) for row in conn.execute(_ORDERED.where(report_calls.c.report == report)))


def all_sealed(conn: Connection) -> Iterator[CallRow]:
    """Every call with an answer that is sealed."""
    for row in conn.execute(_ORDERED.where(report_calls.c.response.is_not(None))).all():
        yield CallRow(**row._mapping)


def reseal(conn: Connection, row: CallRow, *, sealed: bytes) -> None:
    """Keep an answer under another key."""
    own = report_calls.c.report == row.report, report_calls.c.run == row.run, report_calls.c.no == row.no
    conn.execute(update(report_calls).where(*own).values(response=sealed))


def forget(conn: Connection, report: str) -> None:
    """Drop what was answered to the calls of a report; that they were made, and with what result, stays."""
    conn.execute(update(report_calls).where(report_calls.c.report == report).values(response=None))


_ORDERED = select(report_calls).order_by(report_calls.c.report, report_calls.c.run, report_calls.c.no)
