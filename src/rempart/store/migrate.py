"""Bringing a database to the schema of this version, once, however many processes start."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from rempart.errors import RefusedError
from rempart.store.engine import Store, take_time

_LOCK = 0x52656D70  # "Remp": any number that nobody else takes in this database


def upgrade(store: Store, *, to: str = "head") -> bool:
    """Apply the revisions that are missing, all or none, up to one of them; True when there were any.

    Raises RefusedError for a database that a later version has written, and StoreUnavailableError.
    """
    with store.write() as conn:
        if store.dialect == "postgresql":
            conn.execute(text("SET LOCAL lock_timeout = '60s'"))
            # A new index over a table that has grown takes its time.
            take_time(conn)
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        before = revision(conn)
        script = ScriptDirectory.from_config(_config(conn))
        known = {one.revision for one in script.walk_revisions()}
        unknown = next((one for one in (before, to) if one not in {None, "head", *known}), None)
        if unknown is not None:
            raise RefusedError(
                f"The database has revision {unknown}, which this version does not know.",
                hint="Start the version of Rempart that wrote it, or a later one.",
            )
        if before == (script.get_current_head() if to == "head" else to):
            return False
        command.upgrade(_config(conn), to)
        return True


def revision(conn: Connection) -> str | None:
    """The newest revision that the database has; None for an empty one."""
    return MigrationContext.configure(conn).get_current_revision()


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "rempart.store:migrations")
    config.attributes["connection"] = conn
    return config
