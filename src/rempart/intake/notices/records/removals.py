"""What services were told to remove because of notices, until when, and whether they have said that it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Index, String, Table, select, text, update

from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

_WAITS = text("alarm_at IS NOT NULL")

removals = Table(
    "removals",
    metadata,
    Column("decision", String(40), primary_key=True),
    Column("item", BigInteger, nullable=False),
    Column("service", String(200), nullable=False),
    Column("case_id", String(40)),
    Column("asked", UtcTime, nullable=False),
    Column("due", UtcTime),  # none where no notice asked for it
    Column("confirmed", UtcTime),
    Column("confirmed_by", String(40)),
    Column("alarm_at", UtcTime),  # when the operator is to be told next that it is not confirmed
    Column("alarmed", UtcTime),  # when that was done first
    Index(None, "item"),
    Index("ix_removals_alarm_at", "alarm_at", sqlite_where=_WAITS, postgresql_where=_WAITS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """One decision that something goes, and how far its service is with it."""

    decision: str
    item: int
    service: str
    case_id: str | None
    asked: datetime
    due: datetime | None = None
    confirmed: datetime | None = None
    confirmed_by: str | None = None
    alarm_at: datetime | None = None
    alarmed: datetime | None = None


def add(conn: Connection, row: Removal) -> bool:
    """Note a removal; False where it is noted already."""
    values = {name: getattr(row, name) for name in Removal.__slots__}
    return conn.execute(insert_or_ignore(conn, removals), values).rowcount == 1


def find(conn: Connection, decision: str, *, lock: bool = False) -> Removal | None:
    """The removal of a decision."""
    query = select(removals).where(removals.c.decision == decision)
    row = conn.execute(query.with_for_update() if lock else query).first()
    return None if row is None else Removal(**row._mapping)


def change(conn: Connection, decision: str, **values: Any) -> None:
    """Give a removal new values."""
    conn.execute(update(removals).where(removals.c.decision == decision).values(**values))


def of_items(conn: Connection, items: Sequence[int]) -> Mapping[int, Removal]:
    """The last removal that was asked for of each of these items."""
    own = removals.c.item.in_(list(items))
    rows = conn.execute(select(removals).where(own).order_by(removals.c.asked, removals.c.decision))
    return {row.item: Removal(**row._mapping) for row in rows}


def open_of(conn: Connection, item: int) -> tuple[Removal, ...]:
    """The removals of an item that are not confirmed, locked until the transaction ends."""
    own = removals.c.item == item, removals.c.confirmed.is_(None)
    query = select(removals).where(*own).order_by(removals.c.decision).with_for_update()
    return tuple(Removal(**row._mapping) for row in conn.execute(query))


def alarming(conn: Connection, at: datetime, *, most: int) -> tuple[Removal, ...]:
    """The removals of which something is to be said by now, those that are due first before the others."""
    own = removals.c.alarm_at.is_not(None), removals.c.alarm_at <= at
    query = select(removals).where(*own).order_by(removals.c.alarm_at, removals.c.decision).limit(most)
    return tuple(Removal(**row._mapping) for row in conn.execute(query))


def any_alarming(conn: Connection, at: datetime) -> bool:
    """Whether there is one; without a lock, and nearly always not."""
    own = removals.c.alarm_at.is_not(None), removals.c.alarm_at <= at
    return conn.execute(select(removals.c.decision).where(*own).limit(1)).first() is not None


def unconfirmed(conn: Connection, *, service: str | None = None, most: int) -> tuple[Removal, ...]:
    """The removals that notices asked for and that are not confirmed, the first due first; of one service or of all."""
    own: list[ColumnElement[bool]] = [removals.c.alarm_at.is_not(None), removals.c.confirmed.is_(None)]
    if service is not None:
        own.append(removals.c.service == service)
    query = select(removals).where(*own).order_by(removals.c.due, removals.c.decision).limit(most)
    return tuple(Removal(**row._mapping) for row in conn.execute(query))
