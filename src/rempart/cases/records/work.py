"""What people lay down beside a case: notes, facts, who must not see it, what is sealed; and the team's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    type_coerce,
    update,
)

from rempart.store.schema import BigId, Json, UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

ID = String(40)
EVERYBODY = "everybody"
"""Stands among those who are kept from a case where nobody can tell any more, after a restore, who they were."""

case_notes = Table(
    "case_notes",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("by", ID, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "case_id"),
)
case_facts = Table(
    "case_facts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("case_id", ID, ForeignKey("cases.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("text", Text),
    Column("url", Text),
    Column("uploader", Text),
    Column("at", UtcTime, nullable=False),
    Column("by", ID, nullable=False),
    Index(None, "case_id"),
)
case_barred = Table(
    "case_barred",
    metadata,
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("person", ID, primary_key=True),
    Index(None, "person"),
)
case_sealed = Table(
    "case_sealed",
    metadata,
    Column("case_id", ID, ForeignKey("cases.id"), primary_key=True),
    Column("name", ID, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
work_settings = Table(
    "work_settings",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Json, nullable=False),
    Column("by", ID, nullable=False),
    Column("at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """An internal note; `by` is a pseudonym."""

    id: int
    case_id: str
    by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What was published, listed or reported about an account; `by` is a pseudonym."""

    id: int
    case_id: str
    kind: str
    text: str | None
    url: str | None
    uploader: str | None
    at: datetime
    by: str


def add_note(conn: Connection, *, case_id: str, by: str, at: datetime, text: str) -> int:
    """Write a note; gives its number."""
    row = {"case_id": case_id, "by": by, "at": at, "text": text}
    return int(conn.execute(insert(case_notes).returning(case_notes.c.id), row).scalar_one())


def notes_of(conn: Connection, case_id: str) -> tuple[Note, ...]:
    """A case's notes, the oldest first."""
    query = select(case_notes).where(case_notes.c.case_id == case_id).order_by(case_notes.c.id)
    return tuple(Note(**row._mapping) for row in conn.execute(query))


def add_facts(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write facts of an account."""
    if rows:
        conn.execute(insert(case_facts), list(rows))


def facts_of(conn: Connection, case_id: str) -> tuple[Fact, ...]:
    """A case's facts, the oldest first."""
    query = select(case_facts).where(case_facts.c.case_id == case_id).order_by(case_facts.c.id)
    return tuple(Fact(**row._mapping) for row in conn.execute(query))


def bar(conn: Connection, case_id: str, persons: Iterable[str]) -> int:
    """Keep persons from a case; gives how many were not kept from it before."""
    added = 0
    for person in sorted(set(persons)):
        row = {"case_id": case_id, "person": person}
        added += conn.execute(insert_or_ignore(conn, case_barred), row).rowcount
    return added


def barred_from(conn: Connection, case_id: str) -> frozenset[str]:
    """Ids of the persons who must not see a case."""
    return frozenset(conn.execute(select(case_barred.c.person).where(case_barred.c.case_id == case_id)).scalars())


def kept_from_all(conn: Connection, *, most: int) -> tuple[str, ...]:
    """Ids of the cases that are kept from everybody, the oldest first."""
    query = select(case_barred.c.case_id).where(case_barred.c.person == EVERYBODY)
    return tuple(conn.execute(query.order_by(case_barred.c.case_id).limit(most)).scalars())


def end_kept_from_all(conn: Connection, case_id: str) -> bool:
    """Let a case be seen again by all who are not kept from it themselves; False where it was not kept from all."""
    own = case_barred.c.case_id == case_id, case_barred.c.person == EVERYBODY
    return conn.execute(delete(case_barred).where(*own)).rowcount == 1


def seal(conn: Connection, *, case_id: str, name: str, sealed: bytes) -> None:
    """Keep something under a name of the case; a name is written once."""
    conn.execute(insert(case_sealed), {"case_id": case_id, "name": name, "sealed": sealed})


def sealed_of(conn: Connection, case_id: str) -> Mapping[str, bytes]:
    """What is sealed of a case, by name."""
    query = select(case_sealed.c.name, case_sealed.c.sealed).where(case_sealed.c.case_id == case_id)
    return {row.name: bytes(row.sealed) for row in conn.execute(query)}


def all_sealed(conn: Connection) -> tuple[tuple[str, str, bytes], ...]:
    """Everything that is sealed: case, name, bytes."""
    query = select(case_sealed).order_by(case_sealed.c.case_id, case_sealed.c.name)
    return tuple((row.case_id, row.name, bytes(row.sealed)) for row in conn.execute(query))


def reseal(conn: Connection, *, case_id: str, name: str, sealed: bytes) -> None:
    """Replace what is sealed by the same under another key."""
    own = case_sealed.c.case_id == case_id, case_sealed.c.name == name
    conn.execute(update(case_sealed).where(*own).values(sealed=sealed))


def unseal(conn: Connection, *, case_id: str, names: Iterable[str]) -> int:
    """Erase what is sealed under these names of a case; gives how much there was."""
    own = case_sealed.c.case_id == case_id, case_sealed.c.name.in_(list(names))
    return conn.execute(delete(case_sealed).where(*own)).rowcount


def newest_settings(conn: Connection) -> tuple[int, str] | None:
    """Version and text of the team's settings; None while nobody has put any."""
    document = type_coerce(work_settings.c.document, Text).label("document")
    query = select(work_settings.c.version, document).order_by(work_settings.c.version.desc()).limit(1)
    found = conn.execute(query).first()
    return None if found is None else (found.version, found.document)


def add_settings(conn: Connection, *, version: int, document: Any, by: str, at: datetime) -> bool:
    """Put a version of the settings; False when that one is there already."""
    row = {"version": version, "document": document, "by": by, "at": at}
    put = insert_or_ignore(conn, work_settings).returning(work_settings.c.version)
    return conn.execute(put, row).first() is not None
