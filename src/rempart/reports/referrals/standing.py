"""What was told of a case already, and whom a person may deal with it at all."""

from __future__ import annotations

from sqlalchemy import Connection

from rempart.cases.assessing.values import Decision
from rempart.cases.assessing.viewing import is_blind
from rempart.cases.records import tasks
from rempart.cases.records.cases import Case
from rempart.cases.records.tasks import TaskRow
from rempart.cases.work.queue import visible
from rempart.errors import ConflictError, NotFoundError, NotPermittedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.referrals.authorities import find
from rempart.reports.referrals.recipients import Recipient, Sender
from rempart.reports.referrals.records import referrals as records
from rempart.reports.referrals.records.referrals import ReferralRow
from rempart.reports.referrals.routing import Route, route
from rempart.reports.referrals.values import State

NCMEC = "us-ncmec"


def case_for(conn: Connection, case_id: str, who: Principal, permission: Permission, *, lock: bool = False) -> Case:
    """The case, for somebody who may do this and may know all of it.

    Raises NotPermittedError, NotFoundError where it is kept from them, ConflictError where they have still to answer.
    """
    if not who.may(permission):
        raise NotPermittedError(
            "Your roles do not allow this.", hint="Ask an administrator for a role that may, or a colleague who has it."
        )
    case = visible(conn, case_id, who, lock=lock)
    if is_blind(conn, case, who):
        raise ConflictError(
            "You have still to answer about this case by yourself.", hint="Answer first; then it can be dealt with."
        )
    return case


def referral_for(
    conn: Connection, referral: str, who: Principal, permission: Permission, *, lock: bool = False
) -> tuple[ReferralRow, Case]:
    """A referral with its case; the case's row is locked before the referral's. Raises NotPermittedError, and
    NotFoundError also where it is kept from them, or where they have still to answer: that there is one would tell
    what others answered."""
    row = records.find(conn, referral)
    if row is None:
        raise NotFoundError("There is no such referral.")
    try:
        case = case_for(conn, row.case_id, who, permission, lock=lock)
    except (NotFoundError, ConflictError) as err:
        raise NotFoundError("There is no such referral.") from err
    again = records.find(conn, referral, lock=True) if lock else row
    assert again is not None
    return again, case


def told(conn: Connection, case_id: str) -> frozenset[str]:
    """The authorities that a case was reported to for real.

    A report's task that is done, and by no package, was filed with NCMEC: rehearsals and tests end no task.
    """
    handed = [one for one in records.of_cases(conn, [case_id]) if one.state is State.HANDED_OVER]
    packed = {one.task_id for one in handed}
    filed = any(
        one.kind == Decision.REPORT and one.state == "done" and one.id not in packed
        for one in tasks.of_cases(conn, [case_id])
    )
    return frozenset({one.authority for one in handed if one.authority} | ({NCMEC} if filed else set()))


def route_of(conn: Connection, case: Case, sender: Sender) -> Route:
    """Where a case goes from here."""
    return route(sender, danger=case.danger, told=told(conn, case.id))


def authority_of(found: Route, recipients: tuple[Recipient, ...]) -> str:
    """The row of the table that these recipients stand for; empty where there is none."""
    named = next((one.authority for one in recipients if one.authority), "")
    if named:
        return named if find(named) is not None else ""
    own = {one.id for one in recipients}
    return next((one.authority.id for one in found.steps if own & {two.id for two in one.recipients}), "")


def task_of(conn: Connection, case: Case, found: Route, authority: str) -> TaskRow | None:
    """The waiting task that a package for this authority carries out: a referral, or a report where the operator's
    country has it made to just this authority and not by Rempart itself."""
    waiting = {one.kind: one for one in tasks.of_cases(conn, [case.id]) if one.state == "waiting"}
    if (refer := waiting.get(Decision.REFER.value)) is not None:
        return refer
    first = found.steps[0].authority if found.steps else None
    own = first is not None and first.id == authority and first.channel == "package"
    return waiting.get(Decision.REPORT.value) if own else None
