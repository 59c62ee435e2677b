"""Who is shown which reports: who is kept from a case, or must not know yet what others answered, learns nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection

from rempart.cases.assessing.viewing import is_blind
from rempart.cases.records import cases as case_records
from rempart.cases.work.queue import visible_among
from rempart.errors import NotFoundError, NotPermittedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.approvals import Approval
from rempart.reports.cybertip.records import reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import ReportState

SUBJECT = "report:"
"""How the subject of a report begins, in approvals and in the ledger."""
_MOST_READ = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPage:
    """Reports that a person may see, the youngest first. `next` is asked for as `before`; None on the last page."""

    rows: tuple[ReportRow, ...]
    next: str | None


def page(
    conn: Connection,
    who: Principal,
    *,
    before: str | None = None,
    most: int = 50,
    states: Collection[ReportState] = (),
) -> ReportPage:
    """Reports that a person may see. Raises NotPermittedError."""
    _may(who, Permission.REPORTS_READ)
    found: list[ReportRow] = []
    for _ in range(_MOST_READ):
        some = reports.page(conn, before=before, most=most + 1, states=states)
        found.extend(shown(conn, some, who))
        if len(found) > most or len(some) <= most:
            break
        before = some[-1].id
    else:
        return ReportPage(rows=tuple(found[:most]), next=before)
    more = len(found) > most
    return ReportPage(rows=tuple(found[:most]), next=found[most - 1].id if more else None)


def of_case(conn: Connection, case_id: str, who: Principal) -> tuple[ReportRow, ...]:
    """The reports of a case, the oldest first, as far as a person may know of them."""
    return shown(conn, reports.of_cases(conn, [case_id]), who)


def shown(conn: Connection, rows: Iterable[ReportRow], who: Principal) -> tuple[ReportRow, ...]:
    """Those of these reports that a person may know of."""
    rows = tuple(rows)
    seen = visible_among(conn, {one.case_id for one in rows}, who)
    known = {one for one in seen if not _blind(conn, one, who)}
    return tuple(one for one in rows if one.case_id in known)


def report_of(
    conn: Connection,
    report_id: str,
    who: Principal,
    *,
    permission: Permission = Permission.REPORTS_READ,
    lock: bool = False,
) -> ReportRow:
    """A report that a person may know of, its case and its row locked where asked. Raises NotPermittedError, and
    NotFoundError also where it is kept from them, as if it were not there."""
    _may(who, permission)
    row = reports.find(conn, report_id)
    if row is not None and lock:
        case_records.find(conn, row.case_id, lock=True)
        row = reports.find(conn, report_id, lock=True)
    if row is None or not shown(conn, (row,), who):
        raise NotFoundError("There is no such report.")
    return row


def questions(conn: Connection, asked: Iterable[Approval], who: Principal) -> tuple[Approval, ...]:
    """Questions without those about reports of which a person may not know."""
    asked = tuple(asked)
    ids = {one.subject.removeprefix(SUBJECT) for one in asked if one.subject.startswith(SUBJECT)}
    rows = (reports.find(conn, one) for one in ids)
    known = {SUBJECT + one.id for one in shown(conn, (row for row in rows if row is not None), who)}
    return tuple(one for one in asked if not one.subject.startswith(SUBJECT) or one.subject in known)


def _blind(conn: Connection, case_id: str, who: Principal) -> bool:
    case = case_records.find(conn, case_id)
    return case is None or is_blind(conn, case, who)


def _may(who: Principal, permission: Permission) -> None:
    if not who.may(permission):
        raise NotPermittedError("Your roles do not allow this.", hint="Ask somebody with a role that may.")
