"""What happens to referrals by itself: what they said is forgotten in time; and what a restore repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing.tasks import BASIS
from rempart.cases.records import tasks
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault, retention
from rempart.evidence.vault import records as vault_records
from rempart.people.principal import SYSTEM
from rempart.people.records import approvals
from rempart.reports.referrals.drafting import KEEP, KIND
from rempart.reports.referrals.records import referrals as records
from rempart.reports.referrals.records.referrals import ReferralRow
from rempart.reports.referrals.values import ENDED, State
from rempart.store.engine import Store
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

STEPS = ("referral.withdrawn", "referral.handed_over", "referral.forgotten")
"""What the ledger calls what takes away, and is done again after a restore."""
_SECONDS = 3600.0
_AT_ONCE = 50
_MOST_OBJECTS = 10_000


def periodics(store: Store) -> Sequence[Periodic]:
    """The periodic work."""

    def forget_old(worker: Worker) -> None:
        more = True
        while more:
            with store.write() as conn:
                worker.guard(conn)
                more = forget_due(conn, at=store.clock(), most=_AT_ONCE) == _AT_ONCE

    return (Periodic(name="referrals.forget", seconds=_SECONDS, run=forget_old),)


def forget_due(conn: Connection, *, at: datetime, most: int = _AT_ONCE) -> int:
    """Forget what some referrals said whose time is over; gives how many. That they were made stays."""
    found = records.forget_due(conn, now=at, most=most)
    for one in found:
        append(conn, Leaf(action="referral.forgotten", actor=SYSTEM.pseudonym, subject=f"referral:{one}"), at=at)
    return len(found)


def done_again(
    conn: Connection, action: str, subject: str, facts: Mapping[str, Any], *, vault: Vault, at: datetime
) -> bool:  # fmt: skip
    """Repeat, after a restore, that a referral was taken back, handed over or forgotten: nobody hands it over twice.

    What the recipient's reference was is not known any more.
    """
    row = records.find(conn, subject.removeprefix("referral:"), lock=True)
    if row is None:
        return False
    if action == "referral.forgotten":
        records.change(conn, row.id, frozen=None, outcome=None)
        return row.frozen is not None or row.outcome is not None
    if row.state in ENDED:
        return False
    for one in approvals.open_about(conn, kind=KIND, subject=subject):
        approvals.settle(conn, one.id, state="withdrawn", decided_by=SYSTEM.id, decided_at=at)
    values: dict[str, Any] = {"ended_at": at, "ended_by": "restore", "keep_until": at + KEEP}
    if action == "referral.withdrawn":
        records.change(conn, row.id, state=State.WITHDRAWN.value, frozen=None, **values)
        return True
    records.change(conn, row.id, state=State.HANDED_OVER.value, **values)
    if facts.get("task") and row.task_id is not None:
        _end_task(conn, row, row.task_id, vault=vault, at=at)
    return True


def _end_task(conn: Connection, row: ReferralRow, task_id: str, *, vault: Vault, at: datetime) -> None:
    """Its task is done; its evidence is kept from now on as long as the authority's regime asks, if it does."""
    task = tasks.find(conn, task_id, lock=True)
    if task is None or task.state != "waiting":
        return
    tasks.change(conn, task.id, state="done", settled=at)
    if row.regime in vault.duties:
        until = retention.regime(row.regime).keep_until(at)
        for one in vault_records.kept_for(conn, basis=BASIS, reference=task.id, lacking=None, most=_MOST_OBJECTS):
            vault_records.add_basis(conn, one, basis=row.regime, reference=row.id, since=at, keep_until=until)
    vault_records.end_basis(conn, object_id=None, basis=BASIS, reference=task.id, at=at)
