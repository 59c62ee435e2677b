"""What is done about an order besides carrying it out: receipt, more time, contest, an answer, and its end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.deadlines import orders as deadlines
from rempart.deadlines.clocks import RunningClock
from rempart.deadlines.spans import minutes
from rempart.errors import ConflictError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring, Vault
from rempart.people import approvals
from rempart.people.principal import SYSTEM, Principal
from rempart.people.records import approvals as approval_records
from rempart.reports.orders import disclosures, keeping, removing, sealing
from rempart.reports.orders.records import clocks, orders, parts
from rempart.reports.orders.records.clocks import ClockRow
from rempart.reports.orders.records.orders import OrderRow
from rempart.reports.orders.seeing import order_of
from rempart.reports.orders.values import (
    FALLEN,
    MOST_TEXT,
    Contest,
    Ground,
    OrderKind,
    OrderState,
    Outcome,
    PartState,
    RecipientClass,
    What,
)

DESTROY = "evidence.destroy"
"""The kind of approval that destroying needs; its subject is `order:…`."""
_GROUNDS = {OrderKind.WARRANT: Ground.WARRANT, OrderKind.INFORMATION: Ground.REQUEST}
_FINISHED = frozenset({PartState.DONE.value, PartState.NOT_FOUND.value, PartState.NOTHING.value})
LONGEST = timedelta(days=366)


def acknowledge(conn: Connection, order_id: str, who: Principal, *, at: datetime) -> None:
    """Note that the authority was told of the receipt. Raises ConflictError where that is noted."""
    order = _open(order_of(conn, order_id, who, lock=True))
    if order.acknowledged is not None:
        raise ConflictError("The receipt was told already.")
    orders.change(conn, order.id, acknowledged=at)
    write(conn, order, "order.acknowledged", by=who, at=at, facts=_took(order, at))


def extend(
    conn: Connection, order_id: str, who: Principal, *, until: datetime, why: str, keyring: Keyring, at: datetime
) -> None:
    """Give an order a later end because its authority gave more time, or renewed what it asks to be kept.

    Of an order that is still to be carried out the time to do so, else the time for which something is kept.
    Raises RefusedError without a reason, and for an end that is no later than the one there is.
    """
    order, why = _open(order_of(conn, order_id, who, lock=True)), _reason(why)
    running = [one for one in clocks.of(conn, [order.id]) if one.met is None]
    what = "act" if any(one.what == "act" for one in running) else "keep"
    own = [one for one in running if one.what == what]
    if not own:
        raise RefusedError("No time runs that could be extended.")
    last = max(one.due for one in own)
    if not last < until <= at + LONGEST:
        raise RefusedError("More time ends later than now, and within a year.", hint="Give the new end, with its zone.")
    for one in own:
        longer = deadlines.extended(_clock(one), until)
        fresh = {"due": longer.due, "warnings": longer.warnings, "next": longer.next_word(at), "alarmed": None}
        clocks.change(conn, one, **fresh, extended=at)
    keeping.reckon_due(conn, order.id)
    hours = (until - last) // timedelta(hours=1)
    _note(conn, order, "extension", why, keyring=keyring)
    write(conn, order, "order.extended", by=who, at=at, facts={"what": what, "hours": hours}, why=why)


def contest(conn: Connection, order_id: str, who: Principal, *, why: str, keyring: Keyring, at: datetime) -> None:
    """Note that an order is contested, before a court or the authority. Its times run on, and so does what it asks."""
    order, why = _open(order_of(conn, order_id, who, lock=True)), _reason(why)
    if order.contest == Contest.WAITING:
        raise ConflictError("This order is contested already.")
    orders.change(conn, order.id, contested=at, contest=Contest.WAITING.value)
    _note(conn, order, "contest", why, keyring=keyring)
    write(conn, order, "order.contested", by=who, at=at, why=why)


def contested(conn: Connection, order_id: str, who: Principal, *, upheld: bool, at: datetime) -> None:
    """Note how a contest ended. What the order had done stays as it is until people decide otherwise."""
    order = order_of(conn, order_id, who, lock=True)
    if order.contest != Contest.WAITING:
        raise ConflictError("No contest waits.")
    state = Contest.UPHELD if upheld else Contest.REJECTED
    orders.change(conn, order.id, contest=state.value)
    write(conn, order, "order.contest_ended", by=who, at=at, facts={"upheld": upheld})


def disclose(
    conn: Connection,
    order_id: str,
    who: Principal,
    *,
    what: Collection[What],
    recipient: str = "",
    note: str = "",
    keyring: Keyring,
    at: datetime,
) -> str:
    """Note what was handed over under a warrant or a request for information; gives the entry in the log.

    To the order's authority, where nobody else is named. Content leaves as a package alone, which two people let go.
    """
    order = _open(order_of(conn, order_id, who, lock=True))
    ground = _GROUNDS.get(OrderKind(order.kind))
    if ground is None:
        raise RefusedError("This order asks for nothing to be handed over.")
    if What.CONTENT in what:
        raise RefusedError(
            "Content leaves as a sealed package, which two people let go.",
            hint="Make a referral package under this order.",
        )
    told = sealing.texts_of(conn, order.id, keyring=keyring)
    entry = disclosures.log(
        conn, subject=f"order:{order.id}", recipient=recipient.strip() or told["authority"],
        recipient_class=RecipientClass(order.authority_class), ground=ground, what=what, by=who, at=at,
        keyring=keyring, order=order.id, reference=note.strip() or told["reference"],
        regime=next(iter(order.regimes), ""),
    )  # fmt: skip
    if order.effect is None:
        carried_out(conn, order, at=at)
    return entry


def release(
    conn: Connection, order_id: str, who: Principal, *, why: str, vault: Vault, at: datetime
) -> int:  # fmt: skip
    """End the legal holds that a preservation order placed; gives how many. Others' holds, and other reasons, stand."""
    order, why = _open(order_of(conn, order_id, who, lock=True)), _reason(why)
    if order.kind != OrderKind.PRESERVATION:
        raise RefusedError("This order placed no hold.")
    count = keeping.release(conn, vault, order, reason=why, by=who, at=at)
    write(conn, order, "order.released", by=who, at=at, facts={"objects": count}, why=why)
    return count


def close(
    conn: Connection,
    order_id: str,
    who: Principal,
    *,
    outcome: Outcome,
    answer: str,
    vault: Vault,
    at: datetime,
) -> None:
    """End an order with what its authority was answered: all done, partly, refused, or it was taken back.

    Raises RefusedError without an answer, for `done` where something is left to do, and while its own holds stand.
    """
    order, answer = _open(order_of(conn, order_id, who, lock=True)), _reason(answer)
    if outcome is Outcome.DONE and order.effect is None and _left(conn, order):
        raise RefusedError(
            "Not all of this order is carried out.", hint="Say that it is in part, or that it is refused, and why."
        )
    if any(one.state == keeping.HELD for one in parts.objects_of(conn, order.id).values()):
        raise RefusedError("Its legal holds stand still.", hint="Release them first; until then it is in force.")
    effect = order.effect or (at if outcome in (Outcome.DONE, Outcome.PARTLY) else None)
    keeping.begin(conn, vault, replace(order, effect=effect), at=at)
    keeping.let_go(conn, vault, order, by=who)
    for one in approval_records.open_about(conn, kind=DESTROY, subject=f"order:{order.id}"):
        approvals.withdraw(conn, one.id, by=who, at=at)
    orders.change(
        conn, order.id, state=OrderState.CLOSED.value, outcome=outcome.value, closed=at, closed_by=who.pseudonym,
        effect=effect,
    )  # fmt: skip
    clocks.stop(conn, order.id, "act", at=at)
    clocks.stop(conn, order.id, "keep", at=at)
    if order.kind == OrderKind.REMOVAL and outcome in FALLEN:
        removing.unmark(conn, order.id, cases_of(conn, order.id), at=at)
    _note(conn, order, "answer", answer, keyring=vault.keyring)
    facts = {"outcome": outcome.value, "contested": order.contested is not None, **_took(order, effect or at)}
    write(conn, order, "order.closed", by=who, at=at, facts=facts, why=answer)


def carried_out(conn: Connection, order: OrderRow, *, at: datetime) -> None:
    """Note that an order was carried out; its times to do so are met. Said twice it changes nothing more."""
    if order.effect is not None:
        return
    due = [one.due for one in clocks.of(conn, [order.id]) if one.what == "act"]
    orders.change(conn, order.id, effect=at)
    clocks.stop(conn, order.id, "act", at=at)
    keeping.reckon_due(conn, order.id)
    facts = _took(order, at) | {"late": bool(due) and min(due) < at}
    write(conn, order, "order.carried_out", by=SYSTEM, at=at, facts=facts)


def in_force(conn: Connection, order: OrderRow, *, at: datetime) -> None:
    """A preservation order whose holds stand is in force from now on. Where nothing of it is kept, its time to answer
    runs on. Said twice it changes nothing more."""
    if order.state != OrderState.OPEN or not parts.objects_of(conn, order.id):
        return
    orders.change(conn, order.id, state=OrderState.IN_FORCE.value)
    for name in order.regimes:
        clock = deadlines.keeping(name, order.received)
        if clock is not None:
            clocks.add(conn, [keeping.row_of(order.id, name, "keep", clock)])
    carried_out(conn, order, at=at)


def write(
    conn: Connection,
    order: OrderRow,
    action: str,
    *,
    by: Principal,
    at: datetime,
    facts: Mapping[str, object] | None = None,
    why: str = "",
) -> None:
    """Write a step of an order down."""
    told = {"kind": order.kind, "country": order.country, "topic": order.topic, **(facts or {})}
    sealed = {"reason": why} if why else {}
    append(conn, Leaf(action=action, actor=by.pseudonym, facts=told, sealed=sealed, subject=f"order:{order.id}"), at=at)


def cases_of(conn: Connection, order_id: str) -> tuple[str, ...]:
    """The cases that an order is about."""
    return tuple(sorted({one.case_id for one in parts.of(conn, [order_id]) if one.case_id is not None}))


def _left(conn: Connection, order: OrderRow) -> bool:
    """Whether something is left to do. Of what is handed over, the log of disclosures tells."""
    if order.kind in _GROUNDS:
        return not disclosures.made_for(conn, order.id, cases_of(conn, order.id), since=order.received)
    return any(one.state not in _FINISHED for one in parts.of(conn, [order.id]))


def _note(conn: Connection, order: OrderRow, name: str, text: str, *, keyring: Keyring) -> None:
    sealing.seal(conn, order.id, {name: text}, keyring=keyring)


def _clock(row: ClockRow) -> RunningClock:
    return RunningClock(trigger=row.trigger, due=row.due, warnings=row.warnings, met=row.met)


def _took(order: OrderRow, at: datetime) -> dict[str, object]:
    """How long after it came, coarsely: for the figures that are published."""
    return {"took": minutes(order.received, at)}


def _open(order: OrderRow) -> OrderRow:
    if order.state == OrderState.CLOSED:
        raise ConflictError("This order is closed.")
    return order


def _reason(text: str) -> str:
    if not text.strip():
        raise RefusedError("A reason is needed.", hint="A few words are enough.")
    return text.strip()[:MOST_TEXT]
