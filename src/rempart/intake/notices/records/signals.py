"""The signals that notices brought: what guards new uploads while nobody has taken it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    insert,
    select,
    update,
)

from rempart.store.schema import BigId, UtcTime, metadata

notice_signals = Table(
    "notice_signals",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("notice", String(40), ForeignKey("notices.id"), nullable=False),
    Column("kind", String(10), nullable=False),  # pdq, sha256
    Column("value", LargeBinary, nullable=False),  # empty once it was withdrawn
    Column("quality", SmallInteger),
    Column("recipe", String(40), nullable=False),
    Column("withdrawn", UtcTime),
    Index(None, "notice"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRow:
    """One signal of a notice."""

    id: int
    notice: str
    kind: str
    value: bytes = field(repr=False)
    quality: int | None
    recipe: str
    withdrawn: datetime | None


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write signals."""
    if rows:
        conn.execute(insert(notice_signals), list(rows))


def of(conn: Connection, notice: str) -> tuple[SignalRow, ...]:
    """The signals of a notice, in the order in which they came."""
    query = select(notice_signals).where(notice_signals.c.notice == notice).order_by(notice_signals.c.id)
    return tuple(SignalRow(**row._mapping) for row in conn.execute(query))


def withdraw(conn: Connection, notice: str, *, at: datetime) -> int:
    """Take the values of a notice's signals away; gives how many there were."""
    own = notice_signals.c.notice == notice, notice_signals.c.withdrawn.is_(None)
    return conn.execute(update(notice_signals).where(*own).values(withdrawn=at, value=b"")).rowcount
