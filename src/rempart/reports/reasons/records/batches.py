"""Batches of statements for the transparency database: each is sent whole, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Integer, String, Table, func, insert, select, update

from rempart.reports.reasons.records.statements import reasons
from rempart.store.schema import UtcTime, metadata

reason_batches = Table(
    "reason_batches",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("created", UtcTime, nullable=False),
    Column("state", String(10), nullable=False),  # new, sending (it may have arrived), done
    Column("tries", Integer, nullable=False),
    Column("settled", UtcTime),
    Column("error", String(200)),
    Index("ix_reason_batches_state", "state", "id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as it is stored."""

    id: str
    created: datetime
    state: str
    tries: int
    settled: datetime | None
    error: str | None


def add(conn: Connection, batch_id: str, *, at: datetime) -> None:
    """Write a new batch."""
    row = {"id": batch_id, "created": at, "state": "new", "tries": 0, "settled": None, "error": None}
    conn.execute(insert(reason_batches), row)


def find(conn: Connection, batch_id: str) -> Batch | None:
    """The batch with this id."""
    row = conn.execute(select(reason_batches).where(reason_batches.c.id == batch_id)).first()
    return None if row is None else Batch(**row._mapping)


def change(conn: Connection, batch_id: str, **values: Any) -> None:
    """Give a batch new values."""
    conn.execute(update(reason_batches).where(reason_batches.c.id == batch_id).values(**values))


def youngest(conn: Connection, *, most: int) -> tuple[Batch, ...]:
    """The last batches, the youngest first."""
    query = select(reason_batches).order_by(reason_batches.c.id.desc()).limit(most)
    return tuple(Batch(**row._mapping) for row in conn.execute(query))


def counts(conn: Connection) -> dict[str, int]:
    """How many statements stand where with the database."""
    query = select(reasons.c.filing, func.count()).group_by(reasons.c.filing)
    return {row[0]: int(row[1]) for row in conn.execute(query)}
