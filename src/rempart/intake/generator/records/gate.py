"""What the gate let through, and how often each person tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
)

from rempart.intake.generator.values import GateRecord, Passage
from rempart.store.schema import Json, UtcTime, metadata
from rempart.store.upsert import insert_into

gate_records = Table(
    "gate_records",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("service", String(200), nullable=False),
    Column("passage", String(10), nullable=False),
    Column("document", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "passage", "at"),
)

gate_tries = Table(
    "gate_tries",
    metadata,
    # A digest of the service's name and of its word for the person.
    Column("subject", LargeBinary, primary_key=True),
    # Hours since 1970 for tries, days for refusals, by `kind`.
    Column("kind", String(10), primary_key=True),
    Column("window", BigInteger, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What is counted together: one person's tries of an hour, or refusals of a day."""

    subject: bytes
    kind: str
    window: int


def add(conn: Connection, record: GateRecord) -> None:
    """Write a record down."""
    row = {
        "id": record.id, "service": record.service, "passage": record.passage.value, "document": record.document(),
        "at": record.at,
    }  # fmt: skip
    conn.execute(insert(gate_records), row)


def of_ids(conn: Connection, service: str, ids: Sequence[str], *, since: datetime) -> Mapping[str, GateRecord]:
    """A service's records of reference photos that are not older, by their ids."""
    own = gate_records.c.service == service, gate_records.c.passage == Passage.REFERENCE.value
    query = select(gate_records.c.id, gate_records.c.document).where(
        *own, gate_records.c.id.in_(list(ids)), gate_records.c.at >= since
    )
    return {row.id: GateRecord.from_document(row.document) for row in conn.execute(query)}


def count(conn: Connection, one: Window, *, at: datetime) -> int:
    """Count one more; how many there are by now. Others wait for the row until the transaction ends."""
    row: dict[str, Any] = {"subject": one.subject, "kind": one.kind, "window": one.window, "count": 1, "at": at}
    adding = insert_into(conn, gate_tries).values(row)
    counted = adding.on_conflict_do_update(
        index_elements=["subject", "kind", "window"], set_={"count": gate_tries.c.count + 1, "at": at}
    ).returning(gate_tries.c.count)
    return int(conn.execute(counted).scalar_one())


def counted(conn: Connection, one: Window) -> int:
    """How many there are so far."""
    own = gate_tries.c.subject == one.subject, gate_tries.c.kind == one.kind, gate_tries.c.window == one.window
    return conn.execute(select(gate_tries.c.count).where(*own)).scalar() or 0


def sweep_tries(conn: Connection, *, before: datetime, most: int) -> int:
    """Forget some counts that nothing asks for any more; how many."""
    own = gate_tries.c.subject, gate_tries.c.kind, gate_tries.c.window
    old = select(*own).where(gate_tries.c.at < before).order_by(gate_tries.c.at).limit(most)
    gone = 0
    for row in conn.execute(old).all():
        one = own[0] == row.subject, own[1] == row.kind, own[2] == row.window
        gone += conn.execute(delete(gate_tries).where(*one)).rowcount
    return gone


def sweep_records(conn: Connection, passage: Passage, *, before: datetime, most: int) -> int:
    """Forget some old records of a kind; how many."""
    old = gate_records.c.passage == passage.value, gate_records.c.at < before
    ids = select(gate_records.c.id).where(*old).order_by(gate_records.c.at).limit(most)
    return conn.execute(delete(gate_records).where(gate_records.c.id.in_(ids))).rowcount
