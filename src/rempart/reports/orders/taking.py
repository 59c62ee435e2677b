"""Taking an order into the register: what it asks for is begun in the same transaction, or nothing is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from rempart.deadlines import orders as deadlines
from rempart.errors import NotPermittedError, RefusedError
from rempart.evidence.vault import Vault
from rempart.items.records.items import COUNTER
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.orders import answering, destroying, keeping, removing, sealing
from rempart.reports.orders.locating import Arrival, Found, Links, Removed, locate
from rempart.reports.orders.records import clocks, orders, parts
from rempart.reports.orders.records.orders import OrderRow
from rempart.reports.orders.records.parts import PartRow
from rempart.reports.orders.values import OrderForm, OrderKind, OrderState, PartKind, PartState, Taken
from rempart.reports.reasons.records.statements import COUNTER as REASONS
from rempart.store.counters import locked_number, next_number
from rempart.store.ids import new_id

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No order came before: such a time is a mistake."""


def take(
    conn: Connection,
    form: OrderForm,
    who: Principal,
    *,
    service: str,
    vault: Vault,
    links: Links,
    at: datetime,
) -> Taken:
    """Enter an order and begin with what it asks for, in the caller's transaction; gives its id and when it is due.

    1. A removal opens or joins cases, which people decide, and no statement of reasons tells of it. 2. Preservation
    places legal holds at once. 3. Destruction, and handing something over, wait for people. An order with a reference
    that is in the register already is entered all the same, and which ones bear it is told.

    `service` hosts addresses that nobody has checked. Raises NotPermittedError for whoever keeps no orders,
    RefusedError for a time of receipt that is still to come, NotFoundError for a case that is none.
    """
    if not who.may(Permission.ORDERS_KEEP):
        raise NotPermittedError("Orders are kept by leads.")
    if form.received > at:
        raise RefusedError("An order cannot have come later than now.", hint="Look at the date and the zone.")
    if form.received < EARLIEST:
        raise RefusedError("An order cannot have come so long ago.", hint="Look at the date, its year above all.")
    running = deadlines.acting(form.kind, form.laws, form.received, stated=form.stated)
    due = min(one.due for one in running.values())
    number = next_number(conn, COUNTER)
    if form.kind is OrderKind.REMOVAL:
        locked_number(conn, REASONS)  # before items: whoever states reasons takes them in this order
    arrival = Arrival(kind=form.kind, service=service, links=links, number=number, by=who, at=at)
    located = locate(conn, form.about, arrival)
    begun = tuple(_begun(conn, form, one, removed=links.removed, due=due, who=who, at=at) for one in located)
    order = _row(form, who, due=due, vault=vault, at=at)
    twins = orders.marked(conn, order.mark)
    orders.add(conn, order)
    sealing.seal(conn, order.id, form.told(), keyring=vault.keyring)
    parts.add(conn, _parts(order.id, located, begun, vault=vault, at=at))
    clocks.add(conn, [keeping.row_of(order.id, name, "act", clock) for name, clock in running.items()])
    facts = {
        "regimes": sorted(running), "laws": list(form.laws), "parts": len(located), "authority": order.authority_class,
        "twins": len(twins),
    }  # fmt: skip
    answering.write(conn, order, "order.received", by=who, at=at, facts=facts)
    _begin(conn, vault, order, who=who, at=at)
    if form.kind is OrderKind.REMOVAL:
        removing.mark(conn, order.id, [name for name, _ in begun if name is not None], at=at)
    return Taken(order=order.id, due=due, twins=twins)


def _begun(
    conn: Connection, form: OrderForm, found: Found, *, removed: Removed, due: datetime, who: Principal, at: datetime
) -> tuple[str | None, PartState]:
    """The case of a part, and how it stands."""
    if found.item is None and found.case_id is None:
        return None, PartState.NOT_FOUND
    if form.kind is OrderKind.REMOVAL:
        return removing.to_people(conn, found, topic=form.topic, removed=removed, due=due, by=who, at=at)
    return found.case_id, PartState.WAITING


def _begin(conn: Connection, vault: Vault, order: OrderRow, *, who: Principal, at: datetime) -> None:
    """What needs nobody's decision: holds, and the end of what was done before it was asked for."""
    if keeping.keeps(order):
        found = keeping.objects_of(conn, vault, parts.of(conn, [order.id]))
        keeping.cover(conn, vault, order, found, by=who, at=at)
    if order.kind == OrderKind.PRESERVATION:
        _nothing(conn, order, {one.place for one in parts.objects_of(conn, order.id).values()}, at=at)
        answering.in_force(conn, order, at=at)
    elif order.kind == OrderKind.REMOVAL:
        if all(one.state == PartState.DONE for one in parts.of(conn, [order.id])):
            answering.carried_out(conn, order, at=at)
    elif order.kind == OrderKind.DESTRUCTION:
        targets = destroying.targets(conn, vault, order, at=at)
        held = [one for one in targets if one.holds]
        if held:
            facts = {"objects": len(targets), "held": len(held)}
            answering.write(conn, order, "order.held", by=who, at=at, facts=facts)
        _nothing(conn, order, {one.place for one in targets}, at=at)


def _nothing(conn: Connection, order: OrderRow, reached: set[int], *, at: datetime) -> None:
    for part in parts.of(conn, [order.id]):
        if part.place not in reached and part.state == PartState.WAITING:
            parts.change(conn, part, state=PartState.NOTHING.value, changed=at)


def _row(form: OrderForm, who: Principal, *, due: datetime, vault: Vault, at: datetime) -> OrderRow:
    mark = sealing.mark_of(form.authority, form.reference, keyring=vault.keyring)
    return OrderRow(
        id=new_id("order"), kind=form.kind.value, country=form.country, topic=form.topic.value,
        authority_class=form.authority_class.value, regimes=list(form.laws), state=OrderState.OPEN.value, outcome=None,
        received=form.received.astimezone(UTC), zone=_zone(form.received), entered=at, by=who.pseudonym, mark=mark,
        due=due, acknowledged=None, effect=None, contested=None, contest=None, closed=None, closed_by=None,
    )  # fmt: skip


def _zone(moment: datetime) -> str:
    """The offset from UTC that a moment was told with, to the minute."""
    passed = moment.utcoffset() or timedelta(0)
    minutes = abs(passed) // timedelta(minutes=1)
    return f"{'-' if passed < timedelta(0) else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _parts(
    order: str, located: Sequence[Found], begun: Sequence[tuple[str | None, PartState]], *, vault: Vault, at: datetime
) -> list[PartRow]:
    rows = []
    for place, (found, (case_id, state)) in enumerate(zip(located, begun, strict=True), start=1):
        own = found.named.kind is PartKind.ITEM
        name = f"{found.named.service}/{found.named.name}" if own else found.named.name
        rows.append(
            PartRow(
                order=order, place=place, kind=found.named.kind.value, case_id=case_id,
                item=None if found.item is None else found.item.id, report=found.report, state=state.value, changed=at,
                named=sealing.seal_name(order, place, name, keyring=vault.keyring),
            )
        )  # fmt: skip
    return rows
