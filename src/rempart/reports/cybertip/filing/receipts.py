"""A report is filed: its receipt is sealed to the byte, and everything that follows is written down with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.evidence.vault.sealing import Sealed
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.filing import after
from rempart.reports.cybertip.filing.after import REGIME, lock_task
from rempart.reports.cybertip.filing.ending import word_of
from rempart.reports.cybertip.filing.means import Means, Told
from rempart.reports.cybertip.filing.sealing import opened_answer
from rempart.reports.cybertip.filing.standing import Standing, standing
from rempart.reports.cybertip.filing.values import Outcome, Result, Step, Why
from rempart.reports.cybertip.records import files, filings, receipts
from rempart.reports.cybertip.records.calls import CallRow
from rempart.reports.cybertip.service.answers import read_answer
from rempart.reports.cybertip.values import Environment
from rempart.store.jobs import Job

BASIS = "report_receipt"
"""Why a receipt is kept; its reference is the report's id."""
_REHEARSED = timedelta(days=90)
_MEDIA_TYPE = "application/xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the service answered that says so: to `finish`, or, where that was lost, that it had been finished."""

    call: CallRow
    body: bytes = field(repr=False)

    @property
    def again(self) -> bool:
        """Whether this is not the first answer."""
        return self.call.result == Result.FINISHED


def filed_by(some: Sequence[CallRow], means: Means) -> Said:
    """The answer that says that a report is filed, among the calls of a run. Raises TamperedError."""
    for one in some:
        done = one.step == Step.FINISH and one.result == Result.OK
        if done or one.result == Result.FINISHED:
            return Said(call=one, body=opened_answer(one, keyring=means.vault.keyring) or b"")
    raise AssertionError("no answer says that it is filed")


def seal_receipt(job: Job, report_id: str, means: Means) -> bool:
    """Seal the receipt and end the filing; False when that was done before. Raises UnavailableError when it cannot be
    sealed now: that it is filed stays written down, and nothing is asked of the service again."""
    with job.store.write() as conn:
        job.guard(conn)
        now = standing(conn, report_id)
        if now is None or now.run is None:
            return False
        run = now.run
    filed = filed_by(now.calls, means)
    sealed = means.vault.seal(filed.body)
    with job.store.write() as conn:
        job.guard(conn)
        lock_task(conn, now.row)
        again = standing(conn, report_id)
        if again is None or again.run is None or again.run.run != run.run:
            return False
        _ended(conn, again, filed, sealed, means, at=job.store.clock())
    return True


def _ended(conn: Connection, now: Standing, filed: Said, sealed: Sealed, means: Means, *, at: datetime) -> None:
    assert now.run is not None
    row, run, vault = now.row, now.run, means.vault
    real = row.environment is Environment.PRODUCTION
    when = filed.call.ended or at
    number = run.number or ""
    object_id = vault.record(
        conn, sealed, item=None, basis=BASIS, reference=row.id, media_type=_MEDIA_TYPE, by=SYSTEM,
        keep_until=None if real else at + _REHEARSED,
    )  # fmt: skip
    differs = _differs(conn, filed, row.id)
    receipts.add(conn, receipts.Receipt(
        report=row.id, run=run.run, environment=row.environment.value, number=number, object=object_id, at=when,
        sealed=at, again=filed.again, differs=differs,
    ))  # fmt: skip
    if real:
        vault.oblige(conn, object_id, regime=REGIME, triggered=when, by=SYSTEM, reference=row.id)
    filings.change_run(conn, row.id, run.run, ended=at, outcome=Outcome.FILED.value)
    asked = any(one.step == Step.FINISH for one in now.calls)
    told = after.Filed(
        number=number, at=when, sent=sum(one.remote is not None for one in now.files), again=filed.again,
        differs=differs, why=None if asked else Why.ELSEWHERE.value,
    )  # fmt: skip
    after.is_filed(conn, row, told, vault=vault, at=at)
    if differs:
        means.alarm(conn, word_of(row, Told.DIFFERS))


def _differs(conn: Connection, filed: Said, report_id: str) -> bool:
    """Whether the receipt names other files than we know of."""
    if filed.again:
        return False
    told = read_answer(filed.call.http or 200, filed.body).files
    return sorted(told) != sorted(one.remote for one in files.of_report(conn, report_id) if one.remote)
