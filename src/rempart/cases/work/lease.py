"""How long a claim lasts, as plain arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rempart.cases.records.cases import Case
from rempart.cases.work.settings import MOST_CLAIM_MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who has claimed a case, and until when."""

    person: str
    until: datetime


def latest_end(at: datetime) -> datetime:
    """When a claim that was made now would end at the latest. One that ends later was made by a clock that has been
    set back since; it holds nobody up."""
    return at + timedelta(minutes=MOST_CLAIM_MINUTES)


def lease_of(case: Case, at: datetime) -> Lease | None:
    """The claim on a case, if there is one and it has not run out."""
    if case.state != "open" or case.claimed_by is None or case.claimed_until is None:
        return None
    if not at < case.claimed_until <= latest_end(at):
        return None
    return Lease(person=case.claimed_by, until=case.claimed_until)
