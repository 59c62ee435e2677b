"""Near-duplicates that lie beside a case, and what each person said of each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

case_near = Table(
    "case_near",
    metadata,
    Column("case_id", String(40), ForeignKey("cases.id"), primary_key=True),
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("sha256", LargeBinary),  # forgotten when the case is decided
    Column("distance", Integer, nullable=False),
    Column("probe", String(80), nullable=False),
    Column("state", String(10), nullable=False),  # proposed, confirmed, rejected
    Column("by", String(40)),
    Column("at", UtcTime, nullable=False),
    Index("ix_case_near_item", "item"),
)
case_near_answers = Table(
    "case_near_answers",
    metadata,
    Column("case_id", String(40), ForeignKey("cases.id"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("person", String(40), primary_key=True),
    Column("pseudonym", String(40), nullable=False),
    Column("same", Boolean(create_constraint=False), nullable=False),
    Column("at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NearRow:
    """An item that looks alike. `state` is what was settled with the case, `proposed` until then."""

    case_id: str
    item: int
    sha256: bytes | None
    distance: int
    probe: str
    state: str
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NearAnswer:
    """What one person said of one of them."""

    case_id: str
    round: int
    item: int
    person: str
    pseudonym: str
    same: bool
    at: datetime


def propose(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
    """Lay items beside a case; those that lie there already stay as they are. Gives how many came."""
    if not rows:
        return 0
    own = select(case_near.c.item).where(case_near.c.case_id.in_({row["case_id"] for row in rows}))
    before = set(conn.execute(own).scalars())
    conn.execute(insert_or_ignore(conn, case_near), [dict(row) for row in rows])
    return len({row["item"] for row in rows} - before)


def of_case(conn: Connection, case_id: str) -> tuple[NearRow, ...]:
    """What lies beside a case, the nearest first."""
    query = select(case_near).where(case_near.c.case_id == case_id)
    rows = conn.execute(query.order_by(case_near.c.distance, case_near.c.item))
    return tuple(NearRow(**row._mapping) for row in rows)


def find(conn: Connection, case_id: str, item: int) -> NearRow | None:
    """One of them."""
    own = case_near.c.case_id == case_id, case_near.c.item == item
    found = conn.execute(select(case_near).where(*own)).first()
    return None if found is None else NearRow(**found._mapping)


def change(conn: Connection, case_id: str, item: int, **values: Any) -> None:
    """Give one of them new values."""
    own = case_near.c.case_id == case_id, case_near.c.item == item
    conn.execute(update(case_near).where(*own).values(**values))


def forget_digests(conn: Connection, case_id: str) -> None:
    """Forget the bytes' digests of what lies beside a case that was decided."""
    conn.execute(update(case_near).where(case_near.c.case_id == case_id).values(sha256=None))


def answer(conn: Connection, row: NearAnswer) -> None:
    """Write what a person says of one of them, instead of what the same person said before."""
    same = [case_near_answers.c[name] == getattr(row, name) for name in ("case_id", "round", "item", "person")]
    conn.execute(delete(case_near_answers).where(*same))
    conn.execute(insert(case_near_answers), {name: getattr(row, name) for name in NearAnswer.__slots__})


def answers_of(conn: Connection, case_id: str, *, round: int) -> tuple[NearAnswer, ...]:
    """What was said of them in a round, the oldest first."""
    own = case_near_answers.c.case_id == case_id, case_near_answers.c.round == round
    query = select(case_near_answers).where(*own).order_by(case_near_answers.c.at, case_near_answers.c.item)
    return tuple(NearAnswer(**row._mapping) for row in conn.execute(query))
