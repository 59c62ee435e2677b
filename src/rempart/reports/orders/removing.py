"""A removal order: people decide in a case, as about any picture; the order makes it urgent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.settling import FOLLOW
from rempart.cases.opening import CaseItem, join, open_case
from rempart.cases.records import cases, decisions
from rempart.cases.records.cases import Case
from rempart.cases.work import moves
from rempart.cases.work.routing import LOOK, Routed
from rempart.cases.work.settings import PRIORITIES
from rempart.errors import RefusedError
from rempart.items.records import items
from rempart.items.records.items import Item
from rempart.people.principal import SYSTEM, Principal
from rempart.policy.facts import Verdict
from rempart.reports.orders.locating import Found, Removed
from rempart.reports.orders.records import orders, parts
from rempart.reports.orders.records.parts import PartRow
from rempart.reports.orders.values import FALLEN, OrderKind, PartState, Topic
from rempart.reports.reasons import delays
from rempart.reports.reasons.records import delays as delay_records
from rempart.reports.reasons.values import Cause
from rempart.store.counters import current_number
from rempart.store.jobs import enqueue

REASON = "order"
"""What a case says why it was opened."""
_KIND = "notice"  # to those who decide it is what a notice is: somebody outside says that something is there
_QUEUES = {Topic.CHILD_SAFETY: "child-safety"}
_USUAL_QUEUE = "notices"


def to_people(
    conn: Connection, found: Found, *, topic: Topic, removed: Removed, due: datetime, by: Principal, at: datetime
) -> tuple[str | None, PartState]:
    """Bring what an order names before people, unless it is gone; gives the case and how the part stands.

    Taking down needs one person. What was judged to stay is looked at again.
    """
    if found.item is not None:
        return _item_to_people(conn, found.item, topic=topic, removed=removed, due=due, by=by, at=at)
    assert found.case_id is not None
    case = cases.find(conn, found.case_id, lock=True)
    assert case is not None
    numbers = cases.items_of(conn, case.id)
    if not numbers:
        raise RefusedError("This case is about an account; nothing in it can be removed.", hint="Name items.")
    state = state_of(conn, numbers, removed=removed)
    if state is PartState.KEPT:
        moves.reopen(conn, case.id, SYSTEM, reason="an authority ordered the removal", at=at)
        state = PartState.WAITING
    if state is PartState.WAITING:
        _hurry(conn, case.id, due=due)
    elif state is PartState.REMOVING:
        follow_soon(conn, case, at=at)
    return case.id, state


def mark(conn: Connection, order: str, case_ids: Iterable[str], *, at: datetime) -> None:
    """No statement of reasons goes out for what a case that is still open does under an order (Article 9)."""
    for case_id in sorted(set(case_ids)):
        case = cases.find(conn, case_id)
        if case is None or case.state != "open":
            continue
        known = delay_records.of(conn, cases=[case_id])
        if not any(one.cause == Cause.ORDER for one in known):
            delays.mark_order(conn, SYSTEM, case_id, why=order, at=at)


def unmark(conn: Connection, order: str, case_ids: Iterable[str], *, at: datetime) -> None:
    """An order has fallen: what its cases did is told of, unless another order of removal stands behind them."""
    for case_id in sorted(set(case_ids)):
        named = {one.order for one in parts.of_case(conn, case_id, cases.items_of(conn, case_id))} - {order}
        others = orders.among(conn, sorted(named))
        if not any(one.kind == OrderKind.REMOVAL and one.outcome not in FALLEN for one in others):
            delays.lift_order(conn, case_id, why=order, at=at)


def items_of(conn: Connection, part: PartRow) -> tuple[int, ...]:
    """The items that a part is about."""
    if part.item is not None:
        return (part.item,)
    return () if part.case_id is None else cases.items_of(conn, part.case_id)


def state_of(conn: Connection, numbers: Iterable[int], *, removed: Removed) -> PartState:
    """How items stand by what people decided and services confirmed; that of the one that is furthest behind."""
    found = [one for number in numbers if (one := items.hosted(conn, number)) is not None and one.gone is None]
    left = [one for one in found if not _is_removed(conn, one, removed)]
    waiting = cases.open_with(conn, [one.id for one in left])
    states = {_state(one, waits=one.id in waiting) for one in left}
    return next(
        (one for one in (PartState.WAITING, PartState.KEPT, PartState.REMOVING) if one in states), PartState.DONE
    )


def follow_soon(conn: Connection, case: Case, *, at: datetime) -> None:
    """Have what became of a case followed again, by whoever follows outcomes."""
    enqueue(conn, FOLLOW, {"case": case.id, "round": case.round}, now=at, key=f"follow:{case.id}")


def _item_to_people(
    conn: Connection, item: Item, *, topic: Topic, removed: Removed, due: datetime, by: Principal, at: datetime
) -> tuple[str | None, PartState]:
    if item.gone is not None or _is_removed(conn, item, removed):
        return None, PartState.DONE
    told = decisions.last_about(conn, item.id)
    if item.decided is Verdict.BLOCK and told is not None and told.case_id is not None:
        case = cases.find(conn, told.case_id, lock=True)
        if case is not None and case.state == "decided":
            follow_soon(conn, case, at=at)
            return case.id, PartState.REMOVING
    case_id = open_case(
        conn, kind=_KIND, queue=_QUEUES.get(topic, _USUAL_QUEUE), assessors=1,
        item=CaseItem.of(item), matches=(), reason=REASON,
        policy_version=current_number(conn, "policy"), by=by, at=at, due=due,
    )  # fmt: skip
    return case_id, PartState.WAITING


def _hurry(conn: Connection, case_id: str, *, due: datetime) -> None:
    case = cases.find(conn, case_id, lock=True)
    assert case is not None
    join(conn, case, Routed(queue=case.queue, priority=PRIORITIES["high"], due=due), look=LOOK)


def _state(item: Item, *, waits: bool) -> PartState:
    if item.decided in (Verdict.BLOCK, Verdict.HOLD):
        return PartState.REMOVING
    return PartState.KEPT if item.decided is Verdict.ALLOW and not waits else PartState.WAITING


def _is_removed(conn: Connection, item: Item, removed: Removed) -> bool:
    """Whether a service has confirmed the removal, and nobody has said since that it stays."""
    return item.verdict is not Verdict.ALLOW and removed(conn, item.id) is not None
