"""Taking a notice back: nothing looks for copies any more, what identifies people goes, what was removed stays so."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import cases, work
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices import seeds
from rempart.intake.notices.letters import LetterKind
from rempart.intake.notices.records import clocks, letters, locations, signals
from rempart.intake.notices.records import notices as records
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.values import LocationState, NoticeState
from rempart.intake.notices.writing import Writer
from rempart.items.records.items import COUNTER
from rempart.people.principal import SYSTEM, Principal
from rempart.store.counters import locked_number

TOLD_TO_LEADS = ("name", "contact")
"""What leads can read on a case, under `<name> <number of the notice>`."""


def withdraw(conn: Connection, notice_id: str, *, writer: Writer, at: datetime, by: Principal = SYSTEM) -> None:
    """Take a notice back, in the caller's transaction: from its end on its signals find nothing, in any process.

    Places that people have not decided about are not waited for; their cases stay open, marked, because a person may
    have looked already. Who sent it and what they wrote is erased, at once where no law applied that asks to show how
    its notices were dealt with, otherwise with the notice itself. Raises NotFoundError, and ConflictError the second
    time.
    """
    locked_number(conn, COUNTER)
    for case_id in sorted({one.case_id for one in locations.of(conn, [notice_id])}):
        cases.find(conn, case_id, lock=True)
    row = records.find(conn, notice_id, lock=True)
    if row is None:
        raise NotFoundError("There is no such notice.")
    if row.withdrawn_at is not None:
        raise ConflictError("This notice was taken back before.")
    facts = {"state": row.state}
    append(conn, Leaf(action="notice.withdrawn", actor=by.pseudonym, facts=facts, subject=f"notice:{row.id}"), at=at)
    _take_back(conn, row, at=at)
    writer.write(conn, LetterKind.WITHDRAWN, row.id, at=at)
    if not row.under_law:
        forget(conn, row, at=at)
    seeds.pull(conn, row.id, at=at, by=by)


def withdraw_again(conn: Connection, notice_id: str, *, at: datetime) -> bool:
    """After a restore: a notice that was taken back later is taken back again; False where it is not there.

    Its seeds are pulled by a step of their own. Nothing is written to the ledger, and no letter: both were done.
    """
    row = records.find(conn, notice_id, lock=True)
    if row is None or row.withdrawn_at is not None:
        return False
    _take_back(conn, row, at=at)
    if not row.under_law:
        forget(conn, row, at=at)
    return True


def forget(conn: Connection, row: NoticeRow, *, at: datetime) -> None:
    """Erase what identifies people and what they wrote; that there was a notice, and what became of it, stays."""
    records.unseal(conn, row.id, records.sealed_of(conn, row.id))
    names = [f"{name} {row.number}" for name in TOLD_TO_LEADS]
    for case_id in {one.case_id for one in locations.of(conn, [row.id])}:
        work.unseal(conn, case_id=case_id, names=names)
    letters.erase(conn, row.id)
    records.change(conn, row.id, sender=None, forgotten_at=at)


def _take_back(conn: Connection, row: NoticeRow, *, at: datetime) -> None:
    records.change(conn, row.id, state=NoticeState.WITHDRAWN.value, withdrawn_at=at)
    for one in locations.of(conn, [row.id]):
        if one.state != LocationState.WAITING.value:
            continue
        locations.change(conn, one.id, state=LocationState.WITHDRAWN.value)
        case = cases.find(conn, one.case_id)
        if case is not None and case.state == "open":
            cases.change(conn, case.id, withdrawn=at, look="look")
    clocks.stop(conn, row.id, at=at)
    signals.withdraw(conn, row.id, at=at)
