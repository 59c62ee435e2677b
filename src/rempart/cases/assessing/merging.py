"""What becomes of near-duplicates with their case: those that were confirmed join it, the others stay as they were."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.plan import APART, CONFIRMED, PROPOSED, REJECTED, Plan, cluster_of_near
from rempart.cases.assessing.values import Ending
from rempart.cases.events import Reason, publish
from rempart.cases.records import assessments, decisions, judged, near, outcomes
from rempart.cases.records import cases as records
from rempart.cases.records.cases import Case
from rempart.cases.records.near import NearRow
from rempart.cases.work import claims
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.evidence.vault.retention import CASE
from rempart.items.records import items, lookback
from rempart.policy.facts import Verdict

_MOST_COPIES = 1_000


def merge(conn: Connection, plan: Plan, row: NearRow, *, vault: Vault, at: datetime) -> None:
    """Take a near-duplicate that people confirmed, and all its copies, into the case; its own open case ends as merged.

    A case of its own in which somebody has answered, or that was decided since it was confirmed, goes before: then it
    stays apart. Done again it changes nothing.
    """
    if row.state == CONFIRMED:
        return
    said = [one for one in near.answers_of(conn, plan.case.id, round=plan.outcome.round) if one.item == row.item]
    if judged.decided_since(conn, row.item, min(one.at for one in said), but=plan.case.id):
        near.change(conn, plan.case.id, row.item, state=APART, at=at)
        return
    own = records.open_of(conn, cluster_of_near(row))
    if own is not None and own.id != plan.case.id:
        if assessments.of_case(conn, own.id, round=own.round):
            near.change(conn, plan.case.id, row.item, state=APART, at=at)
            return
        _end(conn, plan, own, vault=vault, at=at)
    item = items.hosted(conn, row.item)
    if item is not None:
        records.add_item(conn, case_id=plan.case.id, item=item.id, service=item.service, added=at)
    near.change(conn, plan.case.id, row.item, state=CONFIRMED, by=plan.by.pseudonym, at=at)


def restore(conn: Connection, plan: Plan, *, at: datetime) -> None:
    """Near-duplicates that one person took for the same and the others did not are again what they were."""
    confirmed = {one.item for one in plan.near}
    said = near.answers_of(conn, plan.case.id, round=plan.outcome.round)
    answered = {one.item for one in said}
    for row in near.of_case(conn, plan.case.id):
        if row.item in confirmed or row.state not in (PROPOSED, CONFIRMED) or row.item not in answered:
            continue
        _as_before(conn, plan, row, at=at)
        near.change(conn, plan.case.id, row.item, state=REJECTED, by=plan.by.pseudonym, at=at)


def _as_before(conn: Connection, plan: Plan, row: NearRow, *, at: datetime) -> None:
    first = outcomes.of_case(conn, plan.case.id, round=plan.outcome.round)[0]
    before = decisions.before_case(conn, plan.case.id, since=first.at)
    copies = [one for one in judged.of_bytes(conn, cluster_of_near(row), most=_MOST_COPIES) if one in before]
    lookback.lock(conn, copies)
    changed = []
    for number in copies:
        item, last, was = items.hosted(conn, number), decisions.last_about(conn, number), before[number]
        if item is None or last is None or last.case_id != plan.case.id or was is None:
            continue  # somebody else spoke of it since
        items.change(conn, number, verdict=was, decided=None)
        changed.append((item, Verdict(was)))
    for item, verdict in changed:
        publish(conn, item, verdict=verdict, reason=Reason.CASE, case_id=plan.case.id, by=plan.by, at=at)


def _end(conn: Connection, plan: Plan, own: Case, *, vault: Vault, at: datetime) -> None:
    """End a case as merged into another, with its items and its evidence."""
    for item in records.items_of(conn, own.id):
        hosted = items.hosted(conn, item)
        if hosted is not None:
            records.add_item(conn, case_id=plan.case.id, item=item, service=hosted.service, added=at)
    while found := vault.kept_for(conn, basis=CASE, reference=own.id, most=100):
        for one in found:
            vault.keep(conn, one, basis=CASE, reference=plan.case.id, by=plan.by)
            vault.let_go(conn, basis=CASE, reference=own.id, object_id=one, by=plan.by)
    claims.drop(
        conn, own, state="decided", decision=Ending.MERGED.value, decided=at, decided_by=plan.by.pseudonym,
        decided_why=plan.case.id, cluster=None,
    )  # fmt: skip
    facts = {"decision": Ending.MERGED.value, "kind": own.kind, "queue": own.queue, "round": own.round}
    leaf = Leaf(
        action="case.decided", actor=plan.by.pseudonym, facts=facts, sealed={"into": plan.case.id},
        subject=f"case:{own.id}",
    )  # fmt: skip
    append(conn, leaf, at=at)
