"""Where nothing is sent, because the service refuses the credentials: one row for each environment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, String, Table, Text, delete, select, update

from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

report_stops = Table(
    "report_stops",
    metadata,
    Column("environment", String(12), primary_key=True),
    Column("mark", LargeBinary, nullable=False),  # keyed, of the credentials that were refused
    Column("since", UtcTime, nullable=False),
    Column("put_off", UtcTime, nullable=False),
    Column("next_try", UtcTime, nullable=False),
    Column("why", Text, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why nothing is sent, since when, and when one report tries again for all."""

    environment: str
    mark: bytes
    since: datetime
    put_off: datetime
    next_try: datetime
    why: str


def put(conn: Connection, row: Stop) -> bool:
    """Stop; False where it stood still already."""
    values = {name: getattr(row, name) for name in Stop.__slots__}
    added = insert_or_ignore(conn, report_stops).values(**values).returning(report_stops.c.environment)
    return conn.execute(added).first() is not None


def find(conn: Connection, environment: str, *, lock: bool = False) -> Stop | None:
    """Why nothing is sent there; None when something may be."""
    query = select(report_stops).where(report_stops.c.environment == environment)
    row = conn.execute(query.with_for_update() if lock else query).first()
    return None if row is None else Stop(**row._mapping)


def change(conn: Connection, environment: str, **values: Any) -> None:
    """Give it new values."""
    conn.execute(update(report_stops).where(report_stops.c.environment == environment).values(**values))


def end(conn: Connection, environment: str) -> bool:
    """Go on; False when nothing stood still."""
    return conn.execute(delete(report_stops).where(report_stops.c.environment == environment)).rowcount == 1
