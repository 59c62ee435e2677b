"""What Alembic does. It takes a tenth of a second to load, and a database needs it once for each version."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from rempart.errors import RefusedError


def apply(conn: Connection, *, before: str | None, to: str) -> bool:
    """Apply the revisions from `before` up to `to`; True when there were any. Raises RefusedError for unknown ones."""
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


def _config(conn: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "rempart.store:migrations")
    config.attributes["connection"] = conn
    return config
