"""The clocks of notices: one row for each law's time, found by when something has to be said next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, String, Table, insert, select, text, update

from rempart.store.schema import UtcTime, metadata

_RUNNING = text("met IS NULL")

notice_clocks = Table(
    "notice_clocks",
    metadata,
    Column("notice", String(40), ForeignKey("notices.id"), primary_key=True),
    Column("regime", String(20), primary_key=True),
    Column("trigger", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("next", UtcTime),  # when something has to be said next; none when all was said
    Column("warned", UtcTime),
    Column("alarmed", UtcTime),
    Column("met", UtcTime),
    Index(None, "next", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """One law's time for one notice."""

    notice: str
    regime: str
    trigger: datetime
    due: datetime
    next: datetime | None
    warned: datetime | None
    alarmed: datetime | None
    met: datetime | None


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Start clocks."""
    if rows:
        conn.execute(insert(notice_clocks), list(rows))


def of(conn: Connection, notices: Iterable[str]) -> tuple[ClockRow, ...]:
    """The clocks of notices, each notice's first one to end first."""
    query = select(notice_clocks).where(notice_clocks.c.notice.in_(list(notices)))
    query = query.order_by(notice_clocks.c.notice, notice_clocks.c.due, notice_clocks.c.regime)
    return tuple(ClockRow(**row._mapping) for row in conn.execute(query))


def to_speak(conn: Connection, at: datetime, *, most: int) -> tuple[ClockRow, ...]:
    """Running clocks about which something has to be said by now, the most urgent first, locked."""
    query = select(notice_clocks).where(notice_clocks.c.met.is_(None), notice_clocks.c.next <= at)
    query = query.order_by(notice_clocks.c.next, notice_clocks.c.notice).limit(most).with_for_update()
    return tuple(ClockRow(**row._mapping) for row in conn.execute(query))


def change(conn: Connection, notice: str, regime: str, **values: Any) -> None:
    """Give a clock new values."""
    own = notice_clocks.c.notice == notice, notice_clocks.c.regime == regime
    conn.execute(update(notice_clocks).where(*own).values(**values))


def stop(conn: Connection, notice: str, *, at: datetime) -> int:
    """All was done for a notice: its running clocks are met; gives how many ran."""
    own = notice_clocks.c.notice == notice, notice_clocks.c.met.is_(None)
    return conn.execute(update(notice_clocks).where(*own).values(met=at, next=None)).rowcount


def any_to_speak(conn: Connection, at: datetime) -> bool:
    """Whether there is any running clock about which something has to be said by now."""
    query = select(notice_clocks.c.notice).where(notice_clocks.c.met.is_(None), notice_clocks.c.next <= at)
    return conn.execute(query.limit(1)).first() is not None
