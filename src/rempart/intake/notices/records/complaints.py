"""Complaints about what was decided on a notice, and what is counted of whoever sent notices without ground."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    insert,
    select,
    update,
)

from rempart.store.schema import Json, UtcTime, metadata
from rempart.store.upsert import insert_into

ID = String(40)

notice_complaints = Table(
    "notice_complaints",
    metadata,
    Column("id", ID, primary_key=True),
    Column("notice", ID, ForeignKey("notices.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("state", String(10), nullable=False),  # waiting, upheld, rejected
    Column("case_id", ID, nullable=False),
    Column("locations", Json, nullable=False),  # what it is about
    Column("barred", Json, nullable=False),  # pseudonyms of those who decided first
    Column("by", ID),
    Column("decided_at", UtcTime),
    Index(None, "notice"),
    Index(None, "case_id"),
)
notice_warnings = Table(
    "notice_warnings",
    metadata,
    Column("sender", LargeBinary, primary_key=True),
    Column("unfounded", Integer, nullable=False),
    Column("last", UtcTime, nullable=False),
    Column("warned_at", UtcTime),
    Column("until", UtcTime),
    Column("by", ID),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintRow:
    """One complaint; `barred` are the pseudonyms of those who had decided and do not see this case."""

    id: str
    notice: str
    at: datetime
    state: str
    case_id: str
    locations: Sequence[str]
    barred: Sequence[str]
    by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRow:
    """What is counted of a sender: notices without ground, the last one, and since when and until when a warning
    stands."""

    sender: bytes = field(repr=False)
    unfounded: int
    last: datetime
    warned_at: datetime | None
    until: datetime | None
    by: str | None


def add(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write a complaint."""
    conn.execute(insert(notice_complaints), row)


def of(conn: Connection, notices: Iterable[str]) -> tuple[ComplaintRow, ...]:
    """The complaints about notices, the oldest first."""
    query = select(notice_complaints).where(notice_complaints.c.notice.in_(list(notices)))
    query = query.order_by(notice_complaints.c.at, notice_complaints.c.id)
    return tuple(ComplaintRow(**row._mapping) for row in conn.execute(query))


def of_case(conn: Connection, case_id: str) -> tuple[ComplaintRow, ...]:
    """The complaints that a case answers."""
    query = select(notice_complaints).where(notice_complaints.c.case_id == case_id).order_by(notice_complaints.c.id)
    return tuple(ComplaintRow(**row._mapping) for row in conn.execute(query))


def decide(conn: Connection, complaint: str, *, state: str, by: str, at: datetime) -> None:
    """Say what became of a complaint."""
    own = notice_complaints.c.id == complaint
    conn.execute(update(notice_complaints).where(own).values(state=state, by=by, decided_at=at))


def warning_of(conn: Connection, sender: bytes, *, lock: bool = False) -> WarningRow | None:
    """What is counted of a sender."""
    query = select(notice_warnings).where(notice_warnings.c.sender == sender)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else WarningRow(**found._mapping)


def put_warning(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write what is counted of a sender, in the place of what was."""
    values = {name: value for name, value in row.items() if name != "sender"}
    put = insert_into(conn, notice_warnings).values(**row)
    conn.execute(put.on_conflict_do_update(index_elements=["sender"], set_=values))
