"""Handing a package over: what is kept because of it, which task it ends, and the disclosure that is written down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing import tasks as case_tasks
from rempart.cases.assessing.values import Decision
from rempart.cases.records import tasks
from rempart.errors import ConflictError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.evidence.vault import records as vault_records
from rempart.items.records.items import COUNTER
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.orders import disclosures
from rempart.reports.orders.values import Ground, RecipientClass
from rempart.reports.referrals import drafting, sealing
from rempart.reports.referrals.recipients import Sender
from rempart.reports.referrals.records import referrals as records
from rempart.reports.referrals.records.referrals import ReferralRow, owner
from rempart.reports.referrals.routing import Standing
from rempart.reports.referrals.standing import case_for, referral_for, route_of
from rempart.reports.referrals.values import LEAVES, Part, State
from rempart.store.counters import locked_number

_MOST = 300


def hand_over(
    conn: Connection, referral: str, who: Principal, *, reference: str, how: str, vault: Vault, at: datetime
) -> ReferralRow:
    """Note that a recipient has the package, under which reference of theirs and by which way, all in one transaction:
    evidence is kept as long as the authority's regime asks, the task is done, the disclosure is written down.

    Raises ConflictError where no package was made or it was handed over before, RefusedError without the way.
    """
    locked_number(conn, COUNTER)
    row, _ = referral_for(conn, referral, who, Permission.REPORTS_PREPARE, lock=True)
    if row.state is not State.CONFIRMED or not records.packages_of(conn, row.id):
        raise ConflictError("No package of this referral waits to be handed over.", hint="Make the package first.")
    if not how.strip():
        raise RefusedError("How it was handed over is missing.", hint="Say by which way, and to whom there.")
    frozen = drafting.frozen_of(row, keyring=vault.keyring)
    _preserve(conn, row, frozen, who, vault=vault, at=at)
    if row.task_id is not None and (task := tasks.find(conn, row.task_id)) is not None and task.state == "waiting":
        case_tasks.finish(conn, task.id, state="done", by=who, at=at, vault=vault)
    outcome = {"reference": reference.strip()[:_MOST], "how": how.strip()[:_MOST]}
    records.change(
        conn, row.id, state=State.HANDED_OVER.value, ended_at=at, ended_by=who.pseudonym, keep_until=at + drafting.KEEP,
        outcome=sealing.sealed(outcome, owner=owner(row.id, "outcome"), keyring=vault.keyring),
    )  # fmt: skip
    facts = {
        "to": row.classes.split(), "authority": row.authority, "content": row.content, "ground": row.ground,
        "task": row.task_id is not None,
    }  # fmt: skip
    sealed = {name: value for name, value in outcome.items() if value}
    leaf = Leaf(
        action="referral.handed_over", actor=who.pseudonym, facts=facts, sealed=sealed, subject=f"referral:{row.id}"
    )  # fmt: skip
    append(conn, leaf, at=at)
    _disclose(conn, row, frozen, who, reference=reference, vault=vault, at=at)
    return records.find(conn, row.id) or row


def count(conn: Connection, case_id: str, who: Principal, *, sender: Sender, vault: Vault, at: datetime) -> str:
    """End a referral that waits in a case because the report that was made already counts for all who had to be told;
    gives the authority whose report counts.

    Raises ConflictError where no referral waits, or where somebody is still to be told.
    """
    locked_number(conn, COUNTER)
    case = case_for(conn, case_id, who, Permission.REPORTS_PREPARE, lock=True)
    task = case_tasks.waiting_of(conn, case.id, Decision.REFER)
    if task is None:
        raise ConflictError("No referral waits in this case.")
    steps = route_of(conn, case, sender).steps
    counted = [one for one in steps if one.standing is Standing.COUNTED]
    due = [one for one in steps if one.standing in (Standing.DUE, Standing.REGISTER)]
    if not counted or due:
        raise ConflictError(
            "No report that was made already counts for this case.", hint="Hand a package over, or cancel the referral."
        )
    case_tasks.finish(
        conn, task.id, state="done", why=f"counted: {counted[0].counts}", by=who, at=at, vault=vault
    )  # fmt: skip
    facts = {"authority": counted[0].authority.id, "counts": counted[0].counts}
    append(conn, Leaf(action="referral.counted", actor=who.pseudonym, facts=facts, subject=f"case:{case.id}"), at=at)
    return counted[0].counts


def _preserve(
    conn: Connection, row: ReferralRow, frozen: dict[str, Any], who: Principal, *, vault: Vault, at: datetime
) -> None:
    """Keep the evidence for as long as the authority's regime asks, where the operator switched that on."""
    if not row.regime:
        return
    for one in sorted({*frozen["objects"], *(two["object"] for two in frozen["contents"])}):
        found = vault_records.find_object(conn, one)
        if found is not None and found.destroyed is None:
            vault.oblige(conn, one, regime=row.regime, triggered=at, by=who, reference=row.id)


def _disclose(
    conn: Connection,
    row: ReferralRow,
    frozen: dict[str, Any],
    who: Principal,
    *,
    reference: str,
    vault: Vault,
    at: datetime,
) -> None:
    """One disclosure for each recipient: who handed it over, and the other one of the two who agreed to it."""
    first = row.asked_by or row.created_by
    second = None
    if not row.single and row.confirmed_by != first:
        second = first if row.confirmed_by == who.pseudonym else row.confirmed_by
    for one in frozen["to"]:
        disclosures.log(
            conn, subject=f"referral:{row.id}", recipient=one["name"], recipient_class=RecipientClass(one["class"]),
            ground=Ground(row.ground), what={LEAVES[Part(part)] for part in frozen["parts"]}, by=who, at=at,
            keyring=vault.keyring, second=second, single=row.single, regime=row.regime, case_id=row.case_id,
            order=row.order, reference=reference,
        )  # fmt: skip
