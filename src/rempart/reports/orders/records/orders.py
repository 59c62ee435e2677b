"""Orders of authorities: what is needed to find and count them. Who gave one, and its file, is sealed apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    insert,
    or_,
    select,
    text,
    type_coerce,
    update,
)

from rempart.store.schema import Json, UtcTime, metadata

_LIVE = text("state <> 'closed'")

orders = Table(
    "orders",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("country", String(2), nullable=False),
    Column("topic", String(20), nullable=False),
    Column("authority_class", String(20), nullable=False),
    Column("regimes", Json, nullable=False),
    Column("state", String(10), nullable=False),  # open, in_force, closed
    Column("outcome", String(10)),
    Column("received", UtcTime, nullable=False),
    Column("zone", String(6), nullable=False),  # the offset that was given with it
    Column("entered", UtcTime, nullable=False),
    Column("by", String(40), nullable=False),
    Column("mark", LargeBinary, nullable=False),  # of authority and reference, to know them again
    Column("due", UtcTime, nullable=False),
    Column("acknowledged", UtcTime),
    Column("effect", UtcTime),  # when it was carried out
    Column("contested", UtcTime),
    Column("contest", String(10)),  # waiting, upheld, rejected
    Column("closed", UtcTime),
    Column("closed_by", String(40)),
    Index("ix_orders_live", "due", "id", sqlite_where=_LIVE, postgresql_where=_LIVE),
    Index("ix_orders_received_id", "received", "id"),
    Index("ix_orders_mark", "mark"),
)
order_sealed = Table(
    "order_sealed",
    metadata,
    Column("order", String(40), ForeignKey("orders.id"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """An order as it is stored. `zone` is the offset of UTC in which its receipt was told, as +01:00."""

    id: str
    kind: str
    country: str
    topic: str
    authority_class: str
    regimes: Sequence[str]
    state: str
    outcome: str | None
    received: datetime
    zone: str
    entered: datetime
    by: str
    mark: bytes
    due: datetime
    acknowledged: datetime | None
    effect: datetime | None
    contested: datetime | None
    contest: str | None
    closed: datetime | None
    closed_by: str | None


def add(conn: Connection, row: OrderRow) -> None:
    """Write an order."""
    conn.execute(insert(orders), {name: getattr(row, name) for name in OrderRow.__slots__})


def find(conn: Connection, order: str, *, lock: bool = False) -> OrderRow | None:
    """The order with this id; locked until the transaction ends where asked."""
    query = select(orders).where(orders.c.id == order)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else OrderRow(**found._mapping)


def change(conn: Connection, order: str, **values: Any) -> None:
    """Give an order new values."""
    conn.execute(update(orders).where(orders.c.id == order).values(**values))


def marked(conn: Connection, mark: bytes) -> tuple[str, ...]:
    """The orders that bear a mark, the oldest first."""
    query = select(orders.c.id).where(orders.c.mark == mark).order_by(orders.c.received, orders.c.id)
    return tuple(conn.execute(query).scalars())


def live(conn: Connection, *, after: tuple[datetime, str] | None, most: int) -> tuple[OrderRow, ...]:
    """Orders that are not closed, the first due first, after a place in that order."""
    query = select(orders).where(_LIVE)
    if after is not None:
        due, last = after
        query = query.where((orders.c.due > due) | ((orders.c.due == due) & (orders.c.id > last)))
    rows = conn.execute(query.order_by(orders.c.due, orders.c.id).limit(most))
    return tuple(OrderRow(**row._mapping) for row in rows)


def unbegun(conn: Connection, regimes: Iterable[str], *, most: int) -> tuple[str, ...]:
    """Removal orders under one of these laws that were carried out and still count as open."""
    laws = or_(*(type_coerce(orders.c.regimes, Text).contains(f'"{one}"') for one in regimes))
    own = _LIVE, orders.c.state == "open", orders.c.kind == "removal", orders.c.effect.is_not(None), laws
    return tuple(conn.execute(select(orders.c.id).where(*own).order_by(orders.c.id).limit(most)).scalars())


def received(
    conn: Connection, *, state: str | None, before: tuple[datetime, str] | None, most: int
) -> tuple[OrderRow, ...]:
    """Orders, of a state where asked, the youngest first, before a place in that order."""
    query = select(orders)
    if state is not None:
        query = query.where(orders.c.state == state)
    if before is not None:
        at, last = before
        query = query.where((orders.c.received < at) | ((orders.c.received == at) & (orders.c.id < last)))
    rows = conn.execute(query.order_by(orders.c.received.desc(), orders.c.id.desc()).limit(most))
    return tuple(OrderRow(**row._mapping) for row in rows)


def among(conn: Connection, names: Sequence[str], *, lock: bool = False) -> tuple[OrderRow, ...]:
    """These orders, by id."""
    query = select(orders).where(orders.c.id.in_(list(names))).order_by(orders.c.id)
    return tuple(OrderRow(**row._mapping) for row in conn.execute(query.with_for_update() if lock else query))


def seal(conn: Connection, order: str, sealed: Mapping[str, bytes]) -> None:
    """Put sealed texts to an order, each under its name, in place of what stood there."""
    if sealed:
        own = order_sealed.c.order == order, order_sealed.c.name.in_(list(sealed))
        conn.execute(delete(order_sealed).where(*own))
        rows = [{"order": order, "name": name, "sealed": data} for name, data in sorted(sealed.items())]
        conn.execute(insert(order_sealed), rows)


def sealed_of(conn: Connection, order: str) -> Mapping[str, bytes]:
    """What is sealed of an order, by name."""
    query = select(order_sealed.c.name, order_sealed.c.sealed).where(order_sealed.c.order == order)
    return {row.name: bytes(row.sealed) for row in conn.execute(query)}


def all_sealed(conn: Connection) -> tuple[tuple[str, str, bytes], ...]:
    """Everything that is sealed of orders: order, name, and what is sealed."""
    query = select(order_sealed).order_by(order_sealed.c.order, order_sealed.c.name)
    return tuple((row.order, row.name, bytes(row.sealed)) for row in conn.execute(query))
