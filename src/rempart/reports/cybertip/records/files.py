"""The files of a report: one row for each that shall be sent, at the place that its details have in the document."""

from __future__ import annotations

from dataclasses import dataclass
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
    Text,
    delete,
    insert,
    select,
    update,
)

from rempart.reports.cybertip.values import FileState
from rempart.store.schema import metadata

_BOOLEAN = Boolean(create_constraint=False)

report_files = Table(
    "report_files",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("report", String(40), ForeignKey("reports.id"), nullable=False),
    Column("item", BigInteger),  # None for what was attached
    Column("object", String(40)),  # where it lies in the vault
    Column("place", Integer, nullable=False),
    Column("md5", LargeBinary),
    Column("sha256", LargeBinary),
    Column("size", BigInteger),
    Column("viewed", _BOOLEAN, nullable=False),
    Column("exif_viewed", _BOOLEAN, nullable=False),
    Column("details", LargeBinary),  # sealed
    Column("state", String(10), nullable=False),
    Column("remote", String(80)),  # what the authority calls it
    Column("why", Text),
    Index("uq_report_files_place", "report", "place", unique=True),
    Index("ix_report_files_object", "object"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """A file of a report as it is stored."""

    id: str
    report: str
    item: int | None
    object: str | None
    place: int
    md5: bytes | None
    sha256: bytes | None
    size: int | None
    viewed: bool
    exif_viewed: bool
    details: bytes | None
    state: FileState
    remote: str | None
    why: str | None


def add(conn: Connection, row: FileRow) -> None:
    """Write a file."""
    conn.execute(insert(report_files), {name: getattr(row, name) for name in FileRow.__slots__})


def of_report(conn: Connection, report_id: str) -> tuple[FileRow, ...]:
    """A report's files, in the order of the document."""
    query = select(report_files).where(report_files.c.report == report_id).order_by(report_files.c.place)
    return tuple(map(_row, conn.execute(query)))


def change(conn: Connection, file_id: str, **values: Any) -> None:
    """Give a file new values."""
    conn.execute(update(report_files).where(report_files.c.id == file_id).values(**values))


def change_all(conn: Connection, report_id: str, **values: Any) -> None:
    """Give all files of a report new values."""
    conn.execute(update(report_files).where(report_files.c.report == report_id).values(**values))


def forget(conn: Connection, report_id: str) -> None:
    """Leave a report without files."""
    conn.execute(delete(report_files).where(report_files.c.report == report_id))


def all_sealed(conn: Connection) -> tuple[tuple[str, bytes], ...]:
    """Everything sealed of files: file, bytes."""
    query = select(report_files.c.id, report_files.c.details).where(report_files.c.details.is_not(None))
    return tuple((row.id, row.details) for row in conn.execute(query.order_by(report_files.c.id)))


def _row(found: Any) -> FileRow:
    values = dict(found._mapping)
    return FileRow(**values | {"state": FileState(values["state"])})
