"""When a report is filed: its evidence is kept as the law asks, its task ends, and it is written down who was given
what; all of it in the transaction that says so."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.tasks import finish
from rempart.cases.records import tasks
from rempart.errors import ObjectDestroyedError, RefusedError, TamperedError
from rempart.evidence.vault import Vault
from rempart.items.records.items import COUNTER
from rempart.people.principal import SYSTEM, Principal
from rempart.people.records import persons
from rempart.reports.cybertip.drafting.holding import tip_of
from rempart.reports.cybertip.filing.ending import write
from rempart.reports.cybertip.records import files, filings, reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.reports.orders import disclosures
from rempart.reports.orders.values import Ground, RecipientClass, What
from rempart.store.counters import locked_number

REGIME = "us-2258a"
"""18 U.S.C. 2258A(h): what was reported is preserved for one year from the submission."""
RECIPIENT = "NCMEC CyberTipline"
_UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """That a report was filed: under which number, when, and how that is known. `sent` is how many files went with it,
    `by` who says so."""

    number: str
    at: datetime
    sent: int
    again: bool
    differs: bool
    by: Principal = SYSTEM
    why: str | None = None


def lock_task(conn: Connection, row: ReportRow) -> None:
    """Take the locks that ending a task needs, before any of a report: two parts of one decision then end one after the
    other, and the second one ends the task."""
    locked_number(conn, COUNTER)
    tasks.find(conn, row.task_id, lock=True)


def is_filed(conn: Connection, row: ReportRow, filed: Filed, *, vault: Vault, at: datetime) -> None:
    """Everything that follows once a report is filed, after `lock_task`. What was rehearsed or tested has been reported
    to nobody: it ends no task, and nothing is preserved for it."""
    real = row.environment is Environment.PRODUCTION
    filings.change(conn, row.id, active=False, then=None)
    reports.change(
        conn, row.id, state=ReportState.FILED.value, filed_at=filed.at, number=filed.number, next_try=None,
        why=filed.why, changed=at,
    )  # fmt: skip
    row = replace(row, number=filed.number)
    kept = 0
    if real:
        kept = preserve(conn, row, vault=vault, triggered=filed.at)
        _disclosed(conn, row, filed, vault=vault, at=at)
    write(
        conn, "report.filed", row, at=at, by=filed.by.pseudonym, kind=_kind(row, vault), files=filed.sent,
        again=filed.again, differs=filed.differs, preserved=kept, single=row.single, danger=row.danger,
        task=row.task_id if real else None,
    )  # fmt: skip
    if real:
        end_task(conn, row, vault=vault, by=filed.by, at=at)


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
            if until is not None and (row.keep_until is None or row.keep_until < until):
                reports.change(conn, row.id, keep_until=until)
    return kept


def end_task(conn: Connection, row: ReportRow, *, vault: Vault, by: Principal, at: datetime) -> bool:
    """End the task that asked for the report, with the last report of it; its evidence is let go. After `lock_task`."""
    task = tasks.find(conn, row.task_id)
    if task is None or task.state != "waiting" or reports.left_of(conn, row.task_id, but=row.id):
        return False
    finish(conn, task.id, state="done", by=by, at=at, vault=vault)
    return True


def _disclosed(conn: Connection, row: ReportRow, filed: Filed, *, vault: Vault, at: datetime) -> None:
    """Who was given what: by whom it was asked, and who confirmed it."""
    names = persons.pseudonyms(conn, {one for one in (row.asked_by, row.confirmed_by) if one})
    asked = names.get(row.asked_by or "", filed.by.pseudonym)
    what = {What.REPORT, What.ASSESSMENTS, What.ACCOUNT} | ({What.CONTENT} if filed.sent else set())
    disclosures.log(
        conn, subject=f"report:{row.id}", recipient=RECIPIENT, recipient_class=RecipientClass.NCMEC,
        ground=Ground.DUTY if REGIME in vault.duties else Ground.VOLUNTARY, what=what,
        by=replace(SYSTEM, pseudonym=asked), at=at, keyring=vault.keyring,
        second=None if row.single else names.get(row.confirmed_by or ""), single=row.single,
        regime=REGIME if REGIME in vault.duties else "", case_id=row.case_id, reference=filed.number,
    )  # fmt: skip


def _kind(row: ReportRow, vault: Vault) -> str:
    """What the report is about, in one word of a closed set, for figures."""
    try:
        found = tip_of(row, keyring=vault.keyring).report.incident.type
    except (RefusedError, TamperedError):
        return _UNKNOWN
    return _UNKNOWN if found is None else found.name.lower()
