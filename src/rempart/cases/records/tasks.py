"""Tasks: what a decision asks for that is done later, by the software or by the reports that people send."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
    update,
)

from rempart.store.schema import Json, UtcTime, metadata

_WAITING = text("state = 'waiting'")
REPORTED = ("report", "refer")
"""The kinds of task for which people send something to somebody else."""

case_tasks = Table(
    "case_tasks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("outcome", String(40), ForeignKey("case_outcomes.id"), nullable=False),
    Column("kind", String(20), nullable=False),  # report, refer, add_to_list, block_account
    Column("state", String(10), nullable=False),  # waiting, done, failed, cancelled
    Column("facts", Json, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("settled", UtcTime),
    Column("why", Text),
    Index("ix_case_tasks_case", "case_id", "created"),
    Index("ix_case_tasks_waiting", "kind", "created", sqlite_where=_WAITING, postgresql_where=_WAITING),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """A task as it is stored."""

    id: str
    case_id: str
    round: int
    outcome: str
    kind: str
    state: str
    facts: Mapping[str, Any]
    created: datetime
    settled: datetime | None
    why: str | None


def add(conn: Connection, row: TaskRow) -> None:
    """Write a task."""
    conn.execute(insert(case_tasks), {name: getattr(row, name) for name in TaskRow.__slots__})


def forget(conn: Connection, *, case_id: str, state: str, round: int, outcome: str | None = None) -> None:
    """Delete a round's tasks in a state, of one outcome where asked: such as nobody was shown."""
    own = [case_tasks.c.case_id == case_id, case_tasks.c.state == state, case_tasks.c.round == round]
    if outcome is not None:
        own.append(case_tasks.c.outcome == outcome)
    conn.execute(delete(case_tasks).where(*own))


def find(conn: Connection, task_id: str, *, lock: bool = False) -> TaskRow | None:
    """The task with this id; locked until the transaction ends where asked."""
    query = select(case_tasks).where(case_tasks.c.id == task_id)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else TaskRow(**found._mapping)


def of_cases(conn: Connection, case_ids: Sequence[str]) -> tuple[TaskRow, ...]:
    """The tasks of these cases, the oldest first."""
    query = select(case_tasks).where(case_tasks.c.case_id.in_(list(case_ids)))
    rows = conn.execute(query.order_by(case_tasks.c.created, case_tasks.c.id))
    return tuple(TaskRow(**row._mapping) for row in rows)


def waiting(conn: Connection, *, kind: str, most: int) -> tuple[TaskRow, ...]:
    """Tasks of a kind that wait, the oldest first."""
    own = case_tasks.c.state == "waiting", case_tasks.c.kind == kind
    query = select(case_tasks).where(*own).order_by(case_tasks.c.created, case_tasks.c.id).limit(most)
    return tuple(TaskRow(**row._mapping) for row in conn.execute(query))


def change(conn: Connection, task_id: str, **values: Any) -> None:
    """Give a task new values."""
    conn.execute(update(case_tasks).where(case_tasks.c.id == task_id).values(**values))
