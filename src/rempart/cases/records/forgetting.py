"""What is laid down beside a case (looks that were granted, notes, facts of an account), and when nothing needs it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, String, Table, cast, delete, literal, or_, select, union

from rempart.cases.records.cases import case_items, cases
from rempart.cases.records.flags import oversight_flags
from rempart.cases.records.grants import case_grants
from rempart.cases.records.outcomes import case_outcomes
from rempart.cases.records.samples import case_samples
from rempart.cases.records.tasks import case_tasks
from rempart.cases.records.work import case_facts, case_notes
from rempart.evidence.vault.records import bases, objects
from rempart.items.records.items import items

_KEPT: Mapping[str, Table] = {"looks": case_grants, "notes": case_notes, "facts": case_facts}
_UNDONE = ("waiting", "failed")


def unneeded(conn: Connection, *, before: datetime, most: int, case_id: str | None = None) -> tuple[str, ...]:
    """Cases, or whether this one is, whose looks, notes and facts nothing needs any more, the oldest first.

    1. It was decided before that time, and nothing was laid down beside it since.
    2. None of its tasks waits or failed, no outcome and no second look of it waits, no flag about it waits for a lead.
    3. No evidence of it is kept, by a legal hold or whatever other reason.
    """
    beside = union(*(select(table.c.case_id) for table in _KEPT.values())).subquery()
    query = select(cases.c.id).where(
        cases.c.id.in_(select(beside.c.case_id)), cases.c.state == "decided", cases.c.decided < before,
        *(~_some(table, table.c.at >= before) for table in _KEPT.values()),
        ~_some(case_tasks, case_tasks.c.state.in_(_UNDONE)), ~_some(case_outcomes, case_outcomes.c.state == "waiting"),
        ~_some(case_samples, case_samples.c.state == "waiting"),
        ~_some(oversight_flags, oversight_flags.c.state == "new"), ~_evidence(),
    )  # fmt: skip
    if case_id is not None:
        query = query.where(cases.c.id == case_id)
    return tuple(conn.execute(query.order_by(cases.c.id).limit(most)).scalars())


def forget(conn: Connection, case_id: str) -> Mapping[str, int]:
    """Delete what is laid down beside a case; gives how many of each there were."""
    return {
        name: conn.execute(delete(table).where(table.c.case_id == case_id)).rowcount for name, table in _KEPT.items()
    }


def _some(table: Table, what: ColumnElement[bool]) -> ColumnElement[bool]:
    return select(literal(1)).where(table.c.case_id == cases.c.id, what).correlate(cases).exists()


def _evidence() -> ColumnElement[bool]:
    """Something of the case is sealed and not destroyed: under its name, of an item of it, or shown as one's."""
    named = select(literal(1)).where(
        bases.c.reference == cases.c.id, bases.c.ended.is_(None), bases.c.object == objects.c.id,
        objects.c.destroyed.is_(None),
    )  # fmt: skip
    own = case_items.c.case_id == cases.c.id, objects.c.destroyed.is_(None)
    sealed_for = select(literal(1)).where(*own, objects.c.item == "item:" + cast(case_items.c.item, String))
    shown_as = select(literal(1)).where(*own, items.c.id == case_items.c.item, items.c.object == objects.c.id)
    return or_(*(one.correlate(cases).exists() for one in (named, sealed_for, shown_as)))
