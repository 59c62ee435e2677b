"""Why statements wait, and how far the rooms below were followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, String, Table, insert, or_, select, update

from rempart.store.schema import UtcTime, metadata

reason_delays = Table(
    "reason_delays",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40)),  # all that follows from a case, or
    Column("reason", String(40)),  # one statement
    Column("cause", String(20), nullable=False),  # police_request, danger, order
    Column("at", UtcTime, nullable=False),
    Column("until", UtcTime),  # null: an order, about which nothing is told
    Column("by", String(40), nullable=False),
    Column("ended", UtcTime),
    Column("ended_by", String(40)),
    Index("ix_reason_delays_case", "case_id"),
    Index("ix_reason_delays_reason", "reason"),
)
reason_marks = Table(
    "reason_marks",
    metadata,
    Column("name", String(20), primary_key=True),  # decisions, checks, since
    Column("value", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """A delay as it is stored: of a case, or of one statement."""

    id: str
    case_id: str | None
    reason: str | None
    cause: str
    at: datetime
    until: datetime | None
    by: str
    ended: datetime | None
    ended_by: str | None


def add(conn: Connection, row: Delay) -> None:
    """Write a delay."""
    conn.execute(insert(reason_delays), {name: getattr(row, name) for name in Delay.__slots__})


def change(conn: Connection, delay: str, **values: Any) -> None:
    """Give a delay new values."""
    conn.execute(update(reason_delays).where(reason_delays.c.id == delay).values(**values))


def of(conn: Connection, *, cases: Iterable[str] = (), reasons: Iterable[str] = ()) -> tuple[Delay, ...]:
    """The delays of these cases and statements that nobody has ended, over or not, the oldest first."""
    own = or_(reason_delays.c.case_id.in_(list(cases)), reason_delays.c.reason.in_(list(reasons)))
    query = select(reason_delays).where(own, reason_delays.c.ended.is_(None)).order_by(reason_delays.c.id)
    return tuple(Delay(**row._mapping) for row in conn.execute(query))


def mark(conn: Connection, name: str) -> int:
    """How far something was followed."""
    return int(conn.execute(select(reason_marks.c.value).where(reason_marks.c.name == name)).scalar_one())


def set_mark(conn: Connection, name: str, value: int) -> None:
    """Note how far something was followed."""
    conn.execute(update(reason_marks).where(reason_marks.c.name == name).values(value=value))
