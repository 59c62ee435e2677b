"""Notices: one row for each, what is sealed of it, where it says a picture is, and the signals it brought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    text,
    tuple_,
    update,
)

from rempart.deadlines.regimes import OWN
from rempart.intake.notices.records.complaints import notice_complaints
from rempart.store.schema import Json, UtcTime, metadata

ID = String(40)
_OPEN = text("state = 'open'")
_UNSWEPT = text("swept_at IS NULL")

notices = Table(
    "notices",
    metadata,
    Column("id", ID, primary_key=True),
    Column("number", String(20), nullable=False),  # what the person is told
    Column("secret_hash", LargeBinary, nullable=False),
    Column("service", String(200), nullable=False),
    Column("received", UtcTime, nullable=False),
    Column("entered", UtcTime, nullable=False),  # later than that where it came by phone or letter
    Column("via", String(10), nullable=False),  # page, api, taken
    Column("by", ID, nullable=False),
    Column("language", String(2), nullable=False),
    Column("role", String(10)),  # none where the person may have been a child
    Column("track", String(10), nullable=False),  # adult, child
    Column("minor", String(10), nullable=False),
    Column("synthetic", String(10)),
    Column("declared", Json, nullable=False),  # the elements that it has
    Column("regimes", Json, nullable=False),  # by id: since when valid, what is missing
    Column("insider", Boolean(create_constraint=False), nullable=False),
    Column("sender", LargeBinary),
    Column("state", String(10), nullable=False),  # open, decided, withdrawn
    Column("outcome", String(10)),  # removed, kept, mixed, not_found
    Column("decided_at", UtcTime),
    Column("withdrawn_at", UtcTime),
    Column("due", UtcTime, nullable=False),
    Column("complaint_until", UtcTime),
    Column("unfounded_at", UtcTime),
    Column("forgotten_at", UtcTime),  # what identified people was erased
    Column("swept_at", UtcTime),  # and where the picture was
    UniqueConstraint("number"),
    Index("ix_notices_open", "due", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_notices_received_id", "received", "id"),
    Index("ix_notices_unswept", "state", sqlite_where=_UNSWEPT, postgresql_where=_UNSWEPT),
)
notice_sealed = Table(
    "notice_sealed",
    metadata,
    Column("notice", ID, ForeignKey("notices.id"), primary_key=True),
    Column("name", ID, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """A notice as it is stored."""

    id: str
    number: str
    secret_hash: bytes = field(repr=False)
    service: str
    received: datetime
    entered: datetime
    via: str
    by: str
    language: str
    role: str | None
    track: str
    minor: str
    synthetic: str | None
    declared: Sequence[str]
    regimes: Mapping[str, Any]
    insider: bool
    sender: bytes | None = field(repr=False)
    state: str
    outcome: str | None
    decided_at: datetime | None
    withdrawn_at: datetime | None
    due: datetime
    complaint_until: datetime | None
    unfounded_at: datetime | None
    forgotten_at: datetime | None
    swept_at: datetime | None

    @property
    def under_law(self) -> bool:
        """Whether a law applied to it beside the service's own promise: how it was dealt with has to be shown later."""
        return any(told["valid_at"] is not None for name, told in self.regimes.items() if name != OWN)


def add(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write a notice."""
    conn.execute(insert(notices), row)


def find(conn: Connection, notice: str, *, lock: bool = False) -> NoticeRow | None:
    """The notice with this id; locked until the transaction ends where asked."""
    query = select(notices).where(notices.c.id == notice)
    return _row(conn.execute(query.with_for_update() if lock else query).first())


def by_number(conn: Connection, number: str) -> NoticeRow | None:
    """The notice with this number."""
    return _row(conn.execute(select(notices).where(notices.c.number == number)).first())


def change(conn: Connection, notice: str, **values: Any) -> None:
    """Give a notice new values."""
    conn.execute(update(notices).where(notices.c.id == notice).values(**values))


def page(
    conn: Connection, *, state: str | None, after: tuple[datetime, str] | None, most: int
) -> tuple[NoticeRow, ...]:
    """Notices after a place: open ones by when they are due, all others by when they came, the youngest first."""
    if state == "open":
        query = select(notices).where(notices.c.state == "open").order_by(notices.c.due, notices.c.id)
        if after is not None:
            query = query.where(tuple_(notices.c.due, notices.c.id) > after)
    else:
        query = select(notices).order_by(notices.c.received.desc(), notices.c.id.desc())
        if state is not None:
            query = query.where(notices.c.state == state)
        if after is not None:
            query = query.where(tuple_(notices.c.received, notices.c.id) < after)
    return tuple(NoticeRow(**row._mapping) for row in conn.execute(query.limit(most)))


def over_before(conn: Connection, moment: datetime, *, most: int) -> tuple[NoticeRow, ...]:
    """Notices that were decided, or taken back, before a moment and that nothing was forgotten of, some of the oldest;
    those with a complaint that waits are left out."""
    over = func.coalesce(notices.c.withdrawn_at, notices.c.decided_at)
    ended = notices.c.state.in_(("decided", "withdrawn"))
    waits = select(notice_complaints.c.id).where(
        notice_complaints.c.notice == notices.c.id, notice_complaints.c.state == "waiting"
    )
    query = select(notices).where(ended, over < moment, notices.c.swept_at.is_(None), ~waits.exists())
    return tuple(NoticeRow(**row._mapping) for row in conn.execute(query.order_by(over).limit(most)))


def seal(conn: Connection, *, notice: str, sealed: Mapping[str, bytes]) -> None:
    """Keep sealed texts, each under its name; a name is written once."""
    if sealed:
        rows = [{"notice": notice, "name": name, "sealed": value} for name, value in sorted(sealed.items())]
        conn.execute(insert(notice_sealed), rows)


def sealed_of(conn: Connection, notice: str) -> Mapping[str, bytes]:
    """What is sealed of a notice, by name."""
    query = select(notice_sealed.c.name, notice_sealed.c.sealed).where(notice_sealed.c.notice == notice)
    return {row.name: bytes(row.sealed) for row in conn.execute(query)}


def unseal(conn: Connection, notice: str, names: Iterable[str]) -> int:
    """Erase sealed texts; gives how many there were."""
    own = notice_sealed.c.notice == notice, notice_sealed.c.name.in_(list(names))
    return conn.execute(delete(notice_sealed).where(*own)).rowcount


def all_sealed(conn: Connection) -> tuple[tuple[str, str, bytes], ...]:
    """Everything that is sealed: notice, name, bytes."""
    query = select(notice_sealed).order_by(notice_sealed.c.notice, notice_sealed.c.name)
    return tuple((row.notice, row.name, bytes(row.sealed)) for row in conn.execute(query))


def reseal(conn: Connection, *, notice: str, name: str, sealed: bytes) -> None:
    """Replace what is sealed by the same under another key."""
    own = notice_sealed.c.notice == notice, notice_sealed.c.name == name
    conn.execute(update(notice_sealed).where(*own).values(sealed=sealed))


def _row(found: Any) -> NoticeRow | None:
    return None if found is None else NoticeRow(**found._mapping)
