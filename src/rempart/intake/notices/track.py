"""A reviewer suspects that the person in the picture was a child: the notice becomes a child-safety matter."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import cases
from rempart.cases.records.cases import Case
from rempart.cases.work.claims import drop
from rempart.cases.work.queue import visible
from rempart.cases.work.settings import PRIORITIES
from rempart.errors import NotFoundError, NotPermittedError
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices import seeds
from rempart.intake.notices.records import complaints, locations, signals
from rempart.intake.notices.records import notices as records
from rempart.intake.notices.records import seeds as seed_records
from rempart.intake.notices.values import CHILD_QUEUE, ComplaintState, Track
from rempart.items.records.items import COUNTER
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.store.counters import locked_number


def switch(conn: Connection, notice_id: str, *, who: Principal, at: datetime) -> bool:
    """Move a notice to the children's track, in the caller's transaction; False where it is there already.

    From the end of it no signal of the notice is on any list, and none is kept. Its open cases, those it led to among
    them, go to the queue for child safety and are urgent. The clock stays: it is the same, and nothing is asked for
    again. There is no way back: a wrong suspicion costs an adult nothing. Raises NotPermittedError, NotFoundError where
    there is no such notice for this person.
    """
    if not who.may(Permission.NOTICES_DECIDE):
        raise NotPermittedError("Only reviewers and leads decide about notices.")
    locked_number(conn, COUNTER)
    own = [one.case_id for one in locations.of(conn, [notice_id])]
    waiting = ComplaintState.WAITING.value
    own += [one.case_id for one in complaints.of(conn, [notice_id]) if own and one.state == waiting]
    if not own:
        raise NotFoundError("There is no such notice.")
    about = [visible(conn, case_id, who, lock=True) for case_id in sorted(set(own))]
    led_to = (cases.find(conn, one, lock=True) for one in seed_records.cases_of(conn, notice_id) if one not in own)
    row = records.find(conn, notice_id, lock=True)
    if row is None:
        raise NotFoundError("There is no such notice.")
    if row.track == Track.CHILD:
        return False
    records.change(conn, notice_id, track=Track.CHILD.value)
    for case in (*about, *(one for one in led_to if one is not None)):
        _move(conn, case, who=who, at=at)
    leaf = Leaf(action="notice.track_switched", actor=who.pseudonym, facts={"track": Track.CHILD.value},
                subject=f"notice:{notice_id}")  # fmt: skip
    append(conn, leaf, at=at)
    signals.withdraw(conn, notice_id, at=at)
    seeds.pull(conn, notice_id, at=at, by=who)
    return True


def switch_again(conn: Connection, notice_id: str, *, at: datetime) -> bool:
    """After a restore: a notice that was moved later is moved again; its seeds are pulled by a step of their own."""
    row = records.find(conn, notice_id, lock=True)
    if row is None or row.track == Track.CHILD:
        return False
    records.change(conn, notice_id, track=Track.CHILD.value)
    signals.withdraw(conn, notice_id, at=at)
    about = {one.case_id for one in locations.of(conn, [notice_id])}
    about |= {one.case_id for one in complaints.of(conn, [notice_id])}
    for case_id in sorted(about):
        case = cases.find(conn, case_id)
        if case is not None and case.state == "open":
            cases.change(conn, case_id, **_values(case))
    return True


def _move(conn: Connection, case: Case, *, who: Principal, at: datetime) -> None:
    values = _values(case)
    if case.state != "open" or all(getattr(case, name) == value for name, value in values.items()):
        return
    drop(conn, case, assigned_to=None, **values)  # others work in that queue
    facts = {"round": case.round, "to": CHILD_QUEUE, "before": case.queue, "priority": values["priority"]}
    append(conn, Leaf(action="case.moved", actor=who.pseudonym, facts=facts, subject=f"case:{case.id}"), at=at)


def _values(case: Case) -> dict[str, object]:
    return {"queue": CHILD_QUEUE, "priority": min(case.priority, PRIORITIES["high"])}
