"""What became of the cases behind removal orders: followed after each outcome, and after each word of a service."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import cases
from rempart.cases.records.cases import Case
from rempart.people.principal import SYSTEM
from rempart.reports.orders import answering, removing
from rempart.reports.orders.locating import Removed
from rempart.reports.orders.records import orders, parts
from rempart.reports.orders.records.orders import OrderRow
from rempart.reports.orders.records.parts import PartRow
from rempart.reports.orders.values import OrderKind, OrderState, PartState

_OVER = frozenset({PartState.DONE.value, PartState.NOT_FOUND.value})


def dues(conn: Connection, case: Case) -> tuple[datetime, ...]:
    """When what people remove in a case is due by the orders behind it: services confirm by then."""
    return tuple(order.due for order, _ in _behind(conn, case, lock=False))


def follow(conn: Connection, case: Case, *, removed: Removed, at: datetime) -> tuple[str, ...]:
    """Bring the orders behind a case to where it is now, in the caller's transaction; gives those that were looked at.
    Done again it changes nothing."""
    found = _behind(conn, case, lock=True)
    for order, own in found:
        for part in own:
            state = removing.state_of(conn, removing.items_of(conn, part), removed=removed)
            if state.value != part.state:
                parts.change(conn, part, state=state.value, changed=at)
                facts = {"place": part.place, "state": state.value}
                answering.write(conn, order, "order.part", by=SYSTEM, at=at, facts=facts)
        after = parts.of(conn, [order.id])
        if all(one.state in _OVER for one in after) and any(one.state == PartState.DONE for one in after):
            answering.carried_out(conn, order, at=at)
    return tuple(order.id for order, _ in found)


def _behind(conn: Connection, case: Case, *, lock: bool) -> list[tuple[OrderRow, tuple[PartRow, ...]]]:
    """Removal orders that wait for a case, each with its parts that it decides about."""
    some = parts.of_case(conn, case.id, cases.items_of(conn, case.id))
    rows = orders.among(conn, sorted({one.order for one in some}), lock=lock)
    return [
        (row, tuple(one for one in some if one.order == row.id))
        for row in rows
        if row.kind == OrderKind.REMOVAL and row.state == OrderState.OPEN and row.effect is None
    ]
