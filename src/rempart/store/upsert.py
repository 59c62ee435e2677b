"""`INSERT … ON CONFLICT`, which both databases have and SQLAlchemy spells once for each."""

from __future__ import annotations

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

Insert = sqlite.Insert | postgresql.Insert


def insert_or_ignore(conn: Connection, table: Table) -> Insert:
    """An insert that leaves a row that is already there as it is."""
    return insert_into(conn, table).on_conflict_do_nothing()


def insert_into(conn: Connection, table: Table) -> Insert:
    """An insert of the connection's own dialect, which has `on_conflict_…`."""
    return sqlite.insert(table) if conn.dialect.name == "sqlite" else postgresql.insert(table)
