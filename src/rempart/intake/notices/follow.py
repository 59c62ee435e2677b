"""From what people decided in cases to what becomes of the places that notices named.

A job follows each outcome of a case, and each removal that a service has confirmed. It asks the database how things
stand, so that it may be run again, or late.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.assessing.counted import detectors_of
from rempart.cases.assessing.values import Ending
from rempart.cases.records import assessments
from rempart.cases.records import cases as records
from rempart.cases.records.cases import Case
from rempart.clock import Clock
from rempart.deadlines.spans import minutes
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices import findings, progress, removals, seeds
from rempart.intake.notices.letters import LetterKind
from rempart.intake.notices.records import complaints, locations
from rempart.intake.notices.records import notices as notice_records
from rempart.intake.notices.records.complaints import ComplaintRow
from rempart.intake.notices.records.locations import LocationRow
from rempart.intake.notices.values import ComplaintState, LocationState, NoticeState, Outcome
from rempart.intake.notices.writing import Writer
from rempart.items.records import items
from rempart.items.records.items import Item
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.reports.orders import following
from rempart.store.jobs import Job

SCHEME = "intimate"
NOT_THERE = "not_found"
"""The code of that scheme for a place at which there is nothing."""
_TAKEN_DOWN = frozenset({Ending.REMOVE.value, Ending.RESTRICT.value})
_STAYS = frozenset({LocationState.KEPT.value, LocationState.NOT_FOUND.value})


class Follower:
    """The handler of `notice.follow` jobs: {"case": id, "round": number}."""

    def __init__(self, *, writer: Writer, clock: Clock) -> None:
        self._writer, self._clock = writer, clock

    def __call__(self, job: Job) -> None:
        """Bring the places of a case, and their notices, to where the case is now."""
        with job.finishing() as conn:
            follow(conn, job.payload["case"], writer=self._writer, at=self._clock())


def follow(conn: Connection, case_id: str, *, writer: Writer, at: datetime) -> tuple[str, ...]:
    """Do so in the caller's transaction; gives the notices that were looked at."""
    case = records.find(conn, case_id, lock=True)
    if case is None:
        return ()
    places = _places(conn, case)
    for one in places:
        if _decided_since(case, one):
            continue
        item = items.hosted(conn, one.item)
        if _taken_down(case, item):
            _remove(conn, one, case, at=at)
        elif case.state == "decided" and case.decision == Ending.RELEASE.value and _own(conn, case, one):
            _keep(conn, one, item, case, why=_why(conn, case), at=at)
    notices = tuple(sorted({one.notice for one in places}))  # each is locked, in one order everywhere
    _ask_and_find(conn, case, notices, orders=following.dues(conn, case), at=at)
    for one in locations.of(conn, notices):
        _see_removed(conn, one, at=at)
    _answer_complaints(conn, case, writer=writer, at=at)
    following.follow(conn, case, removed=removals.removed_at, at=at)
    for notice in notices:
        progress.go_on(conn, notice, writer=writer, at=at)
    for notice in notices:  # last: it takes numbers that others wait for
        row = notice_records.find(conn, notice)
        if row is not None and row.state == NoticeState.DECIDED:
            seeds.settle(conn, notice, guards=row.outcome != Outcome.KEPT, at=at)
    return notices


def _ask_and_find(
    conn: Connection, case: Case, notices: Sequence[str], *, orders: Sequence[datetime], at: datetime
) -> None:
    """What people removed is to be confirmed by the time of notices and orders; copies are findings of notices."""
    behind = tuple(dict.fromkeys((*notices, *seeds.linked(conn, case.id))))
    rows = [row for one in behind if (row := notice_records.find(conn, one)) is not None]
    if rows or orders:
        dues = [row.due for row in rows if row.withdrawn_at is None]
        removals.expect(conn, case, [*dues, *orders], at=at)
    findings.record(conn, case, [row.id for row in rows], at=at)


def _see_removed(conn: Connection, place: LocationRow, *, at: datetime) -> None:
    """Removed is what its service has confirmed, or hosts no more."""
    if place.state != LocationState.REMOVING.value:
        return
    since, item = removals.removed_at(conn, place.item), items.hosted(conn, place.item)
    if since is None and item is not None and item.gone is None:
        return
    locations.change(conn, place.id, state=LocationState.REMOVED.value, removed_at=since or at)
    _leaf(conn, place, "notice.removed", at=at)


def _places(conn: Connection, case: Case) -> tuple[LocationRow, ...]:
    """The places that opened the case or joined it, and those at which an item of it is."""
    found = {one.id: one for one in locations.of_case(conn, case.id)}
    found |= {one.id: one for one in locations.of_items(conn, records.items_of(conn, case.id))}
    for complaint in complaints.of_case(conn, case.id):
        found |= {one.id: one for one in locations.of(conn, [complaint.notice]) if one.id in complaint.locations}
    return tuple(sorted(found.values(), key=lambda one: one.id))


def _decided_since(case: Case, place: LocationRow) -> bool:
    """Whether another case has decided about a place after this one did: then this one has nothing to say any more."""
    if place.decided_at is None or place.decided_in in (None, case.id):
        return False
    return case.decided is None or case.decided < place.decided_at


def _taken_down(case: Case, item: Item | None) -> bool:
    """Whether people said that it goes: in the end, or already with the first of two answers."""
    if case.state == "decided":
        return case.decision in _TAKEN_DOWN
    return item is not None and item.decided is Verdict.BLOCK


def _own(conn: Connection, case: Case, place: LocationRow) -> bool:
    """Whether what a case lets stay is what a place's notice was about: another case about other things says nothing
    of it, but one into which the notice's own was merged, or that answers a complaint, does."""
    if place.case_id == case.id or any(place.id in one.locations for one in complaints.of_case(conn, case.id)):
        return True
    first = records.find(conn, place.case_id)
    return first is not None and first.decision == Ending.MERGED.value


def _remove(conn: Connection, place: LocationRow, case: Case, *, at: datetime) -> None:
    if place.state not in {LocationState.WAITING.value, *_STAYS}:
        return
    locations.change(
        conn, place.id, state=LocationState.REMOVING.value, why=None, decided_at=case.decided or at, decided_in=case.id
    )  # fmt: skip
    _leaf(conn, place, "notice.removing", at=at)


def _keep(
    conn: Connection, place: LocationRow, item: Item | None, case: Case, *, why: str | None, at: datetime
) -> None:
    if place.state == LocationState.WITHDRAWN.value or place.state in _STAYS:
        return
    gone = why == NOT_THERE or item is None or item.gone is not None
    state = LocationState.NOT_FOUND if gone else LocationState.KEPT
    locations.change(
        conn, place.id, state=state.value, why=why, decided_at=case.decided or at, decided_in=case.id, removed_at=None
    )  # fmt: skip
    _leaf(conn, place, "notice.kept", at=at)


def _why(conn: Connection, case: Case) -> str | None:
    """The category that the answer which counted gave, where it is one of this scheme."""
    answers = assessments.of_case(conn, case.id, round=case.round)
    leading = next((one for one in reversed(answers) if not one.blind), answers[0] if answers else None)
    return leading.code if leading is not None and leading.scheme == SCHEME else None


def _answer_complaints(conn: Connection, case: Case, *, writer: Writer, at: datetime) -> None:
    if case.state != "decided":
        return
    for one in complaints.of_case(conn, case.id):
        if one.state != ComplaintState.WAITING.value:
            continue
        upheld = case.decision in _TAKEN_DOWN
        state = ComplaintState.UPHELD if upheld else ComplaintState.REJECTED
        complaints.decide(conn, one.id, state=state.value, by=case.decided_by or SYSTEM.pseudonym, at=at)
        told = {"upheld": upheld, "took": minutes(one.at, at), "detectors": _detectors(conn, one)}
        leaf = Leaf(
            action="complaint.decided", actor=case.decided_by or SYSTEM.pseudonym, facts=told,
            subject=f"notice:{one.notice}",
        )  # fmt: skip
        append(conn, leaf, at=at)
        notice = notice_records.find(conn, one.notice)
        if notice is not None and notice.withdrawn_at is None:
            kind = LetterKind.COMPLAINT_UPHELD if upheld else LetterKind.COMPLAINT_REJECTED
            writer.write(conn, kind, one.notice, at=at)


def _detectors(conn: Connection, complaint: ComplaintRow) -> list[dict[str, str]]:
    """What had found, by machine, the things that a complaint is about."""
    first = {one.case_id for one in locations.of(conn, [complaint.notice]) if one.id in complaint.locations}
    return detectors_of(conn, sorted(first))


def _leaf(conn: Connection, place: LocationRow, action: str, *, at: datetime) -> None:
    facts = {"place": place.place}
    append(conn, Leaf(action=action, actor=SYSTEM.pseudonym, facts=facts, subject=f"notice:{place.notice}"), at=at)
