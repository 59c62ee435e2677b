"""When a report is filed: its evidence is kept as the law asks, its task ends, and it is written down who was given
what; all of it in the transaction that says so."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.tasks import finish
from rempart.cases.records import tasks
from rempart.errors import ObjectDestroyedError
from rempart.evidence.vault import Vault
from rempart.items.records.items import COUNTER
from rempart.people.principal import SYSTEM, Principal
from rempart.reports.cybertip.records import files, reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.store.counters import locked_number

REGIME = "us-2258a"
"""18 U.S.C. 2258A(h): what was reported is preserved for one year from the submission."""


def preserve(conn: Connection, row: ReportRow, *, vault: Vault, triggered: datetime) -> int:
    """Keep what was reported for a year, where that duty is switched on; gives how many objects. What was destroyed
    on request meanwhile stays so."""
    kept = 0
    for one in files.of_report(conn, row.id):
        if one.object is None:
            continue
        with suppress(ObjectDestroyedError):
            until = vault.oblige(conn, one.object, regime=REGIME, triggered=triggered, by=SYSTEM, reference=row.id)
            kept += until is not None
    return kept


def lock_task(conn: Connection, row: ReportRow) -> None:
    """Take the locks that ending a task needs, before any of a report: two parts of one decision then end one after the
    other, and the second one ends the task."""
    locked_number(conn, COUNTER)
    tasks.find(conn, row.task_id, lock=True)


def end_task(conn: Connection, row: ReportRow, *, vault: Vault, by: Principal, at: datetime) -> bool:
    """End the task that asked for the report, with the last report of it; its evidence is let go. After `lock_task`."""
    task = tasks.find(conn, row.task_id)
    if task is None or task.state != "waiting" or reports.left_of(conn, row.task_id, but=row.id):
        return False
    finish(conn, task.id, state="done", by=by, at=at, vault=vault)
    return True
