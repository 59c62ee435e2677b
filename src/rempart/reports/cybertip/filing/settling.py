"""After a call: what was answered is written down, with what follows from it, in one transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.reports.cybertip.filing import stops
from rempart.reports.cybertip.filing.ending import closed, give_up, put_aside, put_off, run_over, went_well, write
from rempart.reports.cybertip.filing.means import Means
from rempart.reports.cybertip.filing.preparing import Prepared
from rempart.reports.cybertip.filing.sealing import seal_answer
from rempart.reports.cybertip.filing.sending import Reply
from rempart.reports.cybertip.filing.standing import Standing, is_expired, standing
from rempart.reports.cybertip.filing.values import Outcome, Result, Step, Then, Why
from rempart.reports.cybertip.records import calls, files, filings
from rempart.reports.cybertip.records.calls import CallRow
from rempart.reports.cybertip.values import FileState, ReportState

_ORDER = 4000
_ODD = frozenset({Result.UNKNOWN, Result.DAMAGED, Result.NO_FILE})


def settle(conn: Connection, done: Prepared, reply: Reply, means: Means, *, at: datetime) -> None:
    """Write down what became of a call. Done again it changes nothing."""
    assert done.row is not None
    row = _answered(done.row, reply, means, at=at)
    if not calls.answered(conn, row):
        return
    now = standing(conn, row.report)
    if now is None or now.run is None or now.run.run != row.run:
        return
    if reply.answer is not None and reply.answer.code is not None and reply.result is not Result.CREDENTIALS:
        stops.go_on(conn, now.row.environment, at=at)
    _follow(conn, now, row, reply, means, at=at)


def _answered(row: CallRow, reply: Reply, means: Means, *, at: datetime) -> CallRow:
    answer, sealed = reply.answer, None
    if answer is not None:
        sealed = seal_answer(answer.body, report=row.report, run=row.run, no=row.no, keyring=means.vault.keyring)
    return replace(
        row, ended=at, result=reply.result.value, http=None if answer is None else answer.http,
        code=None if answer is None else answer.code, request_id=None if answer is None else answer.request_id or None,
        response=sealed,
    )  # fmt: skip


def _follow(conn: Connection, now: Standing, row: CallRow, reply: Reply, means: Means, *, at: datetime) -> None:
    step, result = Step(row.step), reply.result
    if result is Result.FINISHED or (step is Step.FINISH and result is Result.OK):
        went_well(conn, now, at=at)  # filed: what is next is its receipt
    elif result is Result.OK:
        _well(conn, now, step, row, reply, means, at=at)
    elif result is Result.CREDENTIALS:
        stops.stop(conn, now, means, why=_why(Why.CREDENTIALS, reply), at=at)
    elif result in (Result.RETRACTED, Result.GONE) and step is not Step.OPEN:
        _not_there(conn, now, step, result, means, at=at)
    elif reply.broken:
        give_up(conn, now, then=Then.REJECT, why=Why.EVIDENCE.value)
    elif result is Result.WRONG and step is not Step.RETRACT:
        _wrong(conn, now, step, reply, means, at=at)
    elif result in _ODD or result in (Result.WRONG, Result.RETRACTED, Result.GONE):
        _odd(conn, now, step, reply, means, at=at)
    else:
        put_off(conn, now, means, why=_why(reply.why or Why.BUSY, reply), at=at)
        _abandoned(conn, now, step, reply, at=at)


def _well(
    conn: Connection, now: Standing, step: Step, row: CallRow, reply: Reply, means: Means, *, at: datetime
) -> None:
    assert reply.answer is not None
    if step is Step.OPEN:
        number = reply.answer.report_id
        filings.change_run(conn, row.report, row.run, number=number, opened=at)
        went_well(conn, now, at=at, number=number, state=ReportState.OPEN.value)
        write(conn, "report.opened", replace(now.row, number=number), at=at)
    elif step is Step.RETRACT:
        closed(conn, now, means, Outcome.RETRACTED, why=None, at=at)
    else:
        assert row.file is not None
        described = step is Step.DESCRIBE
        values = {} if described else {"remote": reply.answer.file_id}
        state = FileState.DESCRIBED if described else FileState.UPLOADED
        files.change(conn, row.file, state=state.value, **values)
        filings.change_run(conn, row.report, row.run, touched=at)
        went_well(conn, now, at=at)


def _not_there(conn: Connection, now: Standing, step: Step, result: Result, means: Means, *, at: datetime) -> None:
    """Nothing is open any more: it was retracted before, or it is gone because its time was up, or for no reason that
    we know."""
    assert now.run is not None
    if result is Result.RETRACTED:
        known, outcome, why = step is Step.RETRACT, Outcome.RETRACTED, Why.TAKEN_BACK.value
    else:
        known = is_expired(now.run, at=at, limits=means.limits) or now.filing.then is not None
        outcome, why = Outcome.EXPIRED, (Why.EXPIRED if known else Why.GONE).value
    if not known:
        now = _counted(conn, now)
    closed(conn, now, means, outcome, why=None if now.filing.then is not None else why, at=at)
    if not known:
        _enough(conn, now, why, means, at=at)


def _wrong(conn: Connection, now: Standing, step: Step, reply: Reply, means: Means, *, at: datetime) -> None:
    """It will not be taken as it is: what is open is retracted, and people mend it. An order of calls that the service
    does not like may be one that was repeated on the way: then it is begun again, once."""
    code = None if reply.answer is None else reply.answer.code
    if code == _ORDER and step is not Step.OPEN and not now.filing.odd:
        give_up(conn, _counted(conn, now), then=Then.AGAIN, why=_why(Why.REFUSED, reply))
        return
    give_up(conn, now, then=Then.REJECT, why=_why(Why.REFUSED, reply))
    if step is Step.OPEN:
        run_over(conn, now, Outcome.RETRACTED, why=_why(Why.REFUSED, reply), at=at)


def _odd(conn: Connection, now: Standing, step: Step, reply: Reply, means: Means, *, at: datetime) -> None:
    """What makes no sense is borne for a while, and then people are asked."""
    now = _counted(conn, now)
    why = _why(Why.DAMAGED if reply.result is Result.DAMAGED else Why.UNCLEAR, reply)
    if reply.result in (Result.DAMAGED, Result.NO_FILE) and step in (Step.UPLOAD, Step.DESCRIBE):
        give_up(conn, now, then=Then.AGAIN, why=why)
    else:
        put_off(conn, now, means, why=why, at=at)
    _abandoned(conn, now, step, reply, at=at)
    _enough(conn, now, why, means, at=at)


def _abandoned(conn: Connection, now: Standing, step: Step, reply: Reply, *, at: datetime) -> None:
    """It may have been opened, and nobody knows its number: another one is opened."""
    if step is Step.OPEN and reply.result is not Result.AGAIN and reply.result is not Result.NOT_SENT:
        run_over(conn, now, Outcome.ABANDONED, why=_why(reply.why or Why.UNCLEAR, reply), at=at)


def _counted(conn: Connection, now: Standing) -> Standing:
    odd = now.filing.odd + 1
    filings.change(conn, now.row.id, odd=odd)
    return replace(now, filing=replace(now.filing, odd=odd))


def _enough(conn: Connection, now: Standing, why: str, means: Means, *, at: datetime) -> None:
    if now.filing.odd >= means.limits.odd:
        put_aside(conn, now, means, why=why, at=at)


def _why(why: Why, reply: Reply) -> str:
    """The reason with the code that was answered, or the status where there was no code."""
    if reply.answer is None:
        return why.value
    code = reply.answer.code
    return why.of(f"http {reply.answer.http}" if code is None else code)
