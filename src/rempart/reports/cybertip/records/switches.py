"""When filing for real was switched on and off; rows are only ever added."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Boolean, Column, Connection, LargeBinary, String, Table, Text, insert, select

from rempart.store.schema import BigId, UtcTime, metadata

report_switches = Table(
    "report_switches",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("enabled", Boolean(create_constraint=False), nullable=False),
    Column("target", LargeBinary, nullable=False),  # SHA-256 of where it goes and in whose name
    Column("approval", String(40)),
    Column("why", Text, nullable=False),
    Column("by", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRow:
    """One turn of the switch."""

    id: int
    enabled: bool
    target: bytes
    approval: str | None
    why: str
    by: str
    at: datetime


def add(
    conn: Connection, *, enabled: bool, target: bytes, by: str, at: datetime, why: str, approval: str | None = None
) -> None:
    """Write a turn."""
    values = {"enabled": enabled, "target": target, "approval": approval, "why": why, "by": by, "at": at}
    conn.execute(insert(report_switches).values(values))


def newest(conn: Connection) -> SwitchRow | None:
    """The last turn; None where it was never touched."""
    row = conn.execute(select(report_switches).order_by(report_switches.c.id.desc()).limit(1)).first()
    return None if row is None else SwitchRow(**row._mapping)
