"""Outcomes: what follows from an answer, from the moment it is given until it has taken effect or was undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, ForeignKey, Index, Integer, String, Table, insert, select, update

from rempart.store.schema import Json, UtcTime, metadata

case_outcomes = Table(
    "case_outcomes",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("assessment", String(40), ForeignKey("case_assessments.id"), nullable=False),
    Column("kind", String(12), nullable=False),  # provisional, final
    Column("decisions", Json, nullable=False),
    Column("by", Json, nullable=False),  # pseudonyms of those who answered
    Column("single", Boolean(create_constraint=False), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("settles_at", UtcTime, nullable=False),
    Column("stage_before", String(10), nullable=False),  # what undoing goes back to
    Column("stage_after", String(10), nullable=False),  # what the case goes on to; settling: it ends
    # A second outcome of the same answer: its person confirmed some of it alone.
    Column("confirms", Boolean(create_constraint=False), nullable=False),
    Column("state", String(10), nullable=False),  # waiting, settling, settled, undone
    Column("settled", UtcTime),
    Index("ix_case_outcomes_case", "case_id", "round", "at"),
    Index("ix_case_outcomes_assessment", "assessment"),
    Index("ix_case_outcomes_settled", "settled"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRow:
    """An outcome as it is stored."""

    id: str
    case_id: str
    round: int
    assessment: str
    kind: str
    decisions: tuple[str, ...]
    by: tuple[str, ...]
    single: bool
    at: datetime
    settles_at: datetime
    stage_before: str
    stage_after: str
    confirms: bool
    state: str
    settled: datetime | None


def add(conn: Connection, row: OutcomeRow) -> None:
    """Write an outcome."""
    conn.execute(insert(case_outcomes), {name: getattr(row, name) for name in OutcomeRow.__slots__})


def find(conn: Connection, outcome_id: str, *, lock: bool = False) -> OutcomeRow | None:
    """The outcome with this id; locked until the transaction ends where asked."""
    query = select(case_outcomes).where(case_outcomes.c.id == outcome_id)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else _row(found)


def of_case(conn: Connection, case_id: str, *, round: int | None = None) -> tuple[OutcomeRow, ...]:
    """A case's outcomes that were not undone, of one round or of all, the oldest first."""
    query = select(case_outcomes).where(case_outcomes.c.case_id == case_id, case_outcomes.c.state != "undone")
    if round is not None:
        query = query.where(case_outcomes.c.round == round)
    order = case_outcomes.c.round, case_outcomes.c.at, case_outcomes.c.id
    return tuple(_row(row) for row in conn.execute(query.order_by(*order)))


def last_of(conn: Connection, case_ids: Sequence[str]) -> dict[str, OutcomeRow]:
    """The youngest outcome of each of these cases that was not undone."""
    query = select(case_outcomes).where(case_outcomes.c.case_id.in_(list(case_ids)), case_outcomes.c.state != "undone")
    rows = conn.execute(query.order_by(case_outcomes.c.round, case_outcomes.c.at, case_outcomes.c.id))
    return {row.case_id: _row(row) for row in rows}


def single_since(conn: Connection, moment: datetime, *, most: int) -> tuple[OutcomeRow, ...]:
    """What went ahead with one person since a moment, the oldest first: to be reviewed afterwards."""
    mine = case_outcomes.c.single, case_outcomes.c.state == "settled", case_outcomes.c.settled >= moment
    query = select(case_outcomes).where(*mine).order_by(case_outcomes.c.settled).limit(most)
    return tuple(_row(row) for row in conn.execute(query))


def change(conn: Connection, outcome_id: str, **values: Any) -> None:
    """Give an outcome new values."""
    conn.execute(update(case_outcomes).where(case_outcomes.c.id == outcome_id).values(**values))


def _row(row: Any) -> OutcomeRow:
    values = dict(row._mapping)
    for name in ("decisions", "by"):
        values[name] = tuple(values[name])
    return OutcomeRow(**values)
