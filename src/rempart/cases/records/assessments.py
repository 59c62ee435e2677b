"""Assessments: one row for each answer of a person in a round of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    insert,
    select,
    text,
    update,
)

from rempart.store.schema import Json, UtcTime, metadata

_VALID = text("state = 'valid'")
_BOOLEAN = Boolean(create_constraint=False)

case_assessments = Table(
    "case_assessments",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("person", String(40), nullable=False),
    Column("pseudonym", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("decisions", Json, nullable=False),
    Column("scheme", Text),
    Column("code", Text),
    Column("image_kind", String(20)),
    Column("origin", Json, nullable=False),
    Column("confidence", String(10), nullable=False),
    Column("list_id", String(40)),
    Column("accounts", Json, nullable=False),  # numbers of items whose uploaders are meant
    Column("rationale", Text, nullable=False),
    Column("state", String(10), nullable=False),  # valid, undone, sample (a blind second look at a decided case)
    Column("blind", _BOOLEAN, nullable=False),  # false: a lead's, who saw the others' answers
    Column("proved", _BOOLEAN, nullable=False),  # with a credential used a short time before
    Column("session", String(40)),
    # Decisions that the person confirmed again, alone, and when.
    Column("alone", Json, nullable=False),
    Column("seconds", Integer),
    Index(
        "uq_case_assessments_valid", "case_id", "round", "person", "blind", unique=True,
        sqlite_where=_VALID, postgresql_where=_VALID,
    ),
    Index("ix_case_assessments_case", "case_id", "round", "at"),
    Index("ix_case_assessments_person", "person", "at"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentRow:
    """An answer as it is stored."""

    id: str
    case_id: str
    round: int
    person: str
    pseudonym: str
    at: datetime
    decisions: tuple[str, ...]
    scheme: str | None
    code: str | None
    image_kind: str | None
    origin: tuple[Mapping[str, str], ...]
    confidence: str
    list_id: str | None
    accounts: tuple[int, ...]
    rationale: str = field(repr=False)
    state: str
    blind: bool
    proved: bool
    session: str | None
    alone: tuple[str, ...]
    seconds: int | None


def add(conn: Connection, row: AssessmentRow) -> None:
    """Write an answer; IntegrityError when the same person has a valid one of that kind in the round."""
    conn.execute(insert(case_assessments), {name: getattr(row, name) for name in AssessmentRow.__slots__})


def of_case(conn: Connection, case_id: str, *, round: int | None = None) -> tuple[AssessmentRow, ...]:
    """The valid answers about a case, of one round or of all, in the order in which they were given."""
    query = select(case_assessments).where(case_assessments.c.case_id == case_id, case_assessments.c.state == "valid")
    if round is not None:
        query = query.where(case_assessments.c.round == round)
    order = case_assessments.c.round, case_assessments.c.at, case_assessments.c.id
    return tuple(_row(row) for row in conn.execute(query.order_by(*order)))


def find(conn: Connection, assessment_id: str) -> AssessmentRow | None:
    """The answer with this id."""
    found = conn.execute(select(case_assessments).where(case_assessments.c.id == assessment_id)).first()
    return None if found is None else _row(found)


def of_person(conn: Connection, person: str, *, most: int, before: datetime | None = None) -> tuple[AssessmentRow, ...]:
    """A person's own answers, the youngest first."""
    query = select(case_assessments).where(case_assessments.c.person == person)
    if before is not None:
        query = query.where(case_assessments.c.at < before)
    return tuple(_row(row) for row in conn.execute(query.order_by(case_assessments.c.at.desc()).limit(most)))


def change(conn: Connection, assessment_id: str, **values: Any) -> None:
    """Give an answer's row new values: its state, or what was confirmed alone."""
    conn.execute(update(case_assessments).where(case_assessments.c.id == assessment_id).values(**values))


def _row(row: Any) -> AssessmentRow:
    values = dict(row._mapping)
    for name in ("decisions", "origin", "accounts", "alone"):
        values[name] = tuple(values[name])
    return AssessmentRow(**values)
