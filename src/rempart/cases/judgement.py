"""Deciding a case: what happens to every byte-identical item in it, and what their services are told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from rempart.cases.events import Reason, publish
from rempart.cases.records import cases as records
from rempart.cases.records import decisions
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.ledger import Leaf, append, erase
from rempart.evidence.vault import Vault
from rempart.evidence.vault.retention import CASE
from rempart.items.records import checks, items
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict

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

    Taking something down never waits for a second person. Raises NotFoundError, or ConflictError when it was decided.
    """
    case = records.find(conn, case_id, lock=True)
    if case is None:
        raise NotFoundError("There is no such case.")
    if case.state != "open":
        raise ConflictError(f"This case was decided already: {case.decision}.", hint="Look at the case again.")
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
    for one in hosted:
        if one is not None and one.gone is not None:
            _forget(conn, one.id)
    for one in there:
        items.set_verdict(conn, one.id, verdict, at=at)
    for one in there:
        publish(conn, one, verdict=verdict, reason=Reason.CASE, case_id=case_id, by=by, at=at)
    found = records.find(conn, case_id)
    assert found is not None
    return found


def _forget(conn: Connection, item: int) -> None:
    """An item that its service deleted while the case was open: nothing needs it any more."""
    checks.erase(conn, item)
    items.erase(conn, item)
    decisions.erase_item(conn, item)
    erase(conn, subject=f"item:{item}")
