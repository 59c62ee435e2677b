"""From a decision that something goes to the service's word that it is gone; only then does it count as removed.

Until a service confirms, the operator is told while there is still time, again when the time is up, and every day
after that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.assessing.settling import FOLLOW
from rempart.cases.events import Reason
from rempart.cases.records import cases, decisions
from rempart.cases.records.cases import Case
from rempart.cases.records.decisions import DecisionRow
from rempart.deadlines.spans import minutes
from rempart.errors import NotFoundError
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices.records import locations
from rempart.intake.notices.records import removals as records
from rempart.intake.notices.records.removals import Removal as Removal
from rempart.items.records import items
from rempart.people.principal import SYSTEM, Principal
from rempart.policy.facts import Verdict
from rempart.store.engine import Store
from rempart.store.jobs import enqueue
from rempart.store.periodic import Periodic
from rempart.store.workers import Worker

WARN_BEFORE = timedelta(hours=6)
"""So long before the time is up the operator hears of it, or halfway where the decision came later than that."""
AGAIN = timedelta(hours=24)
USUAL = timedelta(hours=48)
"""How long a service has where what is removed came after the notice's own time was up."""
_SECONDS = 20.0
_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Unconfirmed:
    """What has to be said of one service: so many removals are not confirmed, and when the first of them is due."""

    service: str
    count: int
    due: datetime
    overdue: bool


Alarm = Callable[[Connection, Unconfirmed], None]
"""Tells the operator in the caller's transaction; `server.alarms.Alarms.removals` is one."""


def expect(conn: Connection, case: Case, dues: Sequence[datetime], *, at: datetime) -> int:
    """Wait for the services to confirm what people said in a case that notices led to; gives how many are new.

    `dues` are the notices' times; what they led to only afterwards has the usual time. Done twice it changes nothing
    more. What was confirmed before counts.
    """
    made = 0
    for number in cases.items_of(conn, case.id):
        item = items.hosted(conn, number)
        if item is None or item.gone is not None or item.decided in (None, Verdict.ALLOW):
            continue
        told = decisions.last_about(conn, number)
        if told is None or not _takes_away(told):
            continue
        due = min((one for one in dues if case.opened <= one), default=told.at + USUAL)
        made += _expected(conn, told, case, due, at=at)
    return made


def confirm(conn: Connection, service: str, decision_id: str, *, by: Principal, at: datetime) -> datetime | None:
    """A service says that it has done what a decision asked for; gives since when that is known.

    None for a decision that removes nothing: then there is nothing to confirm. Said twice it changes nothing more.
    Raises NotFoundError for a decision that this service was never told of.
    """
    told = decisions.find(conn, decision_id)
    if told is None or told.service != service:
        raise NotFoundError("There is no such decision.", hint="GET /v1/decisions lists those about your items.")
    if told.item is None or not _takes_away(told):
        return None
    records.add(conn, _removal(told))
    found = records.find(conn, decision_id, lock=True)
    assert found is not None
    if found.confirmed is not None:
        return found.confirmed
    _confirmed(conn, found, by=by, at=at)
    return at


def gone(conn: Connection, item: int, *, by: Principal, at: datetime) -> None:
    """A service hosts an item no more: what it was told to remove of it is removed."""
    for one in records.open_of(conn, item):
        _confirmed(conn, one, by=by, at=at)


def removed_at(conn: Connection, item: int) -> datetime | None:
    """Since when the last removal of an item that was asked for is confirmed; None while it is not."""
    found = records.of_items(conn, [item]).get(item)
    return None if found is None else found.confirmed


def speak(conn: Connection, *, alarm: Alarm, at: datetime, most: int = _AT_ONCE) -> int:
    """Say what has to be said by now, once for each service; gives of how many removals. Fewer than `most`: that was
    all. What is not to be removed any more is passed over."""
    rows = records.alarming(conn, at, most=most)
    waiting = [one for one in rows if _still(conn, one)]
    for service in sorted({one.service for one in waiting}):
        own = [one.due or at for one in waiting if one.service == service]
        alarm(conn, Unconfirmed(service=service, count=len(own), due=min(own), overdue=min(own) <= at))
    for one in rows:
        if one not in waiting:
            records.change(conn, one.decision, alarm_at=None)
            continue
        overdue = one.due is None or one.due <= at
        records.change(
            conn, one.decision, alarmed=one.alarmed or at, alarm_at=at + AGAIN if overdue else one.due
        )  # fmt: skip
        _write(conn, "removal.overdue" if overdue else "removal.warned", one, by=SYSTEM, at=at)
    return len(rows)


def periodics(store: Store, *, alarm: Alarm) -> Sequence[Periodic]:
    """The watch. It is tried as soon as a process starts: what was to be said while none ran is said then."""

    def watch(worker: Worker) -> None:
        more = True
        while more:
            with store.read() as conn:  # nearly always there is nothing to say, and nobody has to wait for that
                more = records.any_alarming(conn, store.clock())
            if more:
                with store.write() as conn:
                    worker.guard(conn)
                    speak(conn, alarm=alarm, at=store.clock())

    return (Periodic(name="notices.removals", seconds=_SECONDS, run=watch),)


def alarm_at(asked: datetime, due: datetime) -> datetime:
    """When the operator is to be told first: always before the time is up, unless it was up already."""
    return asked if due <= asked else max(due - WARN_BEFORE, asked + (due - asked) / 2)


def _takes_away(told: DecisionRow) -> bool:
    """Whether a decision asks for something to be gone: it is blocked, or people had it held back."""
    held = told.verdict == Verdict.HOLD.value and told.reason == Reason.CASE.value
    return held or told.verdict == Verdict.BLOCK.value


def _removal(told: DecisionRow) -> Removal:
    assert told.item is not None
    return Removal(decision=told.id, item=told.item, service=told.service, case_id=told.case_id, asked=told.at)


def _expected(conn: Connection, told: DecisionRow, case: Case, due: datetime, *, at: datetime) -> int:
    new = records.add(conn, _removal(told))
    found = records.find(conn, told.id, lock=True)
    if found is None or (found.due is not None and found.due <= due):
        return 0
    first = found.due is None
    values: dict[str, object] = {"due": due, "case_id": case.id}
    if found.confirmed is None:
        values["alarm_at"] = alarm_at(told.at, due)
    records.change(conn, told.id, **values)
    if first:
        _write(conn, "removal.asked", found, by=SYSTEM, at=at)
    return int(new)


def _confirmed(conn: Connection, removal: Removal, *, by: Principal, at: datetime) -> None:
    records.change(conn, removal.decision, confirmed=at, confirmed_by=by.pseudonym, alarm_at=None)
    late = removal.due is not None and removal.due < at
    _write(conn, "removal.confirmed", removal, by=by, at=at, late=late)
    told = {one.case_id for one in locations.of_items(conn, [removal.item])}
    for case_id in sorted(told | ({removal.case_id} if removal.case_id else set())):
        case = cases.find(conn, case_id)
        if case is not None:
            payload = {"case": case_id, "round": case.round}
            enqueue(conn, FOLLOW, payload, now=at, key=f"follow:{case_id}")


def _still(conn: Connection, one: Removal) -> bool:
    """Whether it is still to be removed: it is there, and people have not said otherwise since."""
    item = items.hosted(conn, one.item)
    return one.confirmed is None and item is not None and item.gone is None and item.verdict is not Verdict.ALLOW


def _write(
    conn: Connection, action: str, removal: Removal, *, by: Principal, at: datetime, late: bool | None = None
) -> None:
    facts: dict[str, object] = {"decision": removal.decision}
    if late is not None:
        facts |= {"late": late, "took": minutes(removal.asked, at)}
    append(conn, Leaf(action=action, actor=by.pseudonym, facts=facts, subject=f"item:{removal.item}"), at=at)
