"""The clocks of orders: one row for each time that runs, found by when something has to be said next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, String, Table, insert, or_, select, text, update

from rempart.store.schema import Json, UtcTime, from_micros, metadata, to_micros

_RUNNING = text("met IS NULL")

order_clocks = Table(
    "order_clocks",
    metadata,
    Column("order", String(40), ForeignKey("orders.id"), primary_key=True),
    Column("regime", String(20), primary_key=True),
    Column("what", String(10), primary_key=True),  # act, keep
    Column("trigger", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
    Column("warnings", Json, nullable=False),  # microseconds since 1970
    Column("next", UtcTime),  # when something has to be said next; none when all was said
    Column("said", UtcTime),  # when something was said last
    Column("alarmed", UtcTime),
    Column("extended", UtcTime),  # when it was given a later end
    Column("met", UtcTime),
    Index("ix_order_clocks_next", "next", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    Index("ix_order_clocks_said", "said", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """One time that runs for an order, to act (`act`) or for which something is kept (`keep`)."""

    order: str
    regime: str
    what: str
    trigger: datetime
    due: datetime
    warnings: tuple[datetime, ...]
    next: datetime | None
    said: datetime | None = None
    alarmed: datetime | None = None
    extended: datetime | None = None
    met: datetime | None = None


def add(conn: Connection, rows: Sequence[ClockRow]) -> None:
    """Start clocks."""
    if rows:
        conn.execute(insert(order_clocks), [_values(row) for row in rows])


def of(conn: Connection, orders: Iterable[str]) -> tuple[ClockRow, ...]:
    """The clocks of orders, each order's first one to end first."""
    query = select(order_clocks).where(order_clocks.c.order.in_(list(orders)))
    query = query.order_by(order_clocks.c.order, order_clocks.c.due, order_clocks.c.regime)
    return tuple(_row(row._mapping) for row in conn.execute(query))


def to_speak(conn: Connection, at: datetime, *, ahead: datetime, most: int) -> tuple[ClockRow, ...]:
    """Running clocks about which something has to be said by now, the most urgent first, locked; and those of which
    something was said after `ahead`, which is still to come: then the time of day was set back since."""
    query = select(order_clocks).where(_RUNNING, or_(order_clocks.c.next <= at, order_clocks.c.said > ahead))
    query = query.order_by(order_clocks.c.next, order_clocks.c.order).limit(most).with_for_update()
    return tuple(_row(row._mapping) for row in conn.execute(query))


def any_to_speak(conn: Connection, at: datetime, *, ahead: datetime) -> bool:
    """Whether there is any; two looks into small indexes."""
    due = select(order_clocks.c.order).where(_RUNNING, order_clocks.c.next <= at).limit(1)
    early = select(order_clocks.c.order).where(_RUNNING, order_clocks.c.said > ahead).limit(1)
    return conn.execute(due).first() is not None or conn.execute(early).first() is not None


def change(conn: Connection, clock: ClockRow, **values: Any) -> None:
    """Give a clock new values."""
    own = (
        order_clocks.c.order == clock.order, order_clocks.c.regime == clock.regime, order_clocks.c.what == clock.what
    )  # fmt: skip
    if "warnings" in values:
        values["warnings"] = [to_micros(one) for one in values["warnings"]]
    conn.execute(update(order_clocks).where(*own).values(**values))


def stop(conn: Connection, order: str, what: str, *, at: datetime) -> int:
    """All was done of a kind: an order's running clocks for it are met; gives how many ran."""
    own = order_clocks.c.order == order, order_clocks.c.what == what, _RUNNING
    return conn.execute(update(order_clocks).where(*own).values(met=at, next=None)).rowcount


def _values(row: ClockRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ClockRow.__slots__}
    return values | {"warnings": [to_micros(one) for one in row.warnings]}


def _row(found: Any) -> ClockRow:
    values = dict(found)
    return ClockRow(**values | {"warnings": tuple(from_micros(one) for one in values["warnings"])})
