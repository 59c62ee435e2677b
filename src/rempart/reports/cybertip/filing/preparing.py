"""Before a call: what is next is written down, in the transaction that decides it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import RefusedError
from rempart.reports.cybertip.filing import stops
from rempart.reports.cybertip.filing.documents import document_of
from rempart.reports.cybertip.filing.ending import end, run_over, write
from rempart.reports.cybertip.filing.means import Means
from rempart.reports.cybertip.filing.planning import Move, Next, following
from rempart.reports.cybertip.filing.sending import Request, request_of
from rempart.reports.cybertip.filing.standing import Standing, is_due, is_wanted, standing
from rempart.reports.cybertip.filing.values import Outcome, Step, Then, Why
from rempart.reports.cybertip.records import calls, filings, reports
from rempart.reports.cybertip.records.calls import CallRow
from rempart.reports.cybertip.records.filings import Run
from rempart.reports.cybertip.values import ReportState

_STATES = {
    Step.OPEN: ReportState.OPENING,
    Step.UPLOAD: ReportState.UPLOADING,
    Step.DESCRIBE: ReportState.DETAILING,
    Step.FINISH: ReportState.FINISHING,
    Step.RETRACT: ReportState.RETRACTING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A call that is written down and may be made now; without a request the receipt is to be sealed."""

    row: CallRow | None
    request: Request | None


def prepare(conn: Connection, report_id: str, means: Means, *, at: datetime) -> Prepared | None:
    """Decide and write down what is next for a report; None where nothing is to be done now."""
    now = standing(conn, report_id)
    if now is None or not (is_due(now.row, now.filing, at=at) or stops.is_over(conn, now.row, means)):
        return None
    move = following(now.situation(at=at, limits=means.limits, wanted=is_wanted(conn, now.row)))
    if move.move is Move.SEAL:
        return Prepared(row=None, request=None)
    now = _decided(conn, now, move)
    if move.move is Move.END:
        end(conn, now, means, at=at)
        return None
    if not stops.may_send(conn, now, means, at=at):
        return None
    if move.move is Move.OPEN:
        return _opening(conn, now, means, at=at)
    return _called(conn, now, Step(move.move.value), move.place, means, at=at)


def _decided(conn: Connection, now: Standing, move: Next) -> Standing:
    """With what the move decides about the opening."""
    if move.then is None or move.because is None:
        return now
    filings.change(conn, now.row.id, then=move.then.value)
    reports.change(conn, now.row.id, why=move.because.value)
    filing, row = replace(now.filing, then=move.then.value), replace(now.row, why=move.because.value)
    return replace(now, filing=filing, row=row)


def _opening(conn: Connection, now: Standing, means: Means, *, at: datetime) -> Prepared | None:
    """Open it: the document is what was confirmed, and right, or nothing is sent."""
    try:
        tip = document_of(now.row, keyring=means.vault.keyring)
    except RefusedError:
        _refused(conn, now, means, Why.CHANGED.value, at=at)
        return None
    wrong = means.check(tip, at)
    if wrong:
        _refused(conn, now, means, Why.INVALID.of(len(wrong)), at=at)
        return None
    if now.run is not None and (not now.calls or now.calls[-1].result is None):
        # Whoever asked died: it may be open, and nobody knows its number.
        run_over(conn, now, Outcome.ABANDONED, why=Why.LOST_ANSWER.value, at=at)
        now = replace(now, run=None, calls=())
    if now.run is None:
        number = now.row.run + 1
        run = Run(
            report=now.row.id, run=number, environment=now.row.environment.value, begun=at, number=None, opened=None,
            touched=None, ended=None, outcome=None, why=None,
        )  # fmt: skip
        filings.add_run(conn, run)
        reports.change(conn, now.row.id, run=number, number=None)
        now = replace(now, run=run, row=replace(now.row, run=number, number=None))
        write(conn, "report.opening", now.row, at=at)
    return _written(conn, now, request_of(Step.OPEN, report=now.row.id, number=None, tip=tip), at=at)


def _called(
    conn: Connection, now: Standing, step: Step, place: int | None, means: Means, *, at: datetime
) -> Prepared | None:
    """A call about a report that is open."""
    assert now.run is not None
    tip = document_of(now.row, keyring=means.vault.keyring) if step is Step.DESCRIBE else None
    file = None if place is None else now.files[place]
    if step is Step.FINISH and not any(one.step == step for one in now.calls):
        write(conn, "report.finishing", now.row, at=at, files=len(now.files))
    request = request_of(step, report=now.row.id, number=now.run.number, tip=tip, file=file)
    return _written(conn, now, request, at=at)


def _written(conn: Connection, now: Standing, request: Request, *, at: datetime) -> Prepared:
    assert now.run is not None
    row = CallRow(
        report=now.row.id, run=now.run.run, no=len(now.calls) + 1, step=request.step.value,
        file=None if request.file is None else request.file.id, started=at, digest=request.digest,
    )  # fmt: skip
    calls.add(conn, row)
    reports.change(conn, now.row.id, state=_STATES[request.step].value, changed=at)
    return Prepared(row=row, request=request)


def _refused(conn: Connection, now: Standing, means: Means, why: str, *, at: datetime) -> None:
    """Nothing is open, and nothing is sent."""
    filings.change(conn, now.row.id, then=Then.REJECT.value)
    reports.change(conn, now.row.id, why=why)
    filing, row = replace(now.filing, then=Then.REJECT.value), replace(now.row, why=why)
    if now.run is not None:
        run_over(conn, now, Outcome.ABANDONED, why=why, at=at)
    end(conn, replace(now, filing=filing, row=row), means, at=at)
