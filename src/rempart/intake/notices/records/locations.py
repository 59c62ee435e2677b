"""Where notices say that a picture is, and what became of each place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
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
    update,
)

from rempart.store.schema import UtcTime, metadata

ID = String(40)

notice_locations = Table(
    "notice_locations",
    metadata,
    Column("id", ID, primary_key=True),
    Column("notice", ID, ForeignKey("notices.id"), nullable=False),
    Column("place", Integer, nullable=False),  # as the person gave them, from 1
    Column("url", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("case_id", ID, nullable=False),
    Column("state", String(10), nullable=False),
    Column("why", String(40)),  # the reviewers' category, where it stays
    Column("decided_at", UtcTime),
    Column("decided_in", ID),  # the case
    Column("removed_at", UtcTime),
    Index("uq_notice_locations_notice_place", "notice", "place", unique=True),
    Index(None, "item"),
    Index(None, "case_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationRow:
    """One place that a notice names."""

    id: str
    notice: str
    place: int
    url: str
    note: str
    item: int
    case_id: str
    state: str
    why: str | None
    decided_at: datetime | None
    decided_in: str | None
    removed_at: datetime | None


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write places."""
    if rows:
        conn.execute(insert(notice_locations), list(rows))


def of(conn: Connection, notices: Iterable[str]) -> tuple[LocationRow, ...]:
    """The places of notices, in the order in which each was given."""
    query = select(notice_locations).where(notice_locations.c.notice.in_(list(notices)))
    query = query.order_by(notice_locations.c.notice, notice_locations.c.place)
    return tuple(LocationRow(**row._mapping) for row in conn.execute(query))


def of_case(conn: Connection, case_id: str) -> tuple[LocationRow, ...]:
    """The places that opened a case, or joined it."""
    query = select(notice_locations).where(notice_locations.c.case_id == case_id).order_by(notice_locations.c.id)
    return tuple(LocationRow(**row._mapping) for row in conn.execute(query))


def of_items(conn: Connection, numbers: Iterable[int]) -> tuple[LocationRow, ...]:
    """The places at which these items are."""
    query = select(notice_locations).where(notice_locations.c.item.in_(list(numbers)))
    return tuple(LocationRow(**row._mapping) for row in conn.execute(query.order_by(notice_locations.c.id)))


def change(conn: Connection, location: str, **values: Any) -> None:
    """Give a place new values."""
    conn.execute(update(notice_locations).where(notice_locations.c.id == location).values(**values))
