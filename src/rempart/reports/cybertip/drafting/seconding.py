"""Two people: one asks for exactly this document to be filed, another confirms it.

The digest of the document binds both. What is edited after it was asked takes the question back; who asked cannot
confirm. The exceptions, each of them logged *single* and reviewed afterwards: immediate danger, a decision that one
person took alone, nobody who confirms within the team's limit, and a declared one-person deployment after its delay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection

from rempart.cases.records import tasks
from rempart.cases.work.settings import current
from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.vault import Keyring
from rempart.people import approvals
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import approvals as approval_records
from rempart.reports.cybertip.document.problems import Problem
from rempart.reports.cybertip.drafting.composing import House
from rempart.reports.cybertip.drafting.editing import KIND, take_back
from rempart.reports.cybertip.drafting.exact import exact
from rempart.reports.cybertip.drafting.holding import digest_of, draft_of, frozen_of, seal_draft, seal_tip, tip_of
from rempart.reports.cybertip.drafting.making import case_of, place_files, write
from rempart.reports.cybertip.drafting.reading import SUBJECT, report_of
from rempart.reports.cybertip.records import reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE, ReportState

Begin = Callable[[Connection, str, datetime], None]
"""What begins to file a report that was confirmed, in the same transaction."""


class Why(StrEnum):
    """Why one person may confirm alone."""

    DANGER = "danger"
    DECISION = "decision"  # that it is reported was decided by one person alone
    LIMIT = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alone:
    """That whoever asked may confirm it alone, and from when."""

    why: Why
    after: datetime


def ask(
    conn: Connection, report_id: str, *, version: int, who: Principal, at: datetime, keyring: Keyring, house: House
) -> str:
    """Ask for a report to be filed as it would be sent now; gives the id of the question.

    1. The person may know of it and complete it, and is a person. 2. It is a draft, in the version that they saw. 3.
    Its decision still stands. 4. Nothing is wrong with it. Raises NotPermittedError, NotFoundError, ConflictError,
    RefusedError with the first things that are wrong.
    """
    row = report_of(conn, report_id, who, permission=Permission.REPORTS_PREPARE, lock=True)
    if who.kind != "person":
        raise NotPermittedError("A person asks for a report to be filed.", hint="In a command, name one: --as NAME.")
    if row.state not in EDITABLE:
        raise ConflictError("This report is not a draft any more.", hint="Look at it again.")
    if row.version != version:
        raise ConflictError("Somebody changed this draft meanwhile.", hint="Look at it again, then ask.")
    _stands(conn, row)
    draft = draft_of(row, keyring=keyring)
    tip = exact(conn, row, draft, house=house, at=at)
    _right(house.problems(tip, now=at))
    digest = digest_of(tip)
    sealed = seal_draft(replace(draft, asked=tip), report=row.id, keyring=keyring)
    reports.change(
        conn, row.id, sealed=sealed, digest=digest, state=ReportState.ASKED, asked_by=who.id, asked_at=at, changed=at
    )
    place_files(conn, row.id, tip, draft.held)
    facts = {"files": len(tip.files), "danger": row.danger, "hash_only": draft.hash_only}
    write(conn, "report.asked", row.id, by=who, at=at, facts={"version": row.version} | facts)
    return approvals.ask(
        conn, kind=KIND, subject=SUBJECT + row.id, digest=digest, by=who, at=at, facts={"files": len(tip.files)}
    )


def withdraw(conn: Connection, report_id: str, *, who: Principal, at: datetime, keyring: Keyring) -> ReportRow:
    """Take the question back: the report is a draft again. Raises NotPermittedError, NotFoundError, ConflictError."""
    row = report_of(conn, report_id, who, permission=Permission.REPORTS_PREPARE, lock=True)
    if row.state is not ReportState.ASKED:
        raise ConflictError("Nobody has asked for this report to be filed.", hint="Look at it again.")
    return _draft_again(conn, row, by=who, at=at, keyring=keyring)


def decide(
    conn: Connection,
    report_id: str,
    *,
    digest: bytes,
    approve: bool,
    reason: str = "",
    who: Principal,
    at: datetime,
    keyring: Keyring,
    house: House,
    begin: Begin,
    alone_after: timedelta | None = None,
) -> ReportRow:
    """Confirm, or refuse, what another asked. `digest` is of the document that the person saw; `alone_after` is the
    delay of a declared one-person deployment. `begin` begins to file it, in this transaction.

    1. The person may know of the report. 2. It was asked, and the digest is the one that was. 3. Its decision stands,
    and nothing has become wrong with it. 4. The rules of two people hold (`people.approvals.decide`).
    Raises NotPermittedError, NotFoundError, ConflictError, RefusedError; then nothing has changed.
    """
    row = _asked(conn, report_id, digest, who=who)
    waiting = approval_records.open_about(conn, kind=KIND, subject=SUBJECT + row.id)
    if not waiting:
        raise ConflictError("Nobody has asked for this report to be filed.", hint="Ask first.")
    if approve:
        _still_right(conn, row, at=at, keyring=keyring, house=house)
    approvals.decide(conn, waiting[0].id, who, approve, reason, digest=digest, at=at, alone_after=alone_after)
    if not approve:
        return _draft_again(conn, row, by=who, at=at, keyring=keyring)
    settled = approval_records.find(conn, waiting[0].id)
    single = settled is not None and settled.single
    return _confirmed(conn, row, who, at=at, keyring=keyring, single=single, why="one_person" if single else "",
                      begin=begin)  # fmt: skip


def alone_of(conn: Connection, row: ReportRow, who: Principal, *, keyring: Keyring) -> Alone | None:
    """Whether a person may confirm alone what she asked herself, why, and from when; None where she may not."""
    if row.state is not ReportState.ASKED or row.asked_by != who.id or row.asked_at is None:
        return None
    if row.danger or case_of(conn, row).danger:
        return Alone(why=Why.DANGER, after=row.asked_at)
    if frozen_of(row, keyring=keyring).single:
        return Alone(why=Why.DECISION, after=row.asked_at)
    _, rules = current(conn)
    return Alone(why=Why.LIMIT, after=row.asked_at + timedelta(minutes=rules.second_within_minutes))


def confirm_alone(
    conn: Connection,
    report_id: str,
    *,
    digest: bytes,
    reason: str,
    who: Principal,
    at: datetime,
    keyring: Keyring,
    house: House,
    begin: Begin,
) -> ReportRow:
    """Confirm alone what one asked oneself, where one person may. It is logged *single* with the reason, and reviewed
    afterwards. Raises as `decide` does, and ConflictError where it is too early or not for one person."""
    row = _asked(conn, report_id, digest, who=who)
    if not reason.strip():
        raise RefusedError("Confirming alone needs a reason.", hint="Say why nobody else can confirm it in time.")
    offer = alone_of(conn, row, who, keyring=keyring)
    if offer is None:
        raise ConflictError("Only who asked can confirm this alone.", hint="Confirm it as the second person.")
    if at < offer.after:
        raise ConflictError("It is too early to confirm this alone.", hint="Somebody may still confirm it.")
    _still_right(conn, row, at=at, keyring=keyring, house=house)
    take_back(conn, row, by=who, at=at)
    return _confirmed(
        conn, row, who, at=at, keyring=keyring, single=True, why=offer.why.value, reason=reason, begin=begin
    )


def _asked(conn: Connection, report_id: str, digest: bytes, *, who: Principal) -> ReportRow:
    row = report_of(conn, report_id, who, permission=Permission.REPORTS_APPROVE, lock=True)
    if who.kind != "person":
        raise NotPermittedError("A person confirms a report.", hint="In a command, name one: --as NAME.")
    if row.state is not ReportState.ASKED:
        raise ConflictError("Nobody has asked for this report to be filed.", hint="Look at it again.")
    if row.digest != digest:
        raise ConflictError("What was asked has changed since you looked.", hint="Look at it again, then confirm it.")
    return row


def _still_right(conn: Connection, row: ReportRow, *, at: datetime, keyring: Keyring, house: House) -> None:
    _stands(conn, row)
    tip = tip_of(row, keyring=keyring)
    if tip.report.reporter != house.reporter:
        raise ConflictError("Who reports was changed in the settings since it was asked.", hint="Ask for it again.")
    _right(house.problems(tip, now=at))


def _confirmed(
    conn: Connection,
    row: ReportRow,
    who: Principal,
    *,
    at: datetime,
    keyring: Keyring,
    single: bool,
    why: str,
    begin: Begin,
    reason: str = "",
) -> ReportRow:
    sealed = seal_tip(tip_of(row, keyring=keyring), report=row.id, keyring=keyring)
    reports.change(
        conn, row.id, state=ReportState.CONFIRMED, sealed=sealed, confirmed_by=who.id, confirmed_at=at, single=single,
        changed=at,
    )  # fmt: skip
    facts = {"version": row.version, "single": single} | ({"why": why} if why else {})
    write(conn, "report.confirmed", row.id, by=who, at=at, facts=facts, sealed={"reason": reason} if reason else {})
    begin(conn, row.id, at)
    found = reports.find(conn, row.id)
    assert found is not None
    return found


def _draft_again(conn: Connection, row: ReportRow, *, by: Principal, at: datetime, keyring: Keyring) -> ReportRow:
    take_back(conn, row, by=by, at=at)
    sealed = seal_draft(replace(draft_of(row, keyring=keyring), asked=None), report=row.id, keyring=keyring)
    reports.change(
        conn, row.id, sealed=sealed, state=ReportState.DRAFT, digest=None, asked_by=None, asked_at=None, changed=at
    )
    write(conn, "report.taken_back", row.id, by=by, at=at, facts={"version": row.version})
    found = reports.find(conn, row.id)
    assert found is not None
    return found


def _stands(conn: Connection, row: ReportRow) -> None:
    task = tasks.find(conn, row.task_id)
    if task is None or task.state != "waiting":
        raise ConflictError("No decision asks for this report any more.", hint="Look at its case.")


def _right(found: tuple[Problem, ...]) -> None:
    if found:
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        raise RefusedError(f"The report cannot be sent like this: {found[0]}{more}", hint="Complete it, then ask.")
