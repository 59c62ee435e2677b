"""Complaints: somebody who had no part in the first decision looks at what stays, anew."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import assessments, work
from rempart.cases.work.moves import keep_from, restrict_insider
from rempart.errors import ConflictError, NotFoundError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.intake.notices.letters import LetterKind
from rempart.intake.notices.reading import COMPLAINABLE, may_complain
from rempart.intake.notices.records import complaints as records
from rempart.intake.notices.records import locations, notices
from rempart.intake.notices.records.locations import LocationRow
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.sealing import seal
from rempart.intake.notices.values import CHILD_QUEUE, KIND, QUEUE, ComplaintState, Track
from rempart.intake.notices.writing import Writer
from rempart.items.records import items
from rempart.items.records.items import COUNTER, Item
from rempart.people.permissions import Permission
from rempart.people.principal import SYSTEM
from rempart.people.records import persons
from rempart.store.counters import current_number, locked_number
from rempart.store.ids import new_id

MOST_TEXT = 4_000


def complain(conn: Connection, notice_id: str, text: str, *, writer: Writer, at: datetime) -> tuple[str, ...]:
    """Complain about what stays, in the caller's transaction; gives the cases in which others look again.

    Each place that stays is a case of its own bytes, due as a new notice would be, and everybody who had answered in
    the first one is kept from it. Where nobody else could look, nobody is kept from it: the ledger says so. Raises
    NotFoundError, ConflictError where nothing may be complained about now, and RefusedError for too long a text.
    """
    text = text.strip()
    if len(text) > MOST_TEXT:
        raise RefusedError(f"A complaint has at most {MOST_TEXT:,} characters.", hint="Shorten it.")
    locked_number(conn, COUNTER)
    row = notices.find(conn, notice_id)
    if row is None:
        raise NotFoundError("There is no such notice.")
    if not may_complain(conn, row, at=at):
        raise ConflictError(
            "There is nothing to complain about now.", hint="A complaint may wait already, or its time may be over."
        )
    about = [one for one in locations.of(conn, [row.id]) if one.state in COMPLAINABLE]
    of_cases: dict[str, list[LocationRow]] = {}
    for place in about:
        item = items.hosted(conn, place.item)
        if item is not None:
            of_cases.setdefault(_case(conn, row, item, at=at), []).append(place)
    if not of_cases:
        raise ConflictError("There is nothing at these places any more.")
    for case_id, places in of_cases.items():
        _write(conn, row, case_id, places, text, keyring=writer.keyring, at=at)
    writer.write(conn, LetterKind.COMPLAINT_RECEIVED, row.id, at=at)
    return tuple(of_cases)


def deciders(conn: Connection, case_ids: Iterable[str]) -> dict[str, str]:
    """Everybody who answered in these cases: ids of persons and their pseudonyms."""
    return {one.person: one.pseudonym for case_id in case_ids for one in assessments.of_case(conn, case_id)}


def _case(conn: Connection, row: NoticeRow, item: Item, *, at: datetime) -> str:
    return open_case(
        conn, kind=KIND, queue=CHILD_QUEUE if row.track == Track.CHILD else QUEUE, assessors=1,
        item=CaseItem.of(item), matches=(), reason="complaint",
        policy_version=current_number(conn, "policy"), by=SYSTEM, at=at, due=at + (row.due - row.received),
    )  # fmt: skip


def _write(
    conn: Connection,
    row: NoticeRow,
    case_id: str,
    places: Sequence[LocationRow],
    text: str,
    *,
    keyring: Keyring,
    at: datetime,
) -> None:
    before = deciders(conn, {one.case_id for one in places} - {case_id})
    others = persons.holders_of(conn, Permission.CASES_ASSESS) - before.keys() - work.barred_from(conn, case_id)
    barred = before if others else {}
    if row.insider:
        restrict_insider(conn, case_id, SYSTEM, frozenset(barred), at=at)
    else:
        keep_from(conn, case_id, barred, at=at)
    complaint = new_id("complaint")
    records.add(
        conn,
        {
            "id": complaint, "notice": row.id, "at": at, "state": ComplaintState.WAITING.value, "case_id": case_id,
            "locations": [one.id for one in places], "barred": sorted(barred.values()), "by": None, "decided_at": None,
        },
    )  # fmt: skip
    if text:
        seal(conn, row.id, {complaint: text}, keyring=keyring)
    facts = {"places": [one.place for one in places], "others": bool(others)}
    append(
        conn, Leaf(action="complaint.received", actor=SYSTEM.pseudonym, facts=facts, subject=f"notice:{row.id}"), at=at
    )
