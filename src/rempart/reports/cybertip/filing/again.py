"""After a restore: what was filed since the backup is not filed a second time, and what was stopped is not sent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing.tasks import finish
from rempart.cases.records import tasks
from rempart.evidence.vault import Vault
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.filing.after import end_task, lock_task, preserve
from rempart.reports.cybertip.filing.values import Step, Why
from rempart.reports.cybertip.records import calls, filings, reports
from rempart.reports.cybertip.records.filings import Filing
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import Environment, ReportState

FINISHING, FILED, STOPPED = "report.finishing", "report.filed", "report.stop_asked"
STEPS = (FINISHING, FILED, STOPPED)
"""What the ledger calls what was done here, and what is done again after a restore."""


def filed_again(
    conn: Connection, action: str, report_id: str, facts: Mapping[str, Any], *, vault: Vault, at: datetime
) -> bool:
    """Repeat a step of filing; False when there is nothing to do.

    What was to be finished may have been: people find out, unless a later step says that it was, and also where
    somebody asked to stop it after that. The number was sealed
    and is in the service's receipt alone. Of a report that the backup does not know at least the task is ended.
    """
    if facts.get("environment") != Environment.PRODUCTION:
        return False
    row = reports.find(conn, report_id)
    if row is None:
        return action == FILED and _task_ended(conn, facts.get("task"), vault=vault, at=at)
    lock_task(conn, row)
    row = reports.find(conn, report_id, lock=True)
    if row is None or (row.state is ReportState.FILED and row.environment is Environment.PRODUCTION):
        return False
    if action == FILED:
        _put(conn, row, ReportState.FILED, at=at, filed_at=at)
        preserve(conn, row, vault=vault, triggered=at)
        end_task(conn, row, vault=vault, by=SYSTEM, at=at)
    else:
        unsure = action == FINISHING or _may_be_finished(conn, row)
        _put(conn, row, ReportState.MANUAL if unsure else ReportState.RETRACTED, at=at)
    return True


def _may_be_finished(conn: Connection, row: ReportRow) -> bool:
    """Whether its end was asked for before it was stopped: as the backup knows, or a step that was just repeated."""
    if row.state is ReportState.MANUAL:
        return True
    return bool(row.run) and any(one.step == Step.FINISH for one in calls.of_run(conn, row.id, row.run))


def _put(conn: Connection, row: ReportRow, state: ReportState, *, at: datetime, **values: object) -> None:
    found = filings.find(conn, row.id, lock=True) or Filing(
        report=row.id, environment=Environment.PRODUCTION.value, active=False, begun=at, job=None, odd=0, then=None,
        told_late=None, put_off=None,
    )  # fmt: skip
    filings.put(conn, found)
    filings.change(conn, row.id, active=False, then=None, environment=Environment.PRODUCTION.value)
    reports.change(
        conn, row.id, state=state.value, environment=Environment.PRODUCTION.value, next_try=None, changed=at,
        why=Why.RESTORED.value, **values,
    )  # fmt: skip


def _task_ended(conn: Connection, task_id: object, *, vault: Vault, at: datetime) -> bool:
    task = tasks.find(conn, task_id) if isinstance(task_id, str) else None
    if task is None or task.state != "waiting":
        return False
    finish(conn, task.id, state="done", why="reported before a restore", by=SYSTEM, at=at, vault=vault)
    return True
