"""The ledger's tables. All but the queue are append-only, by trigger; salts may be erased, never changed.

Rows refer to each other by number without foreign keys: nothing that they point to can ever be deleted.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Index, Integer, LargeBinary, Table, Text, select

from rempart.store.schema import BigId, UtcTime, metadata

leaves = Table(
    "ledger_leaves",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False),
    Column("at_salt", LargeBinary, nullable=False),
    Column("body", Text, nullable=False),
)
"""What was written down, in the transaction of the step itself. The id is no order: see `positions`."""

salts = Table(
    "ledger_salts",
    metadata,
    Column("leaf_id", BigId, primary_key=True, autoincrement=False),
    Column("subject", Text),
    Column("salts", LargeBinary, nullable=False),
    Index("ix_ledger_salts_subject", "subject"),
)
"""The salts of a leaf's commitments, 16 bytes each, in the order of their names."""

pending = Table("ledger_pending", metadata, Column("leaf_id", BigId, primary_key=True, autoincrement=False))
"""Leaves without a position. Written with the leaf; a row goes only together with the position that is given."""

positions = Table(
    "ledger_positions",
    metadata,
    Column("position", BigId, primary_key=True, autoincrement=False),
    Column("leaf_id", BigInteger, nullable=False, unique=True),
    Column("hash", LargeBinary, nullable=False),
)
"""The order of the log, from 0 without gaps."""

tiles = Table(
    "ledger_tiles",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("place", BigId, primary_key=True, autoincrement=False),
    Column("root", LargeBinary, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
)
"""Finished tiles of the tree: 256 node hashes in one row."""

checkpoints = Table(
    "ledger_checkpoints",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""Signed statements of size and root."""

timestamps = Table(
    "ledger_timestamps",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("checkpoint_id", BigInteger, nullable=False, unique=True),
    Column("response", LargeBinary, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""RFC 3161 answers of a time-stamping authority about checkpoints."""

keys = Table(
    "ledger_keys",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("line", Text, nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
)
"""Every verifier key that ever signed here."""


def newest_stamps(conn: Connection, *, most: int) -> tuple[tuple[int, datetime], ...]:
    """The last time stamps: how many leaves each covers, and when it was made."""
    covered = checkpoints.c.id == timestamps.c.checkpoint_id
    query = select(checkpoints.c.size, timestamps.c.at).join(checkpoints, covered)
    rows = conn.execute(query.order_by(timestamps.c.id.desc()).limit(most))
    return tuple((int(row.size), row.at) for row in rows)


def newest_at(conn: Connection) -> datetime | None:
    """When the newest leaf was written, by the clock of whoever wrote it."""
    return conn.execute(select(leaves.c.at).order_by(leaves.c.id.desc()).limit(1)).scalar_one_or_none()


def oldest_at(conn: Connection) -> datetime | None:
    """When the first leaf was written."""
    return conn.execute(select(leaves.c.at).order_by(leaves.c.id).limit(1)).scalar_one_or_none()
