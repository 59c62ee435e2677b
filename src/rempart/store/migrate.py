"""Bringing a database to the schema of this version, once, however many processes start."""

from __future__ import annotations

from functools import cache
from importlib import resources

from sqlalchemy import Connection, inspect, text

from rempart.store.engine import Store, take_time

_LOCK = 0x52656D70  # "Remp": any number that nobody else takes in this database


def upgrade(store: Store, *, to: str = "head") -> bool:
    """Apply the revisions that are missing, all or none, up to one of them; True when there were any.

    Raises RefusedError for a database that a later version has written, and StoreUnavailableError.
    """
    with store.read() as conn:
        if to == "head" and revision(conn) == newest():
            return False
    from rempart.store.revising import apply

    with store.write() as conn:
        if store.dialect == "postgresql":
            conn.execute(text("SET LOCAL lock_timeout = '60s'"))
            # A new index over a table that has grown takes its time.
            take_time(conn)
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        return apply(conn, before=revision(conn), to=to)


def revision(conn: Connection) -> str | None:
    """The newest revision that the database has; None for an empty one."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


@cache
def newest() -> str:
    """The newest revision of this version: revisions are named as their files, which are numbered."""
    folder = resources.files("rempart.store.migrations.versions")
    return max(one.name.removesuffix(".py") for one in folder.iterdir() if one.name[:4].isdigit())
