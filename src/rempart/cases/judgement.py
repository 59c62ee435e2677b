"""Deciding a case: what happens to every byte-identical item in it, and what their services are told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from rempart.cases.events import Reason, publish
from rempart.cases.records import cases as records
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.ledger import Leaf, append
from rempart.items import records as items
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict

MOST_REASON = 2_000


class Judgement(StrEnum):
    """What a case concluded."""

    RELEASE = "release"
    REMOVE = "remove"


VERDICT_OF = {Judgement.RELEASE: Verdict.ALLOW, Judgement.REMOVE: Verdict.BLOCK}


def decide(
    conn: Connection, case_id: str, *, decision: Judgement, by: Principal, reason: str, at: datetime
) -> records.Case:
    """Close an open case: every item in it gets the verdict, and its service is told, in the caller's transaction.

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
    told = []
    for item in records.items_of(conn, case_id):
        hosted = items.hosted(conn, item)
        if hosted is not None:
            items.set_verdict(conn, item, VERDICT_OF[decision], at=at)
            told.append(hosted)
    for one in told:
        publish(conn, one, verdict=VERDICT_OF[decision], reason=Reason.CASE, case_id=case_id, by=by, at=at)
    found = records.find(conn, case_id)
    assert found is not None
    return found
