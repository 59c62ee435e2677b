"""Answers as they are stored, as the rules read them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from rempart.cases.assessing.rules import Answer, Conclusion, conclude, needs_of
from rempart.cases.assessing.values import Confidence, Decision
from rempart.cases.records import work
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.records.cases import Case
from rempart.cases.work.settings import WorkRules
from rempart.lists.entry import Category
from rempart.people.permissions import Permission
from rempart.people.records.persons import holders_of


def answer_of(row: AssessmentRow) -> Answer:
    """What the rules read of an answer."""
    return Answer(
        person=row.person, decisions=frozenset(map(Decision, row.decisions)), category=category_of(row),
        list_id=row.list_id, accounts=frozenset(row.accounts), confidence=Confidence(row.confidence),
        arbiter=not row.blind, alone=frozenset(map(Decision, row.alone)),
    )  # fmt: skip


def category_of(row: AssessmentRow) -> Category | None:
    """Scheme and code of an answer."""
    return None if row.scheme is None or row.code is None else Category(scheme=row.scheme, code=row.code)


def concluded(conn: Connection, case: Case, given: Sequence[AssessmentRow], rules: WorkRules) -> Conclusion:
    """What follows from a round's valid answers."""
    answered = {one.person for one in given}
    left = bool(given) and not given[-1].blind and others_of(conn, Permission.CASES_ASSESS, case, answered)
    needs = needs_of(case.assessors, rules.two_person, danger=case.danger, nobody_left=not left)
    return conclude([answer_of(one) for one in given], needs)


def others_of(conn: Connection, permission: Permission, case: Case, answered: Collection[str]) -> frozenset[str]:
    """Active persons with a permission who may see a case and are not among those who answered."""
    return holders_of(conn, permission) - frozenset(answered) - work.barred_from(conn, case.id)
