"""The register, and one order whole, as whoever asks may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.viewing import is_blind
from rempart.cases.records import cases
from rempart.deadlines.clocks import RunningClock, State
from rempart.errors import RefusedError
from rempart.evidence.vault import Keyring, Vault
from rempart.items.records import items
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.approvals import Approval
from rempart.reports.orders import answering, destroying, disclosures, sealing, seeing
from rempart.reports.orders.destroying import Target
from rempart.reports.orders.disclosures import Disclosure
from rempart.reports.orders.records import clocks, orders, parts
from rempart.reports.orders.records.clocks import ClockRow
from rempart.reports.orders.records.orders import OrderRow
from rempart.reports.orders.records.parts import ObjectRow, PartRow
from rempart.reports.orders.values import OrderKind, OrderState, PartState

MOST_ROWS = 100
_TELLING = frozenset({PartState.DONE.value, PartState.REMOVING.value, PartState.KEPT.value})
_LIVE = "live"
_STATES = frozenset({_LIVE, "all", OrderState.CLOSED.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """One time of an order and how it stands."""

    row: ClockRow
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLine:
    """An order in the register. `clock` is the one that ends first of those that run; `authority` and `reference` are
    as the order has them."""

    order: OrderRow
    authority: str = field(repr=False)
    reference: str = field(repr=False)
    parts: int
    done: int
    clock: ClockView | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A page of the register. `next` is asked for as `after`; None on the last page."""

    lines: tuple[OrderLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView:
    """One thing that an order is about, by the name that it has there. `held`: a legal hold stands on it, which keeps
    it from being destroyed; `hidden`: who looks has still to judge it and must not know how it stands."""

    row: PartRow
    name: str = field(repr=False)
    state: PartState
    service: str
    hidden: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFile:
    """One order whole. `texts` is what was sealed, opened: authority, reference, contact, text, answer and reasons."""

    order: OrderRow
    texts: Mapping[str, str] = field(repr=False)
    parts: tuple[PartView, ...]
    clocks: tuple[ClockView, ...]
    objects: tuple[ObjectRow, ...]
    targets: tuple[Target, ...]
    waiting: Approval | None
    twins: tuple[str, ...]
    disclosures: tuple[Disclosure, ...]

    @property
    def held(self) -> int:
        """On how many of the objects that are to be destroyed a legal hold stands."""
        return sum(1 for one in self.targets if one.holds)


def register(
    conn: Connection,
    who: Principal,
    *,
    keyring: Keyring,
    at: datetime,
    state: str = _LIVE,
    after: str | None = None,
    most: int = 50,
) -> Register:
    """Orders: what is `live`, the first due first; or `closed` ones, or `all`, the youngest first.

    Raises NotPermittedError, RefusedError for an `after` that no page gave, and TamperedError.
    """
    seeing.may_read(who)
    if state not in _STATES:
        raise RefusedError("There is no such state.", hint="live, closed or all.")
    most = max(1, min(most, MOST_ROWS))
    found: list[OrderRow] = []
    place = None if after is None else disclosures.place_of(after)
    more = True
    while more and len(found) <= most:  # who sees fewer of them than there are gets full pages all the same
        some = _some(conn, state, place, most=most + 1)
        found += seeing.seen_among(conn, some, who)
        more = len(some) > most
        place = _place_of(some[-1], state) if some else None
    rows = found[:most]
    return Register(
        lines=tuple(_lines(conn, rows, who, keyring=keyring, at=at)),
        next=disclosures.cursor(*_place_of(rows[-1], state)) if len(found) > most else None,
    )


def of_case(conn: Connection, case_id: str, who: Principal) -> tuple[OrderRow, ...]:
    """The orders that a case is about, or that are about an item of it, for whoever reads orders; none for others."""
    if not who.may(Permission.ORDERS_READ):
        return ()
    about = parts.of_case(conn, case_id, cases.items_of(conn, case_id))
    return seeing.seen_among(conn, orders.among(conn, sorted({one.order for one in about})), who)


def whole(conn: Connection, order_id: str, who: Principal, *, vault: Vault, at: datetime) -> OrderFile:
    """One order. Raises NotPermittedError, NotFoundError also where it is kept from whoever asks, TamperedError."""
    order = seeing.seen(conn, order_id, who)
    about = parts.of(conn, [order_id])
    hidden = _hidden(conn, about, who)
    keyring = vault.keyring
    destruction = order.kind == OrderKind.DESTRUCTION
    targets = destroying.targets(conn, vault, order, at=at) if destruction else ()
    twins = [one for one in orders.marked(conn, order.mark) if one != order.id]
    seen = {one.id for one in seeing.seen_among(conn, orders.among(conn, twins), who)}
    return OrderFile(
        order=_unknowing(order) if hidden else order, texts=sealing.texts_of(conn, order.id, keyring=keyring),
        parts=tuple(_parts(conn, about, targets, hidden, keyring=keyring)),
        clocks=tuple(view(one, at, unknowing=bool(hidden)) for one in clocks.of(conn, [order.id])),
        objects=tuple(parts.objects_of(conn, order.id).values()), targets=targets,
        waiting=destroying.waiting(conn, order.id) if destruction else None,
        twins=tuple(one for one in twins if one in seen),
        disclosures=_disclosures(conn, order, who, keyring=keyring),
    )  # fmt: skip


def view(row: ClockRow, at: datetime, *, unknowing: bool = False) -> ClockView:
    """A clock and how it stands at a moment; to who must not know yet what was decided, as if nothing had been done."""
    row = replace(row, met=None) if unknowing and row.what == "act" else row
    clock = RunningClock(trigger=row.trigger, due=row.due, warnings=row.warnings, met=row.met)
    return ClockView(row=row, state=clock.state(at))


def _unknowing(order: OrderRow) -> OrderRow:
    return replace(order, effect=None)


def _lines(
    conn: Connection, rows: Sequence[OrderRow], who: Principal, *, keyring: Keyring, at: datetime
) -> list[OrderLine]:
    ids = [one.id for one in rows]
    about, times = parts.of(conn, ids), clocks.of(conn, ids)
    lines = []
    for row in rows:
        texts = sealing.texts_of(conn, row.id, keyring=keyring)
        own = [one for one in about if one.order == row.id]
        hidden = _hidden(conn, [one for one in own if one.state in _TELLING], who)
        views = [view(one, at, unknowing=bool(hidden)) for one in times if one.order == row.id]
        done = sum(1 for one in own if one.state == PartState.DONE and one.place not in hidden)
        clock = next((one for one in views if one.row.met is None), None)
        lines.append(
            OrderLine(
                order=_unknowing(row) if hidden else row, authority=texts.get("authority", ""),
                reference=texts.get("reference", ""), parts=len(own), done=done, clock=clock,
            )
        )  # fmt: skip
    return lines


def _parts(
    conn: Connection,
    about: Sequence[PartRow],
    targets: Sequence[Target],
    hidden: frozenset[int],
    *,
    keyring: Keyring,
) -> list[PartView]:
    held = {one.place for one in targets if one.holds}
    views = []
    for row in about:
        item = None if row.item is None else items.hosted(conn, row.item)
        state = PartState.HELD if row.place in held else PartState(row.state)
        views.append(
            PartView(
                row=row, name=sealing.name_of(row, keyring=keyring), service="" if item is None else item.service,
                state=PartState.WAITING if row.place in hidden else state, hidden=row.place in hidden,
            )
        )  # fmt: skip
    return views


def _hidden(conn: Connection, about: Sequence[PartRow], who: Principal) -> frozenset[int]:
    """Those parts whose case whoever looks has still to judge: they must not know what others said of it."""
    blind = {}
    for name in {one.case_id for one in about if one.case_id is not None}:
        case = cases.find(conn, name)
        blind[name] = case is not None and case.state == "open" and is_blind(conn, case, who)
    return frozenset(one.place for one in about if one.case_id is not None and blind[one.case_id])


def _disclosures(conn: Connection, order: OrderRow, who: Principal, *, keyring: Keyring) -> tuple[Disclosure, ...]:
    """What was handed over under an order, and of its cases since it came: packages know no order."""
    found = list(disclosures.listed(conn, who, keyring=keyring, order=order.id))
    if order.kind in (OrderKind.WARRANT, OrderKind.INFORMATION):
        for case_id in answering.cases_of(conn, order.id):
            found += disclosures.listed(conn, who, keyring=keyring, case_id=case_id, since=order.received)
    return tuple({one.id: one for one in found}.values())


def _some(
    conn: Connection, state: str, place: tuple[datetime, str] | None, *, most: int
) -> tuple[OrderRow, ...]:  # fmt: skip
    if state == _LIVE:
        return orders.live(conn, after=place, most=most)
    return orders.received(conn, state=None if state == "all" else state, before=place, most=most)


def _place_of(row: OrderRow, state: str) -> tuple[datetime, str]:
    return (row.due if state == _LIVE else row.received), row.id
