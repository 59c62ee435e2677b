"""Telling services what changed after the first answer: a numbered decision, and a message to each webhook."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from rempart.cases.records import decisions, webhooks
from rempart.evidence.ledger import Leaf, append
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict
from rempart.store.counters import next_number
from rempart.store.ids import new_id
from rempart.store.jobs import enqueue

DELIVER = "webhook.deliver"


class Reason(StrEnum):
    """Why a service is told of an item again."""

    CASE = "case"
    NEW_ENTRY = "new_entry"
    WITHDRAWN = "withdrawn"
    CONTENT = "content"


class HostedItem(Protocol):
    """An item as its service knows it, with the verdict it was told last; `items.records.Item` is one."""

    @property
    def id(self) -> int: ...
    @property
    def service(self) -> str: ...
    @property
    def item_id(self) -> str: ...
    @property
    def verdict(self) -> Verdict: ...


def publish(
    conn: Connection,
    item: HostedItem,
    *,
    verdict: Verdict,
    reason: Reason,
    case_id: str | None,
    by: Principal,
    at: datetime,
) -> decisions.DecisionRow:
    """Number a decision, write its ledger leaf, and put its messages on their way, all in the caller's transaction.

    The number is taken from the counter `decisions`, whose lock others wait for: call this late.
    """
    append(
        conn,
        Leaf(
            action="verdict.changed",
            actor=by.pseudonym,
            facts={"verdict": verdict.value, "previous": item.verdict.value, "reason": reason.value},
            sealed={"item_id": item.item_id},
            subject=f"item:{item.id}",
        ),
        at=at,
    )
    row = decisions.DecisionRow(
        seq=next_number(conn, "decisions"), id=new_id("decision"), service=item.service, item=item.id,
        item_id=item.item_id, verdict=verdict.value, previous=item.verdict.value, reason=reason.value, case_id=case_id,
        at=at,
    )  # fmt: skip
    decisions.add(conn, {name: getattr(row, name) for name in decisions.DecisionRow.__slots__})
    for endpoint in webhooks.enabled(conn, item.service):
        send(conn, endpoint=endpoint, decision=row.id, at=at)
    return row


def publish_account(
    conn: Connection, *, service: str, uploader: str, case_id: str, by: Principal, at: datetime
) -> decisions.DecisionRow | None:
    """Tell a service that an uploader's account shall be blocked for good; None when this case has told it so before.

    As with `publish`, call this late.
    """
    if decisions.account_block(conn, case_id=case_id, service=service, uploader=uploader) is not None:
        return None
    sealed = {"service": service, "uploader": uploader}
    append(conn, Leaf(action="account.blocked", actor=by.pseudonym, sealed=sealed, subject=f"case:{case_id}"), at=at)
    row = decisions.DecisionRow(
        seq=next_number(conn, "decisions"), id=new_id("decision"), service=service, subject="account", item=None,
        item_id=None, uploader=uploader, verdict=Verdict.BLOCK.value, previous=None, reason=Reason.CASE.value,
        case_id=case_id, at=at,
    )  # fmt: skip
    decisions.add(conn, {name: getattr(row, name) for name in decisions.DecisionRow.__slots__})
    for endpoint in webhooks.enabled(conn, service):
        send(conn, endpoint=endpoint, decision=row.id, at=at)
    return row


def send(conn: Connection, *, endpoint: str, decision: str, at: datetime) -> str:
    """Put one message on its way; gives its id, which stays the same over every attempt."""
    message = new_id("msg")
    row = {
        "id": message, "endpoint": endpoint, "decision": decision, "state": "waiting", "created": at, "settled": None,
        "attempts": 0,
    }  # fmt: skip
    webhooks.add_messages(conn, [row])
    enqueue(conn, DELIVER, {"message": message}, now=at, key=message)
    return message
