"""Photos that somebody asked to protect from generators: their signals, and nothing else of them.

They stand apart from the lists: a check of an upload never looks at them. Changes carry numbers of the counter
`protected`: `added` when a signal came, `removed` when it went; what went keeps its row, and no longer its value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)

from rempart.lists.entry import EntrySignal
from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind
from rempart.store.bulk import insert_many
from rempart.store.schema import BigId, UtcTime, metadata

COUNTER = "protected"
"""The counter that gives changes of `protected_signals` their numbers."""

protected_photos = Table(
    "protected_photos",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("by", String(40), nullable=False),
    Column("service", String(200)),  # whose key asked for it; none where an operator did
    Column("reference", Text),  # what the service calls whoever asked
    Column("added", UtcTime, nullable=False),
    Column("withdrawn", UtcTime),
    Index(None, "service", "reference"),
)

protected_signals = Table(
    "protected_signals",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("photo", String(40), ForeignKey("protected_photos.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("quality", SmallInteger),
    Column("added", BigInteger, nullable=False),
    Column("removed", BigInteger),
    UniqueConstraint("photo", "kind"),
    Index(None, "added"),
    Index("ix_protected_signals_removed", "removed", sqlite_where=text("removed IS NOT NULL"),
          postgresql_where=text("removed IS NOT NULL")),
    sqlite_autoincrement=True,
)  # fmt: skip

_SIGNALS = select(protected_signals.c.id, protected_signals.c.kind, protected_signals.c.value).where(
    protected_signals.c.id.in_(bindparam("ids", expanding=True)), protected_signals.c.removed.is_(None)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Photo:
    """A photo that is protected until it was withdrawn. `reference` is the service's word for whoever asked."""

    id: str
    by: str
    service: str | None
    reference: str | None
    added: datetime
    withdrawn: datetime | None


def add(conn: Connection, photo: Photo, signals: Sequence[EntrySignal], *, number: int) -> None:
    """Write a photo and its signals, live with change `number`."""
    conn.execute(insert(protected_photos), {name: getattr(photo, name) for name in Photo.__slots__})
    rows = [
        {
            "photo": photo.id, "kind": one.signal.kind.value, "value": bytes(one.signal), "quality": one.quality,
            "added": number, "removed": None,
        }
        for one in signals
    ]  # fmt: skip
    insert_many(conn, protected_signals, rows)


def find(conn: Connection, photo: str, *, lock: bool = False) -> Photo | None:
    """A photo by its id; locked until the transaction ends where asked."""
    query = select(protected_photos).where(protected_photos.c.id == photo)
    row = conn.execute(query.with_for_update() if lock else query).first()
    return None if row is None else Photo(**row._mapping)


def some(conn: Connection, *, after: str = "", most: int) -> tuple[Photo, ...]:
    """Live photos by their ids, those after one."""
    live = protected_photos.c.withdrawn.is_(None), protected_photos.c.id > after
    query = select(protected_photos).where(*live).order_by(protected_photos.c.id).limit(most)
    return tuple(Photo(**row._mapping) for row in conn.execute(query))


def count(conn: Connection) -> int:
    """How many photos are protected now."""
    query = select(func.count()).select_from(protected_photos).where(protected_photos.c.withdrawn.is_(None))
    return int(conn.execute(query).scalar_one())


def of_reference(conn: Connection, service: str, reference: str) -> int:
    """How many photos are protected now for one person of a service."""
    own = protected_photos.c.service == service, protected_photos.c.reference == reference
    query = select(func.count()).where(*own, protected_photos.c.withdrawn.is_(None))
    return int(conn.execute(query).scalar_one())


def withdraw(conn: Connection, photo: str, *, number: int, at: datetime) -> bool:
    """Protect a photo no more, from change `number` on, and forget its signals and whose it was."""
    own = protected_photos.c.id == photo, protected_photos.c.withdrawn.is_(None)
    if conn.execute(update(protected_photos).where(*own).values(withdrawn=at, reference=None)).rowcount == 0:
        return False
    gone = protected_signals.c.photo == photo, protected_signals.c.removed.is_(None)
    conn.execute(update(protected_signals).where(*gone).values(removed=number, value=b""))
    return True


def live(conn: Connection, ids: Sequence[int]) -> dict[int, Signal]:
    """The signals that are still protected, among some rows."""
    found = conn.execute(_SIGNALS, {"ids": list(ids)})
    return {row.id: SIGNAL_TYPES[SignalKind(row.kind)](row.value) for row in found}
