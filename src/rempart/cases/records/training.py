"""Training runs: what a person answered on drawn pictures, for that person to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, String, Table, insert, select, update

from rempart.store.schema import Json, UtcTime, metadata

training_runs = Table(
    "training_runs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("person", String(40), ForeignKey("persons.id"), nullable=False),
    Column("seed", Integer, nullable=False),
    Column("started", UtcTime, nullable=False),
    Column("finished", UtcTime),
    Column("answers", Json, nullable=False),
    Index(None, "person", "started"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run: its pictures follow from `seed`, `answers` hold what was said of each that was answered."""

    id: str
    person: str
    seed: int
    started: datetime
    finished: datetime | None
    answers: tuple[Mapping[str, Any], ...]


def add(conn: Connection, row: RunRow) -> None:
    """Write a new run."""
    values = {name: getattr(row, name) for name in RunRow.__slots__}
    conn.execute(insert(training_runs), values | {"answers": list(row.answers)})


def find(conn: Connection, run_id: str, *, person: str, lock: bool = False) -> RunRow | None:
    """A person's own run."""
    query = select(training_runs).where(training_runs.c.id == run_id, training_runs.c.person == person)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else _row(found)


def of_person(conn: Connection, person: str, *, most: int) -> tuple[RunRow, ...]:
    """A person's runs, the youngest first."""
    query = select(training_runs).where(training_runs.c.person == person)
    found = conn.execute(query.order_by(training_runs.c.started.desc(), training_runs.c.id.desc()).limit(most))
    return tuple(_row(row) for row in found)


def change(conn: Connection, run_id: str, **values: Any) -> None:
    """Give a run new values."""
    conn.execute(update(training_runs).where(training_runs.c.id == run_id).values(**values))


def _row(found: Any) -> RunRow:
    values = dict(found._mapping)
    return RunRow(**values | {"answers": tuple(values["answers"])})
