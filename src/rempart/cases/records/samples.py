"""Cases drawn for a second, blind look after they were settled, and the seeds that they are drawn with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    or_,
    select,
    update,
)

from rempart.cases.records.cases import cases
from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

sample_seeds = Table(
    "sample_seeds",
    metadata,
    Column("month", String(7), primary_key=True),
    Column("seed", LargeBinary, nullable=False),
    Column("at", UtcTime, nullable=False),
)
case_samples = Table(
    "case_samples",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("why", String(10), nullable=False),  # chance, single
    Column("at", UtcTime, nullable=False),
    Column("state", String(10), nullable=False),  # waiting, done, lapsed
    Column("person", String(40)),
    Column("taken", UtcTime),
    Column("assessment", String(40)),  # the answer, with the state `sample`: it never reaches the case
    Column("done", UtcTime),
    Index("uq_case_samples_case_id_round", "case_id", "round", unique=True),
    Index("ix_case_samples_state", "state", "id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A case that somebody else looks at again. `person` took it at `taken`, and answered at `done`."""

    id: str
    case_id: str
    round: int
    why: str
    at: datetime
    state: str
    person: str | None
    taken: datetime | None
    assessment: str | None
    done: datetime | None


def seed(conn: Connection, month: str) -> bytes | None:
    """The seed of a month, once there is one."""
    found = conn.execute(select(sample_seeds.c.seed).where(sample_seeds.c.month == month)).scalar_one_or_none()
    return None if found is None else bytes(found)


def add_seed(conn: Connection, *, month: str, seed: bytes, at: datetime) -> bool:
    """Keep the seed of a month unless there is one; says whether it was kept."""
    query = insert_or_ignore(conn, sample_seeds).values(month=month, seed=seed, at=at)
    return conn.execute(query.returning(sample_seeds.c.month)).first() is not None


def add(conn: Connection, row: Mapping[str, Any]) -> bool:
    """Write a sample unless this round of the case has one; says whether it was written."""
    query = insert_or_ignore(conn, case_samples).values(**row)
    return conn.execute(query.returning(case_samples.c.id)).first() is not None


def find(conn: Connection, sample_id: str, *, lock: bool = False) -> Sample | None:
    """The sample with this id; locked until the transaction ends where asked."""
    query = select(case_samples).where(case_samples.c.id == sample_id)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else Sample(**found._mapping)


def waiting(conn: Connection, *, most: int) -> tuple[Sample, ...]:
    """What waits for a second look, the oldest first."""
    query = select(case_samples).where(case_samples.c.state == "waiting").order_by(case_samples.c.id).limit(most)
    return tuple(Sample(**row._mapping) for row in conn.execute(query))


def waiting_of_case(conn: Connection, case_id: str, *, lock: bool = False) -> Sample | None:
    """The youngest sample of a case that still waits; locked until the transaction ends where asked."""
    own = case_samples.c.case_id == case_id, case_samples.c.state == "waiting"
    query = select(case_samples).where(*own).order_by(case_samples.c.round.desc()).limit(1)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else Sample(**found._mapping)


def done(conn: Connection, *, since: datetime, most: int) -> tuple[Sample, ...]:
    """Second looks that were answered since a time, the youngest first."""
    own = case_samples.c.state == "done", case_samples.c.done >= since
    query = select(case_samples).where(*own).order_by(case_samples.c.done.desc()).limit(most)
    return tuple(Sample(**row._mapping) for row in conn.execute(query))


def stale(conn: Connection, *, before: datetime, most: int) -> tuple[Sample, ...]:
    """What waits though it was drawn before a time, or its case was opened again since; locked, the oldest first."""
    reopened = cases.c.round > case_samples.c.round
    query = select(case_samples).join(cases, cases.c.id == case_samples.c.case_id)
    query = query.where(case_samples.c.state == "waiting", or_(case_samples.c.at < before, reopened))
    rows = conn.execute(query.order_by(case_samples.c.id).limit(most).with_for_update(of=case_samples))
    return tuple(Sample(**row._mapping) for row in rows)


def counts(conn: Connection) -> Mapping[str, int]:
    """How many there are of each state."""
    query = select(case_samples.c.state, func.count()).group_by(case_samples.c.state)
    return {state: int(count) for state, count in conn.execute(query)}


def change(conn: Connection, sample_id: str, **values: Any) -> None:
    """Give a sample new values."""
    conn.execute(update(case_samples).where(case_samples.c.id == sample_id).values(**values))
