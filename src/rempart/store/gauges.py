"""What a database says of itself: its own clock, and how large it is."""

from __future__ import annotations

from sqlalchemy import Connection, func, select, text

from rempart.store.engine import Store


def clock_seconds(conn: Connection) -> float | None:
    """The database's own clock, in seconds since 1970; None where it has none."""
    if conn.dialect.name != "postgresql":
        return None
    return float(conn.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())


def size_bytes(conn: Connection, store: Store) -> int:
    """How large the database is, its log included."""
    if store.path is None:
        return int(conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
    files = [store.path, store.path.with_name(store.path.name + "-wal")]
    return sum(one.stat().st_size for one in files if one.exists())
