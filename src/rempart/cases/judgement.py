"""Deciding a case: what happens to every byte-identical item in it, and what their services are told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from rempart.cases.clusters import cluster_of
from rempart.cases.erasure import forget_item
from rempart.cases.events import Reason, publish
from rempart.cases.records import cases as records
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.evidence.vault.retention import CASE
from rempart.items.records import items
from rempart.items.records.items import COUNTER
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict
from rempart.store.counters import locked_number

MOST_REASON = 2_000


class Judgement(StrEnum):
    """What a case concluded."""

    RELEASE = "release"
    REMOVE = "remove"


VERDICT_OF = {Judgement.RELEASE: Verdict.ALLOW, Judgement.REMOVE: Verdict.BLOCK}


def decide(
    conn: Connection,
    case_id: str,
    *,
    decision: Judgement,
    by: Principal,
    reason: str,
    at: datetime,
    vault: Vault,
) -> records.Case:
    """Close an open case, in the caller's transaction: every item in it gets the verdict, its service is told, and
    what was sealed for the case alone is let go.

    An item that has other bytes by now is left as it is: these bytes were not looked at. One that its service deleted
    meanwhile is forgotten, unless another open case needs it.

    Taking something down never waits for a second person. Raises NotFoundError, or ConflictError when it was decided.
    """
    locked_number(conn, COUNTER)  # no item of it is checked or deleted meanwhile
    case = records.find(conn, case_id, lock=True)
    if case is None:
        raise NotFoundError("There is no such case.")
    if case.state != "open":
        raise ConflictError(f"This case was decided already: {case.decision}.", hint="Look at the case again.")
    cluster = records.cluster_of(conn, case_id)
    values = {"state": "decided", "decision": decision.value, "decided": at, "decided_by": by.pseudonym}
    records.change(conn, case_id, **values, decided_why=reason[:MOST_REASON], cluster=None)
    leaf = Leaf(
        action="case.decided",
        actor=by.pseudonym,
        facts={"decision": decision.value, "kind": case.kind, "queue": case.queue},
        sealed={"reason": reason[:MOST_REASON]} if reason else {},
        subject=f"case:{case_id}",
    )
    append(conn, leaf, at=at)
    vault.let_go(conn, basis=CASE, reference=case_id, by=by)
    verdict = VERDICT_OF[decision]
    hosted = [items.hosted(conn, item) for item in records.items_of(conn, case_id)]
    there = [one for one in hosted if one is not None and one.gone is None]
    gone = [one.id for one in hosted if one is not None and one.gone is not None]
    needed = records.open_with(conn, gone)
    for item in gone:
        if item not in needed:
            forget_item(conn, item)
    judged = [one for one in there if cluster in (one.sha256, cluster_of(one.id, None))]
    for one in judged:
        items.set_verdict(conn, one.id, verdict)
    for one in judged:
        publish(conn, one, verdict=verdict, reason=Reason.CASE, case_id=case_id, by=by, at=at)
    found = records.find(conn, case_id)
    assert found is not None
    return found
