"""Who sees an order: leads and auditors, unless it leads to a case that is kept from them. Then there is no trace."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from rempart.cases.work.queue import hidden_among, hidden_items
from rempart.errors import NotFoundError, NotPermittedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.orders.records import orders as records
from rempart.reports.orders.records import parts
from rempart.reports.orders.records.orders import OrderRow


def order_of(conn: Connection, order_id: str, who: Principal, *, lock: bool = False) -> OrderRow:
    """An order, for a step with it. Raises NotPermittedError for whoever keeps no orders, and NotFoundError."""
    if not who.may(Permission.ORDERS_KEEP):
        raise NotPermittedError("Orders are kept by leads.")
    return seen(conn, order_id, who, lock=lock)


def seen(conn: Connection, order_id: str, who: Principal, *, lock: bool = False) -> OrderRow:
    """An order, to be read. Raises NotPermittedError, and NotFoundError also where it is kept from whoever asks."""
    may_read(who)
    found = records.find(conn, order_id, lock=lock)
    if found is None or not seen_among(conn, [found], who):
        raise NotFoundError("There is no such order.")
    return found


def seen_among(conn: Connection, rows: Sequence[OrderRow], who: Principal) -> tuple[OrderRow, ...]:
    """Those of these orders that whoever asks may see."""
    about = parts.of(conn, [one.id for one in rows])
    cases = hidden_among(conn, {one.case_id for one in about if one.case_id is not None}, who)
    items = hidden_items(conn, {one.item for one in about if one.item is not None}, who)
    hidden = {one.order for one in about if one.case_id in cases or one.item in items}
    return tuple(one for one in rows if one.id not in hidden)


def may_read(who: Principal) -> None:
    """Raises NotPermittedError for whoever reads no orders."""
    if not who.may(Permission.ORDERS_READ):
        raise NotPermittedError("Orders are shown to leads and auditors.")
