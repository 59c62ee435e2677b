"""Every report as somebody may see it: whoever must not see its case, or must not know yet how it was decided, finds
none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from rempart.cases.assessing.viewing import is_blind
from rempart.cases.records import cases
from rempart.cases.work.queue import visible_among
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.cybertip.records import reports
from rempart.reports.cybertip.records import visibility as records
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.records.visibility import ReviewRow
from rempart.reports.cybertip.values import ReportState as S

MOST_ROWS = 100
MOST_NOTE = 2_000


class Show(StrEnum):
    """Which reports are asked for."""

    PEOPLE = "people"
    UNDER_WAY = "under_way"
    TROUBLE = "trouble"
    FILED = "filed"
    ALONE = "alone"
    WITHDRAWN = "withdrawn"
    ALL = "all"


STATES: Mapping[Show, frozenset[S]] = {
    Show.PEOPLE: frozenset({S.DRAFT, S.ASKED}),
    Show.UNDER_WAY: frozenset(
        {S.CONFIRMED, S.OPENING, S.OPEN, S.UPLOADING, S.DETAILING, S.FINISHING, S.RETRACTING, S.RETRACTED, S.EXPIRED}
    ),
    Show.TROUBLE: frozenset({S.REJECTED, S.MANUAL}),
    Show.FILED: frozenset({S.FILED}),
    Show.WITHDRAWN: frozenset({S.WITHDRAWN}),
}
"""What waits for people, what goes by itself, what a lead has to look at, what is over. With those that one person
alone confirmed, every state is in one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A page of reports, and where the next one begins."""

    rows: tuple[ReportRow, ...]
    reviews: Mapping[str, ReviewRow]
    next: str | None


def visible(conn: Connection, report_id: str, who: Principal, *, lock: bool = False) -> ReportRow:
    """A report. Raises NotFoundError also where its case, or how it was decided, is kept from them."""
    row = reports.find(conn, report_id)
    if row is None or not seen_cases(conn, [row.case_id], who):
        raise NotFoundError("There is no such report.", hint="It may be of a case that you do not see.")
    found = reports.find(conn, report_id, lock=True) if lock else row
    assert found is not None
    return found


def seen_cases(conn: Connection, case_ids: Iterable[str], who: Principal) -> frozenset[str]:
    """Those of these cases whose reports somebody may know of."""
    found = visible_among(conn, case_ids, who)
    rows = [case for one in found if (case := cases.find(conn, one)) is not None]
    return frozenset(case.id for case in rows if not is_blind(conn, case, who))


def listed(
    conn: Connection, who: Principal, *, show: Show = Show.ALL, before: str | None = None, most: int = 50
) -> Outgoing:
    """Reports that somebody may see, the youngest first."""
    most = max(1, min(most, MOST_ROWS))
    found: list[str] = []
    while len(found) <= most:
        some = records.page_ids(
            conn, states=STATES.get(show, frozenset()), alone=show is Show.ALONE, before=before, most=most + 1
        )
        seen = seen_cases(conn, {case_id for _, case_id in some}, who)
        found += [report for report, case_id in some if case_id in seen]
        if len(some) <= most:
            break
        before = some[-1][0]
    shown = found[:most]
    rows = tuple(row for one in shown if (row := reports.find(conn, one)) is not None)
    return Outgoing(rows=rows, reviews=records.reviews_of(conn, shown), next=shown[-1] if len(found) > most else None)


def of_case(conn: Connection, case_id: str, who: Principal) -> tuple[ReportRow, ...]:
    """The reports of a case that somebody sees, the oldest first; none while they must not know how it was decided."""
    found = reports.of_cases(conn, [case_id])
    return found if found and seen_cases(conn, [case_id], who) else ()


def waiting(conn: Connection, who: Principal) -> Mapping[Show, int]:
    """How many reports wait for people, are under way or in trouble, or were confirmed by one person alone."""
    found = records.counts(conn, but=STATES[Show.FILED] | STATES[Show.WITHDRAWN])
    seen = seen_cases(conn, {one.case_id for one in found}, who)
    own = [one for one in found if one.case_id in seen]
    told = {
        show: sum(one.number for one in own if one.state in STATES[show])
        for show in (Show.PEOPLE, Show.UNDER_WAY, Show.TROUBLE)
    }
    return told | {Show.ALONE: sum(one.number for one in own if one.alone)}


def kept_from(conn: Connection, who: Principal, report_ids: Collection[str]) -> frozenset[str]:
    """Those of these reports that are kept from somebody, or are not there."""
    rows = [row for one in report_ids if (row := reports.find(conn, one)) is not None]
    seen = seen_cases(conn, {row.case_id for row in rows}, who)
    return frozenset(report_ids) - {row.id for row in rows if row.case_id in seen}


def review(conn: Connection, report_id: str, who: Principal, *, agreed: bool, note: str, at: datetime) -> None:
    """Say afterwards of a report that one person alone confirmed whether it was right.

    Raises NotFoundError, NotPermittedError for whoever may not confirm reports, RefusedError for the one who confirmed
    it and without a sentence, ConflictError where there is nothing to say any more.
    """
    if who.kind != "person" or not who.may(Permission.REPORTS_APPROVE):
        raise NotPermittedError("Your roles do not allow this.", hint="Ask a reviewer.")
    row = visible(conn, report_id, who, lock=True)
    note = note.strip()
    if not note or len(note) > MOST_NOTE:
        raise RefusedError("A sentence is missing, or is too long.", hint="Write what you looked at.")
    if not row.single or row.confirmed_at is None or records.reviews_of(conn, [row.id]):
        raise ConflictError("There is nothing to look at again.", hint="Somebody may have been faster.")
    if who.id in (row.asked_by, row.confirmed_by):
        raise RefusedError("Whoever confirmed it does not look again.", hint="Another person has to.")
    records.add_review(conn, ReviewRow(report=row.id, agreed=agreed, note=note, by=who.pseudonym, at=at))
    told = Leaf(
        action="report.reviewed", actor=who.pseudonym, facts={"agreed": agreed}, sealed={"note": note},
        subject=f"report:{row.id}",
    )  # fmt: skip
    append(conn, told, at=at)
