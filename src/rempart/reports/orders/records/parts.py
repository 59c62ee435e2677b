"""What orders are about, and the sealed objects that they reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    cast,
    insert,
    literal,
    or_,
    select,
    text,
    type_coerce,
    update,
)

from rempart.cases.records.cases import case_items
from rempart.evidence.vault.records import objects as vault_objects
from rempart.reports.orders.records.orders import orders
from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

order_parts = Table(
    "order_parts",
    metadata,
    Column("order", String(40), ForeignKey("orders.id"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(10), nullable=False),  # case, item, url, report
    Column("case_id", String(40)),
    Column("item", BigInteger),
    Column("report", String(40)),
    Column("state", String(10), nullable=False),
    Column("changed", UtcTime, nullable=False),
    Column("named", LargeBinary, nullable=False),  # as the order names it, sealed
    Index("ix_order_parts_case_id", "case_id"),
    Index("ix_order_parts_item", "item"),
)
order_objects = Table(
    "order_objects",
    metadata,
    Column("order", String(40), ForeignKey("orders.id"), primary_key=True),
    Column("object", String(40), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("state", String(10), nullable=False),  # held, kept, released, destroyed
    Column("hold", String(40)),
    Column("at", UtcTime, nullable=False),
    Index("ix_order_objects_object", "object"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRow:
    """One thing that an order is about: what it was found to be, and how it stands."""

    order: str
    place: int
    kind: str
    case_id: str | None
    item: int | None
    report: str | None
    state: str
    changed: datetime
    named: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRow:
    """One sealed object that an order reached."""

    order: str
    object: str
    place: int
    state: str
    hold: str | None
    at: datetime


def add(conn: Connection, rows: Sequence[PartRow]) -> None:
    """Write parts."""
    if rows:
        conn.execute(insert(order_parts), [{name: getattr(one, name) for name in PartRow.__slots__} for one in rows])


def of(conn: Connection, orders: Iterable[str]) -> tuple[PartRow, ...]:
    """The parts of these orders, in their order."""
    query = select(order_parts).where(order_parts.c.order.in_(list(orders)))
    rows = conn.execute(query.order_by(order_parts.c.order, order_parts.c.place))
    return tuple(PartRow(**row._mapping) for row in rows)


def of_case(conn: Connection, case_id: str, items: Iterable[int]) -> tuple[PartRow, ...]:
    """The parts that are a case, or led to it, or are one of its items."""
    own = (order_parts.c.case_id == case_id) | order_parts.c.item.in_(list(items))
    query = select(order_parts).where(own).order_by(order_parts.c.order, order_parts.c.place)
    return tuple(PartRow(**row._mapping) for row in conn.execute(query))


def change(conn: Connection, part: PartRow, **values: Any) -> None:
    """Give a part new values."""
    own = order_parts.c.order == part.order, order_parts.c.place == part.place
    conn.execute(update(order_parts).where(*own).values(**values))


def all_named(conn: Connection) -> tuple[PartRow, ...]:
    """Every part, for what is sealed of it."""
    query = select(order_parts).order_by(order_parts.c.order, order_parts.c.place)
    return tuple(PartRow(**row._mapping) for row in conn.execute(query))


def add_object(conn: Connection, row: ObjectRow) -> bool:
    """Note that an order reached an object; False where that is noted."""
    values = {name: getattr(row, name) for name in ObjectRow.__slots__}
    return conn.execute(insert_or_ignore(conn, order_objects), values).rowcount == 1


def objects_of(conn: Connection, order: str) -> Mapping[str, ObjectRow]:
    """The objects that an order reached, by id, in the order in which they were."""
    query = select(order_objects).where(order_objects.c.order == order)
    rows = conn.execute(query.order_by(order_objects.c.at, order_objects.c.object))
    return {row.object: ObjectRow(**row._mapping) for row in rows}


def change_object(conn: Connection, order: str, object_id: str, **values: Any) -> None:
    """Give an object of an order new values."""
    own = order_objects.c.order == order, order_objects.c.object == object_id
    conn.execute(update(order_objects).where(*own).values(**values))


def unreached(conn: Connection, regimes: Iterable[str], *, most: int) -> tuple[tuple[str, str, int], ...]:
    """Sealed objects of items that a preservation order is about, or a removal order under one of these laws, and that
    it has not reached: order, object, place. One question for all orders that are not closed."""
    keeping = [orders.c.kind == "preservation"]
    keeping += [
        and_(orders.c.kind == "removal", type_coerce(orders.c.regimes, Text).contains(f'"{one}"')) for one in regimes
    ]
    in_cases = and_(case_items.c.case_id == order_parts.c.case_id, order_parts.c.item.is_(None))
    about = orders.join(order_parts, order_parts.c.order == orders.c.id)
    by_item = about.join(vault_objects, vault_objects.c.item == literal("item:") + cast(order_parts.c.item, String))
    by_case = about.join(case_items, in_cases).join(
        vault_objects, vault_objects.c.item == literal("item:") + cast(case_items.c.item, String)
    )
    reached = select(order_objects.c.object).where(
        order_objects.c.order == orders.c.id, order_objects.c.object == vault_objects.c.id
    )
    conditions = text("orders.state <> 'closed'"), or_(*keeping), vault_objects.c.destroyed.is_(None), ~reached.exists()
    found: dict[tuple[str, str], int] = {}
    for source in (by_item, by_case):
        query = select(orders.c.id, vault_objects.c.id, order_parts.c.place).select_from(source).where(*conditions)
        for order, one, place in conn.execute(query.order_by(orders.c.id, order_parts.c.place).limit(most)):
            found.setdefault((order, one), place)
    return tuple((order, one, place) for (order, one), place in sorted(found.items()))
