"""What the answers of others have changed already, and a person who has still to answer must not notice."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, not_, select

from rempart.cases.records.assessments import case_assessments
from rempart.cases.records.cases import cases
from rempart.cases.records.decisions import decisions
from rempart.cases.records.outcomes import case_outcomes

_JUDGED = "case"


def of_open(conn: Connection, person: str, *, lead: bool, most: int) -> dict[int, str] | None:
    """Of each item that the round of an open case has changed, where this person knows nothing of its answers: the
    verdict from before. None where there are more than `most`."""
    begun = select(func.min(case_outcomes.c.at)).where(
        case_outcomes.c.case_id == cases.c.id, case_outcomes.c.round == cases.c.round
    )
    query = select(decisions.c.item, decisions.c.previous).join(cases, cases.c.id == decisions.c.case_id)
    query = query.where(
        cases.c.state == "open", cases.c.stage != "first", decisions.c.reason == _JUDGED, decisions.c.item.is_not(None),
        decisions.c.previous.is_not(None), decisions.c.at >= begun.scalar_subquery(), not_(_knows(person)),
    )  # fmt: skip
    if lead:
        query = query.where(not_(and_(cases.c.stage == "lead", _people() > 1)))
    rows = conn.execute(query.order_by(decisions.c.seq.desc()).limit(most + 1)).all()
    return None if len(rows) > most else {row.item: row.previous for row in rows}


def _knows(person: str) -> ColumnElement[bool]:
    """Their own answer stands, and cannot be taken back any more."""
    answer, outcome = case_assessments.alias(), case_outcomes.alias()
    waits = select(outcome.c.id).where(outcome.c.assessment == answer.c.id, outcome.c.state == "waiting")
    own = answer.c.case_id == cases.c.id, answer.c.round == cases.c.round, answer.c.person == person
    return select(answer.c.id).where(*own, answer.c.state == "valid", ~waits.exists()).exists()


def _people() -> ColumnElement[Any]:
    answer = case_assessments.alias()
    given = answer.c.case_id == cases.c.id, answer.c.round == cases.c.round, answer.c.state == "valid"
    return select(func.count(func.distinct(answer.c.person))).where(*given).scalar_subquery()
