"""What services supplied about an account that is reported, and what was kept of a case before its decision was final;
all of it sealed."""

from __future__ import annotations

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
    delete,
    insert,
    select,
    update,
)

from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

report_subjects = Table(
    "report_subjects",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("report", String(40), ForeignKey("reports.id"), nullable=False),
    Column("service", String(200), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("by", String(40), nullable=False),  # the key's pseudonym
    Column("sealed", LargeBinary),
    Index("ix_report_subjects_report", "report", "at"),
)
report_snapshots = Table(
    "report_snapshots",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("round", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("uq_report_snapshots_round", "case_id", "round", unique=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRow:
    """What a service supplied, once; None as soon as it was forgotten."""

    id: str
    report: str
    service: str
    at: datetime
    by: str
    sealed: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRow:
    """What was known of a case when somebody first answered that it is to be reported."""

    id: str
    case_id: str
    round: int
    at: datetime
    sealed: bytes


def add(conn: Connection, row: SubjectRow) -> None:
    """Write what a service supplied."""
    conn.execute(insert(report_subjects), {name: getattr(row, name) for name in SubjectRow.__slots__})


def of_report(conn: Connection, report_id: str) -> tuple[SubjectRow, ...]:
    """What was supplied for a report, the oldest first; what was forgotten is left out."""
    own = report_subjects.c.report == report_id, report_subjects.c.sealed.is_not(None)
    query = select(report_subjects).where(*own).order_by(report_subjects.c.at, report_subjects.c.id)
    return tuple(SubjectRow(**row._mapping) for row in conn.execute(query))


def change(conn: Connection, subject_id: str, **values: Any) -> None:
    """Give what was supplied new values."""
    conn.execute(update(report_subjects).where(report_subjects.c.id == subject_id).values(**values))


def forget(conn: Connection, report_id: str) -> int:
    """Forget what was supplied for a report; gives how often something had been."""
    own = report_subjects.c.report == report_id, report_subjects.c.sealed.is_not(None)
    return conn.execute(update(report_subjects).where(*own).values(sealed=None)).rowcount


def all_sealed(conn: Connection) -> tuple[SubjectRow, ...]:
    """Everything that is still there."""
    query = select(report_subjects).where(report_subjects.c.sealed.is_not(None)).order_by(report_subjects.c.id)
    return tuple(SubjectRow(**row._mapping) for row in conn.execute(query))


def put_snapshot(conn: Connection, row: SnapshotRow) -> None:
    """Keep what is known of a case; nothing where its round has one already."""
    conn.execute(insert_or_ignore(conn, report_snapshots), {name: getattr(row, name) for name in SnapshotRow.__slots__})


def snapshot(conn: Connection, case_id: str, *, round: int) -> SnapshotRow | None:
    """What was kept early of a round of a case."""
    own = report_snapshots.c.case_id == case_id, report_snapshots.c.round == round
    found = conn.execute(select(report_snapshots).where(*own)).first()
    return None if found is None else SnapshotRow(**found._mapping)


def drop_snapshot(conn: Connection, snapshot_id: str) -> None:
    """Forget what was kept early."""
    conn.execute(delete(report_snapshots).where(report_snapshots.c.id == snapshot_id))


def snapshots(conn: Connection) -> tuple[SnapshotRow, ...]:
    """Everything that was kept early."""
    return tuple(
        SnapshotRow(**row._mapping) for row in conn.execute(select(report_snapshots).order_by(report_snapshots.c.id))
    )


def reseal_snapshot(conn: Connection, snapshot_id: str, *, sealed: bytes) -> None:
    """Put it under another key."""
    conn.execute(update(report_snapshots).where(report_snapshots.c.id == snapshot_id).values(sealed=sealed))
