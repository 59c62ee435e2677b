"""Who searched hosted items, and why: kept to be read by auditors, while the ledger holds a commitment to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, String, Table, Text, insert, select

from rempart.store.ids import new_id
from rempart.store.schema import Json, UtcTime, metadata

lookback_searches = Table(
    "lookback_searches",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("by", String(40), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("facts", Json, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRow:
    """One search. `facts` hold the kinds of signals and the number of items, never a signal."""

    id: str
    at: datetime
    by: str
    purpose: str
    facts: Mapping[str, Any]


def add(conn: Connection, *, at: datetime, by: str, purpose: str, facts: Mapping[str, Any]) -> None:
    """Write a search down."""
    row = {"id": new_id("search"), "at": at, "by": by, "purpose": purpose, "facts": dict(facts)}
    conn.execute(insert(lookback_searches), row)


def recent(conn: Connection, *, before: str | None, most: int) -> tuple[SearchRow, ...]:
    """The youngest first, from before one of them."""
    query = select(lookback_searches).order_by(lookback_searches.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(lookback_searches.c.id < before)
    return tuple(SearchRow(**row._mapping) for row in conn.execute(query))
