"""How far a notice is: once each place it names has its end it is decided, its clocks stop, and the person is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.deadlines import clocks as deadlines
from rempart.deadlines.regimes import complaint_days
from rempart.deadlines.spans import minutes
from rempart.evidence.ledger import Leaf, append
from rempart.intake.notices.letters import Letter, LetterKind, compose
from rempart.intake.notices.records import clocks, locations
from rempart.intake.notices.records import notices as records
from rempart.intake.notices.records.locations import LocationRow
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.values import LocationState, NoticeState, Outcome
from rempart.intake.notices.writing import Writer
from rempart.people.principal import SYSTEM

_OVER = frozenset({LocationState.REMOVED, LocationState.KEPT, LocationState.NOT_FOUND, LocationState.WITHDRAWN})


def go_on(conn: Connection, notice: str, *, writer: Writer, at: datetime) -> bool:
    """See whether a notice has come to its end, or to another one; whether it has. Done twice it changes nothing more.

    Removed counts only what the service has confirmed.
    """
    row = records.find(conn, notice, lock=True)
    if row is None or row.state == NoticeState.WITHDRAWN:
        return False
    outcome = outcome_of(locations.of(conn, [notice]))
    if outcome is None or outcome == row.outcome:
        return False
    first = row.decided_at is None
    late = any(one.met is None and one.due < at for one in clocks.of(conn, [notice]))
    values: dict[str, object] = {"state": NoticeState.DECIDED.value, "outcome": outcome.value}
    if first:
        values |= {"decided_at": at, "complaint_until": _complaint_until(row, at)}
    records.change(conn, notice, **values)
    clocks.stop(conn, notice, at=at)
    facts: dict[str, object] = {
        "outcome": outcome.value, "late": late, "first": first, "track": row.track, "via": row.via,
        "regimes": sorted(name for name, stands in row.regimes.items() if stands.get("valid_at")),
    }  # fmt: skip
    if row.role is not None:
        facts["role"] = row.role
    if first:
        facts["took"] = minutes(row.received, at)
    else:
        facts["before"] = row.outcome
    append(conn, Leaf(action="notice.decided", actor=SYSTEM.pseudonym, facts=facts, subject=f"notice:{notice}"), at=at)
    if first:
        kind = LetterKind.REMOVED if outcome is Outcome.REMOVED else LetterKind.KEPT
        writer.write(conn, kind, notice, at=at)
    return True


def outcome_of(places: Sequence[LocationRow]) -> Outcome | None:
    """How a notice ended, by its places; None while one of them still waits, or all were taken back."""
    states = {LocationState(one.state) for one in places}
    if not states <= _OVER:
        return None
    states.discard(LocationState.WITHDRAWN)
    if not states:
        return None
    if states == {LocationState.REMOVED}:
        return Outcome.REMOVED
    if states == {LocationState.NOT_FOUND}:
        return Outcome.NOT_FOUND
    return Outcome.MIXED if LocationState.REMOVED in states else Outcome.KEPT


def preview(kind: LetterKind, row: NoticeRow, places: Sequence[LocationRow], *, writer: Writer, at: datetime) -> Letter:
    """A letter as it would be written if the notice were decided now; nothing is stored."""
    if row.complaint_until is None:
        row = replace(row, complaint_until=_complaint_until(row, at))
    return compose(kind, row, places, sender=writer.sender_for(row.track), at=at)


def _complaint_until(row: NoticeRow, at: datetime) -> datetime | None:
    """The longest time that a law in force gives; the person need not know which one applied."""
    days = complaint_days(row.regimes)
    return deadlines.complaint_until(at, days) if days else None
