"""Keeping what an order asks to be kept: legal holds for a preservation order, a law's own time after a removal.

What comes to its items later is kept as well, for as long as the order is in force. Done again it changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.tasks import BASIS as TASK
from rempart.cases.records import tasks
from rempart.deadlines import orders as deadlines
from rempart.deadlines.clocks import RunningClock
from rempart.deadlines.orders import Start, order_regimes
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.evidence.vault import records as vault_records
from rempart.evidence.vault.retention import CASE
from rempart.people.principal import SYSTEM, Principal
from rempart.reports.orders.records import clocks, orders, parts
from rempart.reports.orders.records.clocks import ClockRow
from rempart.reports.orders.records.orders import OrderRow
from rempart.reports.orders.records.parts import ObjectRow, PartRow
from rempart.reports.orders.removing import items_of
from rempart.reports.orders.values import OrderKind, OrderState, PartState

BASIS = "order"
"""The reason for which evidence is kept while a removal order is carried out; its reference is the order's id."""
HELD, KEPT, RELEASED, DESTROYED = "held", "kept", "released", "destroyed"
"""How an object stands to an order."""
_AT_ONCE = 500


def objects_of(conn: Connection, vault: Vault, some: Sequence[PartRow]) -> Mapping[str, int]:
    """The sealed objects that parts of an order are about and that are there, each with the place of its part."""
    found: dict[str, int] = {}
    for part in some:
        names = [f"item:{number}" for number in items_of(conn, part)]
        own = list(vault_records.of_items(conn, names))
        if part.item is None and part.case_id is not None:
            bases = [(CASE, part.case_id), *((TASK, one.id) for one in tasks.of_cases(conn, [part.case_id]))]
            for basis, reference in bases:
                own += vault.kept_for(conn, basis=basis, reference=reference, most=_AT_ONCE)
        for one in own:
            found.setdefault(one, part.place)
    return found


def keeps_after(order: OrderRow) -> str | None:
    """The law under which what an order has removed is kept; None where there is none."""
    known = (order_regimes()[one] for one in order.regimes)
    return next((one.id for one in known if one.keeps is not None and one.keeps.start is Start.DONE), None)


def keeps(order: OrderRow) -> bool:
    """Whether anything is kept because of an order."""
    return order.kind == OrderKind.PRESERVATION or (order.kind == OrderKind.REMOVAL and keeps_after(order) is not None)


def laws_after() -> tuple[str, ...]:
    """The laws that keep what was removed."""
    return tuple(one.id for one in order_regimes().values() if one.keeps is not None and one.keeps.start is Start.DONE)


def cover(
    conn: Connection, vault: Vault, order: OrderRow, found: Mapping[str, int], *, by: Principal, at: datetime
) -> int:
    """Keep these objects (with the place of their part) because an order asks for it; gives how many are new to it."""
    known = parts.objects_of(conn, order.id)
    fresh = {one: place for one, place in found.items() if one not in known}
    if not fresh or not keeps(order) or order.state == OrderState.CLOSED:
        return 0
    for one, place in fresh.items():
        hold = None
        if order.kind == OrderKind.PRESERVATION:
            hold = vault.hold(conn, one, reason="an authority's order", authority=order.id, by=by)
        else:
            vault.keep(conn, one, basis=BASIS, reference=order.id, by=by)
        state = KEPT if hold is None else HELD
        parts.add_object(conn, ObjectRow(order=order.id, object=one, place=place, state=state, hold=hold, at=at))
    if order.kind == OrderKind.PRESERVATION:
        _tell_parts(conn, order, at=at)
        facts = {"kind": order.kind, "objects": len(fresh)}
        append(
            conn, Leaf(action="order.preserved", actor=by.pseudonym, facts=facts, subject=f"order:{order.id}"), at=at
        )
    return len(fresh)


def begin(conn: Connection, vault: Vault, order: OrderRow, *, at: datetime) -> datetime | None:
    """What was removed under a law that keeps it is kept from now on for as long as that says; gives until when.
    None, and nothing is done, where no such law applies, nothing was removed yet, or that time runs already."""
    regime = keeps_after(order)
    if regime is None or order.effect is None or order.kind != OrderKind.REMOVAL:
        return None
    if any(one.what == "keep" for one in clocks.of(conn, [order.id])):
        return None
    clock = deadlines.keeping(regime, order.effect)
    assert clock is not None
    for one in parts.objects_of(conn, order.id).values():
        if one.state == KEPT:
            vault.keep(conn, one.object, basis=regime, reference=order.id, keep_until=clock.due, by=SYSTEM)
    vault.let_go(conn, basis=BASIS, reference=order.id, by=SYSTEM)
    clocks.add(conn, [row_of(order.id, regime, "keep", clock)])
    orders.change(conn, order.id, state=OrderState.IN_FORCE.value)
    reckon_due(conn, order.id)
    return clock.due


def release(conn: Connection, vault: Vault, order: OrderRow, *, reason: str, by: Principal, at: datetime) -> int:
    """End the holds that an order placed; others' holds stand. Gives how many."""
    found = [one for one in parts.objects_of(conn, order.id).values() if one.state == HELD and one.hold is not None]
    for one in found:
        standing = vault_records.find_hold(conn, one.hold or "")
        if standing is not None and standing.released is None:
            vault.release(conn, standing.id, reason=reason, by=by)
        parts.change_object(conn, order.id, one.object, state=RELEASED, at=at)
    clocks.stop(conn, order.id, "keep", at=at)
    return len(found)


def let_go(conn: Connection, vault: Vault, order: OrderRow, *, by: Principal) -> None:
    """Nothing is kept any more for the sake of carrying an order out."""
    if order.kind == OrderKind.REMOVAL:
        vault.let_go(conn, basis=BASIS, reference=order.id, by=by)


def reckon_due(conn: Connection, order_id: str) -> None:
    """An order is due when the first of its times that run is over; when none does, as it was."""
    running = [one.due for one in clocks.of(conn, [order_id]) if one.met is None]
    if running:
        orders.change(conn, order_id, due=min(running))


def row_of(order: str, regime: str, what: str, clock: RunningClock) -> ClockRow:
    """A clock as it is stored."""
    return ClockRow(
        order=order, regime=regime, what=what, trigger=clock.trigger, due=clock.due, warnings=clock.warnings,
        next=clock.next_word(None),
    )  # fmt: skip


def _tell_parts(conn: Connection, order: OrderRow, *, at: datetime) -> None:
    reached = {one.place for one in parts.objects_of(conn, order.id).values()}
    for part in parts.of(conn, [order.id]):
        if part.place in reached and part.state != PartState.DONE:
            parts.change(conn, part, state=PartState.DONE.value, changed=at)
