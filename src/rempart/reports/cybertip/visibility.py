"""Reports that wait for somebody, as far as each person may know of them; and looking again at what one person alone
confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from rempart.cases.assessing.viewing import is_blind
from rempart.cases.records import cases
from rempart.cases.work.queue import visible_among
from rempart.errors import ConflictError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.cybertip.drafting.reading import report_of, shown
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
        {S.CONFIRMED, S.OPENING, S.OPEN, S.UPLOADING, S.DETAILING, S.FINISHING, S.RETRACTING, S.EXPIRED}
    ),
    Show.TROUBLE: frozenset({S.REJECTED, S.MANUAL, S.RETRACTED}),
    Show.FILED: frozenset({S.FILED}),
    Show.WITHDRAWN: frozenset({S.WITHDRAWN}),
}
"""What waits for people, what goes by itself, what a lead has to look at, what is over: every state is in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A page of reports, and where the next one begins."""

    rows: tuple[ReportRow, ...]
    reviews: Mapping[str, ReviewRow]
    next: str | None


def listed(
    conn: Connection, who: Principal, *, show: Show = Show.ALL, before: str | None = None, most: int = 50
) -> Outgoing:
    """Reports that somebody may know of, the youngest first."""
    most = max(1, min(most, MOST_ROWS))
    found: list[ReportRow] = []
    while len(found) <= most:
        some = records.page(
            conn, states=STATES.get(show, frozenset()), alone=show is Show.ALONE, before=before, most=most + 1
        )
        found += shown(conn, some, who)
        if len(some) <= most:
            break
        before = some[-1].id
    rows = tuple(found[:most])
    reviews = records.reviews_of(conn, [one.id for one in rows])
    return Outgoing(rows=rows, reviews=reviews, next=rows[-1].id if len(found) > most else None)


def waiting(conn: Connection, who: Principal) -> Mapping[Show, int]:
    """How many reports wait for people, are under way or in trouble, or were confirmed by one person alone."""
    found = records.counts(conn, but=STATES[Show.FILED] | STATES[Show.WITHDRAWN])
    known = _known_cases(conn, {one.case_id for one in found}, who)
    own = [one for one in found if one.case_id in known]
    told = {
        show: sum(one.number for one in own if one.state in STATES[show])
        for show in (Show.PEOPLE, Show.UNDER_WAY, Show.TROUBLE)
    }
    return told | {Show.ALONE: sum(one.number for one in own if one.alone)}


def review_of(conn: Connection, report_id: str) -> ReviewRow | None:
    """What somebody said afterwards of a report."""
    return records.reviews_of(conn, [report_id]).get(report_id)


def review(conn: Connection, report_id: str, who: Principal, *, agreed: bool, note: str, at: datetime) -> None:
    """Say afterwards of a report that one person alone confirmed whether it was right.

    Raises NotFoundError, NotPermittedError for whoever may not confirm reports, RefusedError for whoever confirmed it
    and without a sentence, ConflictError where there is nothing to say any more.
    """
    row = report_of(conn, report_id, who, permission=Permission.REPORTS_APPROVE, lock=True)
    note = note.strip()
    if not note or len(note) > MOST_NOTE:
        raise RefusedError("A sentence is missing, or is too long.", hint="Write what you looked at.")
    if not row.single or row.confirmed_at is None or review_of(conn, row.id) is not None:
        raise ConflictError("There is nothing to look at again.", hint="Somebody may have been faster.")
    if who.kind != "person" or who.id in (row.asked_by, row.confirmed_by):
        raise RefusedError("Whoever confirmed it does not look again.", hint="Another person has to.")
    records.add_review(conn, ReviewRow(report=row.id, agreed=agreed, note=note, by=who.pseudonym, at=at))
    told = Leaf(
        action="report.reviewed", actor=who.pseudonym, facts={"agreed": agreed}, sealed={"note": note},
        subject=f"report:{row.id}",
    )  # fmt: skip
    append(conn, told, at=at)


def _known_cases(conn: Connection, case_ids: Iterable[str], who: Principal) -> frozenset[str]:
    """Those of these cases of whose reports a person may know."""
    found = (cases.find(conn, one) for one in visible_among(conn, case_ids, who))
    return frozenset(case.id for case in found if case is not None and not is_blind(conn, case, who))
