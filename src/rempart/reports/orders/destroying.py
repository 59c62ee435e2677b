"""Destroying what an authority asks to be destroyed: two people, and never what stands under a legal hold."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.errors import LegalHoldError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.evidence.vault import records as vault_records
from rempart.evidence.vault.records import Hold
from rempart.people import approvals
from rempart.people.principal import Principal
from rempart.people.records import approvals as approval_records
from rempart.people.records.approvals import Approval
from rempart.reports.orders import answering, keeping
from rempart.reports.orders.records import parts
from rempart.reports.orders.records.orders import OrderRow
from rempart.reports.orders.records.parts import ObjectRow
from rempart.reports.orders.seeing import order_of
from rempart.reports.orders.values import OrderKind, OrderState, PartState


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """An object whose destruction is asked for: of which part, the holds that stand on it, and why else it is kept."""

    object: str
    place: int
    holds: tuple[Hold, ...]
    bases: tuple[str, ...]


def targets(conn: Connection, vault: Vault, order: OrderRow, *, at: datetime) -> tuple[Target, ...]:
    """What is there still of what an order wants destroyed."""
    found = keeping.objects_of(conn, vault, parts.of(conn, [order.id]))
    return tuple(
        Target(
            object=one, place=place, holds=vault_records.holds_on(conn, one),
            bases=vault_records.bases_of(conn, one, now=at),
        )
        for one, place in sorted(found.items())
    )  # fmt: skip


def ask(conn: Connection, order_id: str, who: Principal, *, vault: Vault, at: datetime) -> str:
    """Ask for a second person to destroy what no legal hold stands on; gives the approval's id.

    Raises NotPermittedError, NotFoundError, LegalHoldError while a hold stands on all of it, and RefusedError where
    nothing of it is kept here.
    """
    if who.kind != "person":
        raise NotPermittedError("Destroying is asked for by a person.", hint="In a command, name one: --as NAME.")
    order = _open(order_of(conn, order_id, who, lock=True))
    found = targets(conn, vault, order, at=at)
    if not found:
        raise RefusedError("Nothing of this is kept here.", hint="Answer the authority so, and close the order.")
    free = [one for one in found if not one.holds]
    facts = {"objects": len(found), "held": len(found) - len(free)}
    if not free:
        raise LegalHoldError(
            f"A legal hold stands on all {len(found)} objects; nothing is destroyed until it is released.",
            hint="Release the hold first, or refuse the request and say why.",
        )
    return approvals.ask(
        conn,
        kind=answering.DESTROY,
        subject=f"order:{order.id}",
        digest=_digest(order, free),
        by=who,
        at=at,
        facts=facts,
    )


def decide(
    conn: Connection,
    approval: Approval,
    who: Principal,
    *,
    approve: bool,
    reason: str,
    vault: Vault,
    at: datetime,
    alone_after: timedelta | None = None,
) -> int:
    """Second it, or not; where a second person does, what no hold stands on is destroyed. Gives how many objects.

    Raises RefusedError where what was asked has changed, as by a hold since, and then nothing has changed.
    """
    order = _open(order_of(conn, approval.subject.partition(":")[2], who, lock=True))
    free = [one for one in targets(conn, vault, order, at=at) if not one.holds]
    approvals.decide(
        conn, approval.id, who, approve, reason, digest=_digest(order, free), at=at, alone_after=alone_after
    )
    if not approve:
        return 0
    for one in free:
        vault.destroy(conn, one.object, reason="an authority's request", authority=order.id, by=who)
        row = ObjectRow(
            order=order.id, object=one.object, place=one.place, state=keeping.DESTROYED, hold=None, at=at
        )  # fmt: skip
        parts.add_object(conn, row)
    facts = {"objects": len(free), "kind": order.kind, "country": order.country}
    append(conn, Leaf(action="order.destroyed", actor=who.pseudonym, facts=facts, subject=f"order:{order.id}"), at=at)
    _settle(conn, vault, order, at=at)
    return len(free)


def waiting(conn: Connection, order_id: str) -> Approval | None:
    """What waits for a second person, if anything does."""
    return next(iter(approval_records.open_about(conn, kind=answering.DESTROY, subject=f"order:{order_id}")), None)


def _settle(conn: Connection, vault: Vault, order: OrderRow, *, at: datetime) -> None:
    left = {one.place for one in targets(conn, vault, order, at=at)}
    reached = {one.place for one in parts.objects_of(conn, order.id).values()}
    for part in parts.of(conn, [order.id]):
        if part.place in reached - left and part.state != PartState.DONE:
            parts.change(conn, part, state=PartState.DONE.value, changed=at)
    if not left:
        answering.carried_out(conn, order, at=at)


def _open(order: OrderRow) -> OrderRow:
    if order.kind != OrderKind.DESTRUCTION:
        raise RefusedError("This order asks for no destruction.")
    if order.state == OrderState.CLOSED:
        raise RefusedError("This order is closed.")
    return order


def _digest(order: OrderRow, free: Sequence[Target]) -> bytes:
    text = "\n".join(["destroy", order.id, *sorted(one.object for one in free)])
    return hashlib.sha256(text.encode()).digest()
