"""What somebody typed about a case and has not sent, sealed for its writer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Connection, ForeignKey, Index, LargeBinary, String, Table, delete, select

from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_into

case_drafts = Table(
    "case_drafts",
    metadata,
    Column("case_id", String(40), ForeignKey("cases.id"), primary_key=True),
    Column("person", String(40), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index(None, "at"),
)


def keep(conn: Connection, case_id: str, person: str, sealed: bytes, *, at: datetime) -> None:
    """Keep a draft in place of the one before."""
    row = {"case_id": case_id, "person": person, "at": at, "sealed": sealed}
    insert = insert_into(conn, case_drafts)
    same = [case_drafts.c.case_id, case_drafts.c.person]
    conn.execute(insert.on_conflict_do_update(index_elements=same, set_={"at": at, "sealed": sealed}), row)


def find(conn: Connection, case_id: str, person: str) -> tuple[datetime, bytes] | None:
    """A person's draft about a case: when it was kept, and its sealed bytes."""
    own = case_drafts.c.case_id == case_id, case_drafts.c.person == person
    row = conn.execute(select(case_drafts.c.at, case_drafts.c.sealed).where(*own)).first()
    return None if row is None else (row.at, bytes(row.sealed))


def forget(conn: Connection, case_id: str, person: str) -> None:
    """Drop a person's draft."""
    conn.execute(delete(case_drafts).where(case_drafts.c.case_id == case_id, case_drafts.c.person == person))


def forget_before(conn: Connection, before: datetime) -> int:
    """Drop drafts that are older; gives how many."""
    return conn.execute(delete(case_drafts).where(case_drafts.c.at < before)).rowcount
