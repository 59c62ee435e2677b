"""Why a statement waits: a lead delays it because the police asked or somebody is in danger, and only until a time.

Nothing else keeps a statement, but for an authority's order (Article 9), which the authority itself tells of: that is
marked on its case and nothing is told. Whatever was delayed goes out by itself when its time has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import cases
from rempart.cases.work.queue import visible
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Permission
from rempart.people.principal import SYSTEM, Principal
from rempart.reports.reasons.records import delays as records
from rempart.reports.reasons.records import statements
from rempart.reports.reasons.records.delays import Delay
from rempart.reports.reasons.records.statements import COUNTER, Reason
from rempart.reports.reasons.values import DELAYS, Cause, Filing, State
from rempart.store.counters import locked_number, next_number
from rempart.store.ids import new_id

STEPS = ("reason.delayed", "reason.undelayed", "reason.withheld")
"""What the ledger calls what is done here, and what is done again after a restore."""
LONGEST = timedelta(days=90)
MOST_WHY = 2_000
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """What a statement that is made now comes to: it goes out, waits until a time, or is not told at all."""

    state: State
    until: datetime | None = None


def rest_of(
    conn: Connection,
    *,
    at: datetime,
    wait: timedelta = timedelta(0),
    cases_: Iterable[str] = (),
    reason: str | None = None,
    behind: Reason | None = None,
) -> Rest:
    """What keeps a statement, by the cases that it is about and by the statement before it, which goes out first."""
    found = records.of(conn, cases=tuple(cases_), reasons=() if reason is None else (reason,))
    if any(one.cause == Cause.ORDER for one in found) or (behind is not None and behind.state == State.WITHHELD):
        return Rest(state=State.WITHHELD)
    ends = [one.until for one in found if one.until is not None and one.until > at]
    if wait:
        ends.append(at + wait)
    if behind is not None and behind.state == State.WAITING and behind.until is not None:
        ends.append(behind.until)
    return Rest(state=State.WAITING, until=max(ends)) if ends else Rest(state=State.OUT)


def delay(
    conn: Connection,
    who: Principal,
    *,
    cause: Cause,
    until: datetime,
    why: str,
    at: datetime,
    case_id: str | None = None,
    reason: str | None = None,
) -> Delay:
    """Keep what follows from a case, or one statement that has not gone out, until a time.

    Raises NotPermittedError for whoever is no lead, RefusedError for another cause, without a reason or for a time that
    is past or too far, NotFoundError, and ConflictError for a statement that has gone out.
    """
    _lead(who)
    if cause not in DELAYS:
        raise RefusedError("A statement is delayed for a police request or a danger.", hint="For nothing else.")
    if not at < until <= at + LONGEST:
        raise RefusedError(f"A delay ends at a time to come, {LONGEST.days} days from now at the latest.")
    locked_number(conn, COUNTER)
    waiting = _meant(conn, who, case_id=case_id, reason=reason)
    row = _row(cause, by=who, at=at, until=until, case_id=case_id, reason=reason)
    records.add(conn, row)
    for one in waiting:
        if one.until is None or one.until < until:
            statements.change(conn, one.id, until=until)
    hours = -((at - until) // timedelta(hours=1))
    facts = {"delay": row.id, "cause": cause.value, "hours": hours}
    _write(conn, "reason.delayed", row, by=who, at=at, facts=facts, why=why)
    return row


def undelay(
    conn: Connection,
    who: Principal,
    delay_id: str,
    *,
    why: str,
    at: datetime,
    case_id: str | None = None,
    reason: str | None = None,
) -> None:
    """End a delay of a case or of a statement before its time; what waited for it alone goes out in a moment.

    Raises NotPermittedError, NotFoundError, and ConflictError for one that is over.
    """
    _lead(who)
    locked_number(conn, COUNTER)
    _meant(conn, who, case_id=case_id, reason=reason, waiting=False)
    own = records.of(conn, cases=[case_id] if case_id else (), reasons=[reason] if reason else ())
    found = next((one for one in own if one.id == delay_id), None)
    if found is None:
        raise NotFoundError("There is no such delay.")
    if found.cause == Cause.ORDER or (found.until is not None and found.until <= at):
        raise ConflictError("This delay cannot be ended: it is over, or no delay but an order.")
    records.change(conn, found.id, ended=at, ended_by=who.pseudonym)
    waiting = statements.waiting_for(conn, [reason] if reason else (), case_id=case_id)
    for one in waiting:
        statements.change(conn, one.id, until=at)
    _write(conn, "reason.undelayed", found, by=who, at=at, facts={"delay": found.id}, why=why)


def mark_order(conn: Connection, who: Principal, case_id: str, *, why: str, at: datetime) -> Delay:
    """Say that a case carries out an authority's order (Article 9): no statement of it goes out from now on.

    For leads, and for the software where an order came by its own way.
    """
    if who.id != SYSTEM.id:
        _lead(who)
    locked_number(conn, COUNTER)
    waiting = _meant(conn, who, case_id=case_id, reason=None)
    row = _row(Cause.ORDER, by=who, at=at, until=None, case_id=case_id, reason=None)
    records.add(conn, row)
    for one in waiting:
        statements.change(conn, one.id, state=State.WITHHELD.value, until=None, filing=Filing.NONE.value)
    _write(conn, "reason.withheld", row, by=who, at=at, facts={"delay": row.id, "cause": row.cause}, why=why)
    return row


def lift_order(conn: Connection, case_id: str, *, why: str, at: datetime) -> int:
    """The orders that came to a case by their own way have fallen: what was not told of it goes out in a moment, unless
    something else keeps it. Gives how many marks ended; those of leads stand, and nothing is filed for it."""
    locked_number(conn, COUNTER)
    own = records.of(conn, cases=[case_id])
    found = [one for one in own if one.cause == Cause.ORDER and one.by == SYSTEM.pseudonym]
    for one in found:
        records.change(conn, one.id, ended=at, ended_by=SYSTEM.pseudonym)
        _write(conn, "reason.undelayed", one, by=SYSTEM, at=at, facts={"delay": one.id, "cause": one.cause}, why=why)
    if found:
        _wait_again(conn, case_id, at=at)
    return len(found)


def delayed_again(conn: Connection, action: str, subject: str, facts: Mapping[str, Any], *, at: datetime) -> bool:
    """After a restore: what was delayed, withheld or let go later is so again; False when there is nothing to do.

    A delay lasts as long again as it was meant to from its beginning: rather too long than not at all.
    """
    kind, _, name = subject.partition(":")
    delay_id, cause = str(facts.get("delay")), str(facts.get("cause"))
    case_id, reason = (name, None) if kind == "case" else (None, name)
    known = records.of(conn, cases=[case_id] if case_id else (), reasons=[reason] if reason else ())
    there = next((one for one in known if one.id == delay_id), None)
    if action == "reason.undelayed":
        if there is not None:
            records.change(conn, delay_id, ended=at, ended_by="restore")
            if there.cause == Cause.ORDER and case_id is not None:
                _wait_again(conn, case_id, at=at)
        return there is not None
    about = cases.find(conn, name) if case_id else statements.find(conn, name)
    if there is not None or about is None or cause not in set(Cause):
        return False
    hours = facts.get("hours")
    until = at + timedelta(hours=int(hours)) if isinstance(hours, int) else None
    if (until is None) != (cause == Cause.ORDER):
        return False
    row = Delay(
        id=delay_id, case_id=case_id, reason=reason, cause=cause, at=at, until=until, by="restore", ended=None,
        ended_by=None,
    )  # fmt: skip
    records.add(conn, row)
    for one in statements.waiting_for(conn, [reason] if reason else (), case_id=case_id):
        statements.change(conn, one.id, until=at if until is None else max(until, one.until or until))
    return True


def release(conn: Connection, *, at: datetime) -> int:
    """Let statements go out whose time has come; gives how many were looked at. Under the counter `reasons`."""
    found = statements.due(conn, now=at, most=_AT_ONCE)
    for one in found:
        names = {one.case_id} if one.case_id else set()
        if one.item is not None:
            names |= set(cases.with_item(conn, one.item))
        before = None if one.about is None else statements.find(conn, one.about)
        rest = rest_of(conn, at=at, cases_=sorted(names), reason=one.id, behind=before)
        if rest.state is State.OUT:
            put_out(conn, one, at=at)
        elif rest.state is State.WITHHELD:
            statements.change(conn, one.id, state=State.WITHHELD.value, until=None, filing=Filing.NONE.value)
        else:
            statements.change(conn, one.id, until=rest.until)
    return len(found)


def put_out(conn: Connection, row: Reason, *, at: datetime) -> None:
    """Let a service read a statement that waited."""
    number = next_number(conn, COUNTER)
    statements.change(conn, row.id, state=State.OUT.value, seq=number, out=at, until=None)
    append(conn, Leaf(action="reason.told", actor=SYSTEM.pseudonym, subject=f"reason:{row.id}"), at=at)


def _wait_again(conn: Connection, case_id: str, *, at: datetime) -> None:
    """What was withheld waits again, and is looked at in a moment with all that keeps it still (`release`)."""
    for one in statements.withheld_for(conn, case_id):
        statements.change(conn, one.id, state=State.WAITING.value, until=at)


def _meant(
    conn: Connection, who: Principal, *, case_id: str | None, reason: str | None, waiting: bool = True
) -> tuple[Reason, ...]:
    """The statements that wait, of a case or the one that is named, where whoever asks may see it."""
    if (case_id is None) == (reason is None):
        raise RefusedError("A case or a statement is delayed.")
    if case_id is not None:
        visible(conn, case_id, who)
        return statements.waiting_for(conn, case_id=case_id)
    found = statements.find(conn, reason or "")
    if found is None:
        raise NotFoundError("There is no such statement.")
    about = () if found.item is None else cases.with_item(conn, found.item)
    for name in dict.fromkeys((*about, *((found.case_id,) if found.case_id else ()))):
        visible(conn, name, who)
    if waiting and found.state != State.WAITING:
        raise ConflictError("This statement has gone out already.", hint="Delay its case for what is to come.")
    return statements.waiting_for(conn, [found.id])


def _row(
    cause: Cause, *, by: Principal, at: datetime, until: datetime | None, case_id: str | None, reason: str | None
) -> Delay:
    return Delay(
        id=new_id("delay"), case_id=case_id, reason=reason, cause=cause.value, at=at, until=until, by=by.pseudonym,
        ended=None, ended_by=None,
    )  # fmt: skip


def _lead(who: Principal) -> None:
    if who.kind != "person" or not who.may(Permission.NOTICES_LEAD):
        raise NotPermittedError("Only a lead may do this.", hint="In a command, name one: --as NAME.")


def _write(
    conn: Connection, action: str, row: Delay, *, by: Principal, at: datetime, facts: Mapping[str, object], why: str
) -> None:
    if not why.strip():
        raise RefusedError("A reason is needed.", hint="A few words are enough.")
    subject = f"case:{row.case_id}" if row.case_id else f"reason:{row.reason}"
    sealed = {"reason": why.strip()[:MOST_WHY]}
    append(conn, Leaf(action=action, actor=by.pseudonym, facts=facts, sealed=sealed, subject=subject), at=at)
