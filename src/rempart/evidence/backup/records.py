"""Restores, and whether one still has to be finished before anything is served."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, String, Table, insert, select, update

from rempart.store.schema import UtcTime, metadata

restores = Table(
    "restores",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("started", UtcTime, nullable=False),
    Column("backup_made", UtcTime, nullable=False),
    Column("ledger_size", BigInteger, nullable=False),
    Column("last_leaf", BigInteger, nullable=False),
    Column("finished", UtcTime),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """One restore: which backup, how many of its leaves had a position, the highest number of all its leaves, and when
    the restore was finished (None: not yet)."""

    id: str
    started: datetime
    backup_made: datetime
    ledger_size: int
    last_leaf: int
    finished: datetime | None


def begin_restore(conn: Connection, restore: Restore) -> None:
    """Enter a restore, in the transaction that loads it: from now on nothing may be served."""
    conn.execute(insert(restores), asdict(restore))


def pending_restore(conn: Connection) -> Restore | None:
    """The restore that is not finished, if there is one."""
    row = conn.execute(select(restores).where(restores.c.finished.is_(None))).mappings().first()
    return None if row is None else Restore(**row)


def finish_restore(conn: Connection, restore_id: str, *, at: datetime) -> None:
    """The service may serve again."""
    conn.execute(update(restores).where(restores.c.id == restore_id).values(finished=at))


def newest_restore(conn: Connection) -> Restore | None:
    """The last restore that was finished: proof that the backup behind it could be read."""
    query = select(restores).where(restores.c.finished.is_not(None)).order_by(restores.c.started.desc()).limit(1)
    row = conn.execute(query).mappings().first()
    return None if row is None else Restore(**row)
