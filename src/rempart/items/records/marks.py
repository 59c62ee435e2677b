"""What was read of our own mark in an item's sealed bytes, and which records of stamped pictures it leads to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, String, Table, delete, select

from rempart.store.schema import Json, UtcTime, metadata
from rempart.store.upsert import insert_into

item_marks = Table(
    "item_marks",
    metadata,
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    # The sealed object that was read: of other bytes it says nothing.
    Column("object", String(40), nullable=False),
    Column("outcome", String(10), nullable=False),  # found, none, small, unread
    Column("record", BigInteger),
    Column("recognised", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRow:
    """One reading. `outcome` is found, none, small where a picture is too small for a mark, or unread where no pixels
    could be had; `record` is the number in the mark; `recognised` are the records of stamped pictures that answer, each
    with by what it was found."""

    item: int
    object: str
    outcome: str
    record: int | None
    recognised: Sequence[Mapping[str, Any]]
    at: datetime


def put(conn: Connection, row: MarkRow) -> None:
    """Write a reading, in place of an earlier one of the item."""
    values = {name: getattr(row, name) for name in MarkRow.__slots__} | {"recognised": list(row.recognised)}
    rest = {name: value for name, value in values.items() if name != "item"}
    conn.execute(insert_into(conn, item_marks).values(values).on_conflict_do_update(index_elements=["item"], set_=rest))


def of_object(conn: Connection, item: int, object_id: str | None) -> MarkRow | None:
    """What was read of an item's bytes as they are now."""
    row = conn.execute(select(item_marks).where(item_marks.c.item == item)).first()
    return None if row is None or row.object != object_id else MarkRow(**row._mapping)


def erase(conn: Connection, item: int) -> None:
    """Forget what was read of an item."""
    conn.execute(delete(item_marks).where(item_marks.c.item == item))
