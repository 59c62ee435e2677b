"""The looks that say of a file that people saw all of it, as `whole_looks` counts them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from rempart.cases.records.grants import case_grants
from rempart.people.records.tables import persons


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLook:
    """Who was shown all of a file, or its metadata, and when."""

    by: str
    at: datetime
    metadata: bool


def whole_of(conn: Connection, case_id: str, object_id: str) -> tuple[WholeLook, ...]:
    """The looks at all of what lies in the vault, in a case, the oldest first."""
    own = case_grants.c.case_id == case_id, case_grants.c.object == object_id, case_grants.c.whole
    shown = case_grants.c.served.is_not(None), case_grants.c.outcome.is_(None)
    steps = case_grants.c.step.in_(["original", "metadata"])
    query = (
        select(persons.c.pseudonym, case_grants.c.served, case_grants.c.step)
        .join_from(case_grants, persons, persons.c.id == case_grants.c.person)
        .where(*own, *shown, steps)
        .order_by(case_grants.c.served)
    )
    return tuple(
        WholeLook(by=row.pseudonym, at=row.served, metadata=row.step == "metadata") for row in conn.execute(query)
    )
