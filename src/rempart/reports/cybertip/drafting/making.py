"""Drafts are made by themselves, in the transaction that makes the task of reporting; those that nobody reports any
more are withdrawn there too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.plan import Plan
from rempart.cases.assessing.tasks import waiting_of
from rempart.cases.assessing.values import Decision
from rempart.cases.records import cases as case_records
from rempart.cases.records import tasks
from rempart.cases.records.cases import Case
from rempart.cases.records.tasks import TaskRow
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.people.principal import SYSTEM, Principal
from rempart.reports.cybertip import sealing
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.drafting import freezing
from rempart.reports.cybertip.drafting.composing import Held, House, compose
from rempart.reports.cybertip.drafting.facts import Frozen, by_account
from rempart.reports.cybertip.drafting.holding import Draft, seal_draft, seal_frozen
from rempart.reports.cybertip.records import files, reports
from rempart.reports.cybertip.records.files import FileRow
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE, Environment, FileState, ReportState
from rempart.store.ids import new_id

Told = Callable[[Connection, ReportRow, datetime], None]
"""Told of each draft that was made, in its transaction: a service may know more of the account."""


def nobody(_conn: Connection, _row: ReportRow, _at: datetime) -> None:
    """Where nobody is told of drafts."""


class Maker:
    """Makes drafts; `of_outcome` is what settling calls, under the locks that it holds."""

    def __init__(self, *, house: House, keyring: Keyring, wanted: Told = nobody) -> None:
        self._house, self._keyring, self._wanted = house, keyring, wanted

    def of_outcome(self, conn: Connection, plan: Plan, *, at: datetime) -> None:
        """After the tasks of an outcome were made: freeze what is known, draft what was decided, and withdraw what was
        not decided in the end. Done again it changes nothing."""
        task = waiting_of(conn, plan.case.id, Decision.REPORT)
        if task is not None:
            self.of_task(conn, plan.case, task, at=at)
        elif plan.final:
            freezing.forget_early(conn, plan.case.id, plan.outcome.round)
        else:
            freezing.freeze_early(conn, plan, keyring=self._keyring, at=at)
        if plan.final:
            withdraw_ended(conn, reports.of_cases(conn, [plan.case.id]), at=at)

    def of_task(self, conn: Connection, case: Case, task: TaskRow, *, at: datetime) -> tuple[str, ...]:
        """Draft the reports of a task that waits, one for each account; gives their ids, none where there are some."""
        if reports.of_task(conn, task.id):
            return ()
        whole = freezing.frozen_of(conn, case, task, keyring=self._keyring, at=at)
        made = tuple(self._draft(conn, task, part, place=place, at=at) for place, part in enumerate(by_account(whole)))
        freezing.forget_early(conn, case.id, task.round)
        return made

    def _draft(self, conn: Connection, task: TaskRow, frozen: Frozen, *, place: int, at: datetime) -> str:
        report_id, account = new_id("report"), frozen.account
        composed = compose(frozen, self._house, refs=iter(lambda: new_id("rfile"), ""))
        draft = Draft(tip=composed.tip, auto=composed.tip, held=composed.held, unread=composed.unread)
        person = None
        if account is not None:
            person = sealing.person_of(account.service, account.uploader, keyring=self._keyring)
        row = ReportRow(
            id=report_id, case_id=task.case_id, task_id=task.id, part=place, service=frozen.service, person=person,
            state=ReportState.DRAFT, environment=Environment.REHEARSAL, created=at, changed=at, version=1,
            frozen=seal_frozen(frozen, report=report_id, keyring=self._keyring),
            sealed=seal_draft(draft, report=report_id, keyring=self._keyring), digest=None, asked_by=None,
            asked_at=None, confirmed_by=None, confirmed_at=None, single=False, danger=frozen.danger, number=None,
            filed_at=None, tries=0, next_try=None, why=None, run=0, keep_until=None, forgotten=None,
        )  # fmt: skip
        reports.add(conn, row)
        place_files(conn, report_id, draft.tip, draft.held)
        facts = {"case": task.case_id, "danger": frozen.danger, "files": len(composed.tip.files), "part": place}
        write(conn, "report.drafted", report_id, by=SYSTEM, at=at, facts=facts)
        self._wanted(conn, row, at)
        return report_id


def withdraw_ended(conn: Connection, rows: Iterable[ReportRow], *, at: datetime) -> int:
    """Withdraw drafts whose task does not wait any more; gives how many. What was confirmed is the matter of filing."""
    ended = 0
    for row in rows:
        if row.state not in EDITABLE:
            continue
        task = tasks.find(conn, row.task_id)
        if task is not None and task.state == "waiting":
            continue
        now = reports.find(conn, row.id, lock=True)
        if now is None or now.state not in EDITABLE:
            continue
        reports.change(conn, row.id, state=ReportState.WITHDRAWN, changed=at, why="not decided in the end")
        write(conn, "report.withdrawn", row.id, by=SYSTEM, at=at)
        ended += 1
    return ended


def place_files(conn: Connection, report: str, tip: CyberTip, held: Mapping[str, Held]) -> None:
    """Write down which files a document sends, each at its place."""
    files.forget(conn, report)
    for place, one in enumerate(tip.files):
        source = held[one.ref]
        row = FileRow(
            id=one.ref, report=report, item=source.item, object=source.object, place=place,
            md5=_bytes(source.md5), sha256=_bytes(source.sha256), size=source.size, viewed=bool(one.viewed),
            exif_viewed=bool(one.exif_viewed), details=None, state=FileState.WAITING, remote=None, why=None,
        )  # fmt: skip
        files.add(conn, row)


def write(
    conn: Connection,
    action: str,
    report: str,
    *,
    by: Principal,
    at: datetime,
    facts: Mapping[str, object] | None = None,
    sealed: Mapping[str, str | bytes] | None = None,
) -> None:
    """One step of a report, in the ledger, in the caller's transaction."""
    leaf = Leaf(
        action=action, actor=by.pseudonym, facts=dict(facts or {}), sealed=sealed or {}, subject=f"report:{report}"
    )
    append(conn, leaf, at=at)


def case_of(conn: Connection, row: ReportRow, *, lock: bool = False) -> Case:
    """The case that a report is about."""
    found = case_records.find(conn, row.case_id, lock=lock)
    assert found is not None
    return found


def _bytes(digits: str | None) -> bytes | None:
    return None if digits is None else bytes.fromhex(digits)
