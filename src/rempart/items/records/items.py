"""Items: one row for each thing that a service asked about, under the service's own id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)

from rempart.items.records.signals import item_signals
from rempart.policy.facts import Verdict
from rempart.store.prepared import Prepared
from rempart.store.schema import Json, UtcTime, metadata

COUNTER = "items"
"""The counter that orders the commits of checks, and gives changes of `item_signals` their numbers."""
IDS_IN_COMMIT = 4096
"""How many items one commit may bring."""
_MOST_SIGNALS = 32  # that one item has, about
_UPLOADER = text("uploader IS NOT NULL")
_NOT_ALLOWED = text("verdict <> 'allow'")
_SHA256 = text("sha256 IS NOT NULL")
_URL = text("url IS NOT NULL")

items = Table(
    "items",
    metadata,
    # (number of the commit) * IDS_IN_COMMIT + place in it: rises with time, and is known before the row is written.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("service", String(200), nullable=False),
    Column("item_id", String(512), nullable=False),
    Column("uploader", Text),
    Column("url", Text),
    Column("published", Boolean(create_constraint=False)),
    Column("context", Json, nullable=False),
    Column("sha256", LargeBinary),
    Column("media_type", String(80)),
    Column("size", BigInteger),
    # What the file says of where it comes from, as `provenance.carried` packs it; NULL where nobody looked.
    Column("origin", Text),
    Column("verdict", String(10), nullable=False),
    # What people decided about these very bytes; a later check of them does not undo it.
    Column("decided", String(10)),
    Column("request", String(40), nullable=False),
    Column("object", String(40)),
    Column("created", UtcTime, nullable=False),
    Column("checked", UtcTime, nullable=False),
    # Deleted by its service while a case needs it: kept until the case is over.
    Column("gone", UtcTime),
    UniqueConstraint("service", "item_id"),
    Index(None, "checked"),
    Index("ix_items_verdict", "verdict", "checked", "id", sqlite_where=_NOT_ALLOWED, postgresql_where=_NOT_ALLOWED),
    Index("ix_items_service_uploader", "service", "uploader", sqlite_where=_UPLOADER, postgresql_where=_UPLOADER),
    Index("ix_items_sha256", "sha256", sqlite_where=_SHA256, postgresql_where=_SHA256),
    Index("ix_items_url", "url", sqlite_where=_URL, postgresql_where=_URL, postgresql_using="hash"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item as it stands now. `request` is the check that spoke of it last."""

    id: int
    service: str
    item_id: str
    uploader: str | None
    url: str | None
    published: bool | None
    context: Mapping[str, object]
    sha256: bytes | None
    media_type: str | None
    size: int | None
    origin: str | None
    verdict: Verdict
    decided: Verdict | None
    request: str
    object: str | None
    created: datetime
    checked: datetime
    gone: datetime | None


_KNOWN = Prepared(
    select(
        items.c.id,
        items.c.service,
        items.c.item_id,
        items.c.sha256,
        items.c.verdict,
        items.c.decided,
        items.c.object,
        items.c.request,
        items.c.origin,
    ).where(items.c.service == bindparam("service"), items.c.item_id.in_(bindparam("names", expanding=True)))
)
_BY_NAME = select(items).where(items.c.service == bindparam("service"), items.c.item_id == bindparam("name"))
_BY_ID = select(items).where(items.c.id == bindparam("item"))
_INSERT = Prepared(insert(items))
_CHECKED_AGAIN = Prepared(
    update(items)
    .where(items.c.id == bindparam("b_id"))
    .values(
        {
            name: bindparam(f"b_{name}")
            for name in (
                "uploader", "url", "published", "context", "sha256", "media_type", "size", "origin", "verdict",
                "decided", "request", "object", "checked", "gone",
            )
        }
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a new check has to know of an item that was checked before."""

    id: int
    service: str
    item_id: str
    sha256: bytes | None
    verdict: Verdict
    decided: Verdict | None
    object: str | None
    request: str
    origin: str | None = None


def known(conn: Connection, service: str, names: Sequence[str]) -> dict[str, Known]:
    """Those of a service's items that are known, by their names."""
    rows = _KNOWN.rows(conn, {"service": service, "names": list(names)})
    return {
        name: Known(
            id=id_, service=own, item_id=name, sha256=sha256, verdict=Verdict(verdict),
            decided=None if decided is None else Verdict(decided), object=held, request=request,
            origin=origin,
        )
        for id_, own, name, sha256, verdict, decided, held, request, origin in rows
    }  # fmt: skip


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """New items."""
    if rows:
        _INSERT.write(conn, rows)


def check_again(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """What new checks say of items that are there; keys are those of `Item`."""
    if rows:
        columns = ("created", "service", "item_id")
        named = [{f"b_{name}": value for name, value in row.items() if name not in columns} for row in rows]
        _CHECKED_AGAIN.write(conn, named)


def find(conn: Connection, service: str, name: str, *, lock: bool = False) -> Item | None:
    """An item by its service's id; None when there is none, or it was deleted."""
    query = _BY_NAME.with_for_update() if lock else _BY_NAME
    row = conn.execute(query, {"service": service, "name": name}).first()
    return None if row is None or row.gone is not None else item_of(row)


def hosted(conn: Connection, item: int, *, lock: bool = False) -> Item | None:
    """An item by its internal id; None when it was erased. One that its service deleted has `gone`."""
    row = conn.execute(_BY_ID.with_for_update() if lock else _BY_ID, {"item": item}).first()
    return None if row is None else item_of(row)


def set_verdict(conn: Connection, item: int, verdict: Verdict) -> None:
    """Note what people decided about an item; its next check of the same bytes answers this too."""
    conn.execute(update(items).where(items.c.id == item).values(verdict=verdict.value, decided=verdict.value))


def hold(conn: Connection, item: int) -> bool:
    """Take an allowed item's verdict back to `hold`, for a case that was opened later; False when it is not allowed."""
    allowed = items.c.id == item, items.c.verdict == Verdict.ALLOW.value
    return conn.execute(update(items).where(*allowed).values(verdict=Verdict.HOLD.value)).rowcount == 1


def change(conn: Connection, item: int, **values: Any) -> None:
    """Give columns of an item new values."""
    conn.execute(update(items).where(items.c.id == item).values(**values))


def with_signals_before(conn: Connection, moment: datetime, *, most: int) -> list[int]:
    """Items whose last check was before a moment and whose signals are still kept, some of the oldest.

    Signals come with their check: only those that came first are looked at, however many there are.
    """
    live = select(item_signals.c.item).where(item_signals.c.removed.is_(None))
    first = live.order_by(item_signals.c.added).limit(most * _MOST_SIGNALS).subquery()
    old = items.c.id.in_(select(first.c.item)), items.c.checked < moment
    return list(conn.execute(select(items.c.id).where(*old).order_by(items.c.checked).limit(most)).scalars())


def erase(conn: Connection, item: int) -> None:
    """Forget an item's row."""
    conn.execute(items.delete().where(items.c.id == item))


def item_of(row: Row[Any]) -> Item:
    """A row of `items` as a value."""
    values = {name: row._mapping[name] for name in Item.__slots__}
    values["verdict"] = Verdict(row.verdict)
    values["decided"] = None if row.decided is None else Verdict(row.decided)
    return Item(**values)
