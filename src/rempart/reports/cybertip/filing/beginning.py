"""Beginning to file a report that was confirmed, and what people may do about one that is being filed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.people.permissions import Permission
from rempart.people.principal import SYSTEM, Principal
from rempart.reports.cybertip.drafting.reading import report_of
from rempart.reports.cybertip.filing.after import Filed, is_filed, lock_task
from rempart.reports.cybertip.filing.standing import is_wanted
from rempart.reports.cybertip.filing.values import Outcome, Then, Why
from rempart.reports.cybertip.records import files, filings, receipts, reports
from rempart.reports.cybertip.records.filings import Filing
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import Environment, FileState, ReportState
from rempart.store.jobs import enqueue

FILE = "report.file"
"""The kind of job that files a report: {"report": id}."""
MOST_WHY = 2_000


class Found(StrEnum):
    """What people found out about a report that the software could not tell of."""

    FILED = "filed"
    """The service says that it was filed, and under which number."""
    NOT_FILED = "not_filed"
    """The service says that it was not: it is begun again, and what may be open is left to expire."""
    GIVEN_UP = "given_up"
    """It was not filed, and is not sent as it is."""


def begin(conn: Connection, report_id: str, *, environment: Environment, at: datetime, by: Principal = SYSTEM) -> None:
    """Begin to file a report that was confirmed; one that was rehearsed or tested may be filed again.

    Raises NotFoundError, and ConflictError for one that nobody confirmed, that is being filed or has been reported, or
    that no decision asks for any more. Whether `environment` may be used is for the caller to know.
    """
    row = _found(conn, report_id)
    before = filings.find(conn, report_id, lock=True)
    if before is not None and before.active:
        raise ConflictError("This report is being filed already.")
    rehearsed = row.state is ReportState.FILED and row.environment is not Environment.PRODUCTION
    if row.state is ReportState.FILED and not rehearsed:
        raise ConflictError("This has been reported already.", hint="A new report can name the earlier one.")
    if row.digest is None or not (rehearsed or row.state is ReportState.CONFIRMED):
        raise ConflictError("This report has not been confirmed.")
    if not is_wanted(conn, row):
        raise ConflictError("No decision asks for this report any more.")
    filings.put(conn, Filing(
        report=row.id, environment=environment.value, active=True, begun=at, job=None, odd=0, then=None,
        told_late=None, put_off=at,
    ))  # fmt: skip
    files.change_all(conn, row.id, state=FileState.WAITING.value, remote=None, why=None)
    reports.change(
        conn, row.id, state=ReportState.CONFIRMED.value, environment=environment.value, number=None, filed_at=None,
        tries=0, next_try=at, why=None, changed=at,
    )  # fmt: skip
    sent = len(files.of_report(conn, row.id))
    _write(conn, "report.filing_begun", row, by=by, at=at, environment=environment.value, files=sent)
    queue(conn, row.id, at=at)


def queue(conn: Connection, report_id: str, *, at: datetime) -> None:
    """Let a job go on with a report; nothing where one waits already."""
    enqueue(conn, FILE, {"report": report_id}, now=at, key=f"{FILE}:{report_id}")


def retry(conn: Connection, who: Principal, report_id: str, *, at: datetime) -> None:
    """Go on with a report now: one that waits, or one that was put into people's hands.

    What may have been filed is asked about first, as always. Raises NotPermittedError, NotFoundError, ConflictError.
    """
    row, filing = _visible(conn, who, report_id, Permission.REPORTS_APPROVE)
    if filing is None or not (filing.active or row.state is ReportState.MANUAL):
        raise ConflictError("This report does not wait to be sent.")
    _known_here(row)
    filings.change(conn, row.id, active=True, odd=0, put_off=at)
    reports.change(conn, row.id, tries=0, next_try=at, changed=at)
    _write(conn, "report.retried", row, by=who, at=at)
    queue(conn, row.id, at=at)


def stop(conn: Connection, who: Principal, report_id: str, *, why: str, at: datetime) -> None:
    """Take a report back that is being filed: what is open at the service is retracted. One that was finished
    meanwhile is filed, and nothing can change that.

    For leads. Raises NotPermittedError, NotFoundError, RefusedError without a reason, and ConflictError.
    """
    row, filing = _visible(conn, who, report_id, Permission.REPORTS_LEAD)
    _reason(why)
    if filing is None or not (filing.active or row.state is ReportState.MANUAL):
        raise ConflictError("This report is not being filed.")
    _known_here(row)
    filings.change(conn, row.id, active=True, then=Then.STOP.value, odd=0, put_off=at)
    reports.change(conn, row.id, tries=0, next_try=at, why=Why.STOPPED.value, changed=at)
    run = filings.find_run(conn, row.id, row.run)
    if run is not None and run.ended is None:
        filings.change_run(conn, row.id, run.run, why=Why.STOPPED.value)
    _write(conn, "report.stop_asked", row, by=who, at=at, reason=why)
    queue(conn, row.id, at=at)


def resolve(
    conn: Connection,
    who: Principal,
    report_id: str,
    *,
    found: Found,
    why: str,
    at: datetime,
    vault: Vault,
    number: str | None = None,
) -> None:
    """Say what became of a report that was put into people's hands, after asking the service.

    For leads. Raises NotPermittedError, NotFoundError, ConflictError for one that is not in people's hands, and
    RefusedError without a reason, or without the number of what was filed.
    """
    row, filing = _visible(conn, who, report_id, Permission.REPORTS_LEAD)
    _reason(why)
    if filing is None or row.state is not ReportState.MANUAL:
        raise ConflictError("Nobody has to find out what became of this report.")
    number = (number or "").strip()
    if found is Found.FILED and not (number.isascii() and number.isdigit() and len(number) < 20):
        raise RefusedError("What was filed has a number.", hint="The service's report id: digits.")
    _write(conn, "report.resolved", row, by=who, at=at, reason=why, number=number, found=found.value)
    run = filings.find_run(conn, row.id, row.run) if row.run else None
    if run is not None and run.ended is None:
        outcome = Outcome.FILED if found is Found.FILED else Outcome.ABANDONED
        filings.change_run(conn, row.id, run.run, ended=at, outcome=outcome.value, why=Why.RESOLVED.value)
    if found is Found.FILED:
        _filed(conn, who, row, number, vault=vault, at=at)
    elif found is Found.NOT_FILED:
        files.change_all(conn, row.id, state=FileState.WAITING.value, remote=None)
        filings.change(conn, row.id, active=True, then=None, odd=0, put_off=at)
        reports.change(conn, row.id, tries=0, next_try=at, number=None, changed=at, why=Why.RESOLVED.value)
        queue(conn, row.id, at=at)
    else:
        filings.change(conn, row.id, then=None)
        reports.change(
            conn, row.id, state=ReportState.REJECTED.value, number=None, why=Why.RESOLVED.value, changed=at
        )  # fmt: skip


def _filed(conn: Connection, who: Principal, row: ReportRow, number: str, *, vault: Vault, at: datetime) -> None:
    receipts.add(conn, receipts.Receipt(
        report=row.id, run=row.run, environment=row.environment.value, number=number, object=None, at=at, sealed=at,
        again=True, differs=False,
    ))  # fmt: skip
    sent = sum(one.remote is not None for one in files.of_report(conn, row.id))
    filed = Filed(number=number, at=at, sent=sent, again=True, differs=False, by=who, why=Why.RESOLVED.value)
    is_filed(conn, row, filed, vault=vault, at=at)


def _visible(
    conn: Connection, who: Principal, report_id: str, permission: Permission
) -> tuple[ReportRow, Filing | None]:
    if not who.may(permission):
        raise NotPermittedError("This is for people who may.", hint="In a command, name one: --as NAME.")
    found = report_of(conn, report_id, who, permission=permission)
    if permission is Permission.REPORTS_LEAD:
        lock_task(conn, found)
    row = _found(conn, report_id)
    return row, filings.find(conn, report_id, lock=True)


def _known_here(row: ReportRow) -> None:
    """Refuse to go on, or to take back, what nobody here can say anything of: only the service can."""
    if row.state is ReportState.MANUAL and row.why == Why.RESTORED:
        raise ConflictError(
            "This may have been filed after the backup, under a number that nobody here knows.",
            hint="Ask the service, and say what it said.",
        )


def _found(conn: Connection, report_id: str) -> ReportRow:
    row = reports.find(conn, report_id, lock=True)
    if row is None:
        raise NotFoundError("There is no such report.")
    return row


def _reason(why: str) -> None:
    if not why.strip():
        raise RefusedError("A reason is needed.", hint="A few words are enough.")


def _write(
    conn: Connection,
    action: str,
    row: ReportRow,
    *,
    by: Principal,
    at: datetime,
    reason: str = "",
    number: str = "",
    **facts: object,
) -> None:
    told = {"environment": row.environment.value, "run": row.run} | facts
    sealed = {name: text.strip()[:MOST_WHY] for name, text in (("reason", reason), ("number", number)) if text.strip()}
    append(conn, Leaf(action=action, actor=by.pseudonym, facts=told, sealed=sealed, subject=f"report:{row.id}"), at=at)
