"""What people were written about their notices; the text is sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, LargeBinary, String, Table, insert, select, update

from rempart.store.schema import UtcTime, metadata

notice_letters = Table(
    "notice_letters",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("notice", String(40), ForeignKey("notices.id"), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("language", String(2), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("sealed", LargeBinary),  # none once it was erased
    Column("mailed", UtcTime),
    Index(None, "notice"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """One letter. `mailed` is when it was put into the post, where that was possible."""

    id: str
    notice: str
    kind: str
    language: str
    at: datetime
    sealed: bytes | None = field(repr=False)
    mailed: datetime | None


def add(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write a letter."""
    conn.execute(insert(notice_letters), row)


def of(conn: Connection, notices: Iterable[str]) -> tuple[LetterRow, ...]:
    """The letters about notices, the oldest first."""
    query = select(notice_letters).where(notice_letters.c.notice.in_(list(notices)))
    query = query.order_by(notice_letters.c.at, notice_letters.c.id)
    return tuple(LetterRow(**row._mapping) for row in conn.execute(query))


def mailed(conn: Connection, letter: str, *, at: datetime) -> None:
    """Note that a letter was put into the post."""
    conn.execute(update(notice_letters).where(notice_letters.c.id == letter).values(mailed=at))


def erase(conn: Connection, notice: str) -> int:
    """Forget what letters said; that and when they were written stays."""
    own = notice_letters.c.notice == notice, notice_letters.c.sealed.is_not(None)
    return conn.execute(update(notice_letters).where(*own).values(sealed=None)).rowcount


def all_sealed(conn: Connection) -> tuple[tuple[str, bytes], ...]:
    """Every letter that still says something: its id and its sealed text."""
    query = select(notice_letters.c.id, notice_letters.c.sealed).where(notice_letters.c.sealed.is_not(None))
    return tuple((row.id, bytes(row.sealed)) for row in conn.execute(query.order_by(notice_letters.c.id)))


def reseal(conn: Connection, letter: str, *, sealed: bytes) -> None:
    """Replace a sealed text by the same under another key."""
    conn.execute(update(notice_letters).where(notice_letters.c.id == letter).values(sealed=sealed))
