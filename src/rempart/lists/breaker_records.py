"""Tables of the breaker: counts per window, what is tripped, and how often each list matched in a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, String, Table, delete, func, select, update

from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_into

_SUBJECT = String(200)

breaker_counts = Table(
    "breaker_counts",
    metadata,
    Column("subject", _SUBJECT, primary_key=True),
    Column("window_start", UtcTime, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Index(None, "window_start"),
)
breakers = Table(
    "breakers",
    metadata,
    Column("subject", _SUBJECT, primary_key=True),
    Column("state", String(10), nullable=False),  # open, reset
    Column("tripped", UtcTime, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("usual", BigInteger, nullable=False),
    Column("allowed", BigInteger),
    Column("reset", UtcTime),
    Column("reset_by", String(100)),
)
list_hits = Table(
    "list_hits",
    metadata,
    Column("list_id", String(40), primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("count", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a subject did before this window: all its matches, and when the first of them was."""

    total: int = 0
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A breaker that was tripped at least once. `count` matches in a window were over `usual`."""

    subject: str
    is_open: bool
    tripped: datetime
    count: int
    usual: int
    allowed: int | None
    reset: datetime | None
    reset_by: str | None

    def document(self) -> dict[str, object]:
        """The breaker as JSON-able data, times as datetimes."""
        return {
            "subject": self.subject, "open": self.is_open, "tripped_at": self.tripped, "count": self.count,
            "usual": self.usual, "allowed": self.allowed, "reset_at": self.reset, "reset_by": self.reset_by,
        }  # fmt: skip


_TRIP = (
    breakers.c.subject, breakers.c.state, breakers.c.tripped, breakers.c.count.label("count_"), breakers.c.usual,
    breakers.c.allowed, breakers.c.reset, breakers.c.reset_by,
)  # fmt: skip


def _trip_of(row: Any) -> Trip:
    return Trip(
        subject=row.subject, is_open=row.state == "open", tripped=row.tripped, count=row.count_, usual=row.usual,
        allowed=row.allowed, reset=row.reset, reset_by=row.reset_by,
    )  # fmt: skip


def count_lists(conn: Connection, lists: Mapping[str, int], *, day: int) -> None:
    """Add to how often each list matched on a day (in days since 1970)."""
    statement = insert_into(conn, list_hits)
    statement = statement.on_conflict_do_update(
        index_elements=["list_id", "day"], set_={"count": list_hits.c.count + statement.excluded.count}
    )
    for list_id in sorted(lists):
        conn.execute(statement, {"list_id": list_id, "day": day, "count": lists[list_id]})


def hits_since(conn: Connection, lists: Iterable[str], *, day: int) -> dict[str, int]:
    """How many checks matched each list from a day on."""
    own = list_hits.c.list_id.in_(tuple(lists)), list_hits.c.day >= day
    rows = conn.execute(
        select(list_hits.c.list_id, func.sum(list_hits.c.count)).where(*own).group_by(list_hits.c.list_id)
    )
    return {list_id: int(count) for list_id, count in rows}


def limits_of(conn: Connection, subjects: Iterable[str]) -> dict[str, Trip]:
    """Those of `subjects` that were ever tripped."""
    rows = conn.execute(select(*_TRIP).where(breakers.c.subject.in_(tuple(subjects))))
    return {row.subject: _trip_of(row) for row in rows}


def add_count(conn: Connection, subject: str, start: datetime, count: int) -> int:
    """Add to a window's count and give the sum."""
    statement = insert_into(conn, breaker_counts)
    statement = statement.on_conflict_do_update(
        index_elements=["subject", "window_start"], set_={"count": breaker_counts.c.count + statement.excluded.count}
    )
    row = {"subject": subject, "window_start": start, "count": count}
    return int(conn.execute(statement.returning(breaker_counts.c.count), row).scalar_one())


def past_of(conn: Connection, subject: str, *, since: datetime, until: datetime) -> Past:
    """The counts of the windows from `since` until before `until`, together."""
    window = breaker_counts.c.window_start
    own = breaker_counts.c.subject == subject, window >= since, window < until
    total, first = conn.execute(select(func.sum(breaker_counts.c.count), func.min(window)).where(*own)).one()
    return Past(total=int(total or 0), since=first)


def trip(conn: Connection, subject: str, *, count: int, usual: int, at: datetime) -> bool:
    """Open a breaker; False when another transaction has done so already."""
    statement = insert_into(conn, breakers)
    values = {"state": "open", "tripped": at, "count": count, "usual": usual, "reset": None, "reset_by": None}
    statement = statement.on_conflict_do_update(
        index_elements=["subject"], set_=values, where=breakers.c.state != "open"
    )
    return conn.execute(statement.returning(breakers.c.subject), values | {"subject": subject}).first() is not None


def reset(conn: Connection, subject: str, *, by: str, at: datetime, allowed: int | None) -> Trip | None:
    """Close a breaker and forget what it counted lately; None when it is not open."""
    values = {"state": "reset", "reset": at, "reset_by": by, "allowed": allowed}
    own = breakers.c.subject == subject, breakers.c.state == "open"
    row = conn.execute(update(breakers).where(*own).values(**values).returning(*_TRIP)).first()
    if row is None:
        return None
    found = _trip_of(row)
    late = breaker_counts.c.subject == subject, breaker_counts.c.window_start >= found.tripped
    conn.execute(delete(breaker_counts).where(*late))
    return found


def tripped(conn: Connection, *, everything: bool = False) -> tuple[Trip, ...]:
    """The open breakers, newest first; with `everything`, also those that were reset."""
    statement = select(*_TRIP).order_by(breakers.c.tripped.desc(), breakers.c.subject).limit(1000)
    if not everything:
        statement = statement.where(breakers.c.state == "open")
    return tuple(_trip_of(row) for row in conn.execute(statement))


def prune(conn: Connection, *, before: datetime) -> None:
    """Forget counts that no threshold looks at any more."""
    conn.execute(delete(breaker_counts).where(breaker_counts.c.window_start < before))
