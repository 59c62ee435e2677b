"""Looks and searches that a second lead should see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, String, Table, Text, UniqueConstraint, select, update

from rempart.store.schema import Json, UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

oversight_flags = Table(
    "oversight_flags",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("person", String(40), nullable=False),
    Column("case_id", String(40)),
    Column("at", UtcTime, nullable=False),
    Column("facts", Json, nullable=False),
    Column("key", String(160), nullable=False),  # what it is about: the same thing is flagged once
    Column("state", String(10), nullable=False),  # new, seen
    Column("by", String(40)),
    Column("seen", UtcTime),
    Column("said", Text),
    UniqueConstraint("key", name="uq_oversight_flags_key"),
    Index("ix_oversight_flags_state", "state", "id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """Something that a second lead should see. `by` acknowledged it at `seen` with the sentence `said`."""

    id: str
    kind: str
    person: str
    case_id: str | None
    at: datetime
    facts: Mapping[str, Any]
    key: str
    state: str
    by: str | None
    seen: datetime | None
    said: str | None


def add(conn: Connection, row: Mapping[str, Any]) -> bool:
    """Write a flag unless the same thing was flagged; says whether it was written."""
    query = insert_or_ignore(conn, oversight_flags).values(**row)
    return conn.execute(query.returning(oversight_flags.c.id)).first() is not None


def known(conn: Connection, keys: Sequence[str]) -> frozenset[str]:
    """Which of these things were flagged already."""
    query = select(oversight_flags.c.key).where(oversight_flags.c.key.in_(list(keys)))
    return frozenset(conn.execute(query).scalars())


def find(conn: Connection, flag_id: str, *, not_of: str, lock: bool = False) -> Flag | None:
    """The flag with this id, unless it is about this person; locked until the transaction ends where asked."""
    query = select(oversight_flags).where(oversight_flags.c.id == flag_id, oversight_flags.c.person != not_of)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else Flag(**found._mapping)


def page(conn: Connection, *, state: str, not_of: str, before: str | None, most: int) -> tuple[Flag, ...]:
    """Flags of a state, the youngest first, from before one of them; none about this person."""
    own = oversight_flags.c.state == state, oversight_flags.c.person != not_of
    query = select(oversight_flags).where(*own).order_by(oversight_flags.c.id.desc()).limit(most)
    if before is not None:
        query = query.where(oversight_flags.c.id < before)
    return tuple(Flag(**row._mapping) for row in conn.execute(query))


def change(conn: Connection, flag_id: str, **values: Any) -> None:
    """Give a flag new values."""
    conn.execute(update(oversight_flags).where(oversight_flags.c.id == flag_id).values(**values))
