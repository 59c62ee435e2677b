"""Before a call: what is next is written down, in the transaction that decides it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import RefusedError
from rempart.reports.cybertip.document.editions import Edition
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.drafting.holding import tip_of
from rempart.reports.cybertip.filing import stops
from rempart.reports.cybertip.filing.ending import end, run_over, write
from rempart.reports.cybertip.filing.examining import Examined
from rempart.reports.cybertip.filing.means import Means
from rempart.reports.cybertip.filing.planning import Move, following
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


def prepare(conn: Connection, report_id: str, means: Means, *, examined: Examined, at: datetime) -> Prepared | None:
    """Decide and write down what is next for a report; None where nothing is to be done now.

    Raises RefusedError where nothing may be sent, TamperedError.
    """
    now = standing(conn, report_id)
    if now is None or not (is_due(now.row, now.filing, at=at) or stops.is_over(conn, now.row, means)):
        return None
    now, tip = _with_document(conn, now, means)
    move = following(now.situation(at=at, limits=means.limits, wanted=is_wanted(conn, now.row)))
    if move.move is Move.SEAL:
        return Prepared(row=None, request=None)
    if move.then is not None and move.because is not None:
        now = _given_up(conn, now, move.then, move.because.value)
    if move.move is Move.END:
        end(conn, now, means, at=at)
        return None
    means.require(conn, now.row.environment)
    if not stops.may_send(conn, now, means, at=at):
        return None
    if move.move is Move.OPEN:
        return _opening(conn, now, tip, means, examined, at=at)
    return _called(conn, now, tip, Step(move.move.value), move.place, examined.edition, at=at)


def _with_document(conn: Connection, now: Standing, means: Means) -> tuple[Standing, CyberTip | None]:
    """With the document that was confirmed, and those files alone that it names; without it nothing goes on."""
    try:
        tip = tip_of(now.row, keyring=means.vault.keyring)
    except RefusedError:
        return _given_up(conn, now, Then.REJECT, Why.CHANGED.value), None
    named = {one.ref for one in tip.files}
    return replace(now, files=tuple(one for one in now.files if one.id in named)), tip


def _given_up(conn: Connection, now: Standing, then: Then, why: str) -> Standing:
    """What is open is to be retracted, and what follows then; what was decided before stands."""
    if now.filing.then not in (None, Then.AGAIN.value):
        return now
    filings.change(conn, now.row.id, then=then.value)
    reports.change(conn, now.row.id, why=why)
    if now.run is not None:
        filings.change_run(conn, now.row.id, now.run.run, why=why)
    return replace(now, filing=replace(now.filing, then=then.value), row=replace(now.row, why=why))


def _opening(
    conn: Connection, now: Standing, tip: CyberTip | None, means: Means, examined: Examined, *, at: datetime
) -> Prepared | None:
    """Open it: the document is right and its files are there, or nothing is sent."""
    assert tip is not None
    wrong = examined.wrong if examined.digest == now.row.digest else len(means.check(tip, at))
    lacking = len(tip.files) != len(now.files)
    if wrong or lacking:
        now = _given_up(conn, now, Then.REJECT, Why.EVIDENCE.value if lacking else Why.INVALID.of(wrong))
        end(conn, now, means, at=at)
        return None
    if now.run is not None and (not now.calls or now.calls[-1].result is None):
        # Whoever asked died: it may be open, and nobody knows its number.
        run_over(conn, now, Outcome.ABANDONED, why=Why.LOST_ANSWER.value, at=at)
        now = replace(now, run=None, calls=())
    if now.run is None:
        now = _new_run(conn, now, at=at)
    request = request_of(Step.OPEN, report=now.row.id, number=None, edition=examined.edition, tip=tip)
    return _written(conn, now, request, at=at)


def _new_run(conn: Connection, now: Standing, *, at: datetime) -> Standing:
    number = now.row.run + 1
    run = Run(
        report=now.row.id, run=number, environment=now.row.environment.value, begun=at, number=None, opened=None,
        touched=None, ended=None, outcome=None, why=None,
    )  # fmt: skip
    filings.add_run(conn, run)
    reports.change(conn, now.row.id, run=number, number=None)
    now = replace(now, run=run, row=replace(now.row, run=number, number=None))
    write(conn, "report.opening", now.row, at=at)
    return now


def _called(
    conn: Connection,
    now: Standing,
    tip: CyberTip | None,
    step: Step,
    place: int | None,
    edition: Edition,
    *,
    at: datetime,
) -> Prepared:
    """A call about a report that is open."""
    assert now.run is not None
    if step is Step.FINISH and not any(one.step == step for one in now.calls):
        write(conn, "report.finishing", now.row, at=at, files=len(now.files))
    file = None if place is None else now.files[place]
    request = request_of(step, report=now.row.id, number=now.run.number, edition=edition, tip=tip, file=file)
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
