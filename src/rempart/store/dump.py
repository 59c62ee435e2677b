"""All rows of a database at one moment, in a form that the other database engine can load.

A row is a JSON array of its columns' stored values: numbers, text, null, and bytes as `{"b": base64}`. Tables are read
as they are in the database, not as this version would make them, so that nothing is left out.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Integer, MetaData, Table, delete, func, insert, select, text, update

from rempart.errors import IncompleteError, StoreUnavailableError, TamperedError
from rempart.store.engine import Store, take_time
from rempart.store.jobs import jobs, release_jobs_of
from rempart.store.migrate import revision
from rempart.store.workers import leases

SKIPPED = frozenset({"alembic_version", "workers"})
"""What tells of running processes, or of the engine itself."""
_AT_ONCE = 500

Row = Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A database as it was at one moment, however long the reading takes."""

    conn: Connection
    revision: str
    tables: Mapping[str, Table]
    """By name; each stands after those that it refers to."""

    def columns(self, table: str) -> tuple[str, ...]:
        """The names of a table's columns, in the order of its rows' values."""
        return tuple(column.name for column in self.tables[table].columns)

    def rows(self, table: str) -> Iterator[Row]:
        """Yield every row of a table, by its primary key."""
        found = self.tables[table]
        query = select(found).order_by(*found.primary_key.columns)
        for row in self.conn.execution_options(yield_per=_AT_ONCE).execute(query):
            yield tuple(row)


@contextmanager
def snapshot(store: Store) -> Iterator[Snapshot]:
    """Look at a database at one moment, while others go on writing. Raises StoreUnavailableError, IncompleteError."""
    with store.read() as conn:
        if store.dialect == "postgresql":
            # The connection has not begun yet: these hold for the one transaction, and are given back with it.
            conn.execution_options(isolation_level="REPEATABLE READ")
            take_time(conn)
        found = revision(conn)
        if found is None:
            raise IncompleteError("There are no tables in this database.", hint="`rempart init` makes them.")
        yield Snapshot(conn=conn, revision=found, tables=_tables(conn))


def encoded(row: Row) -> bytes:
    """A row as one line of JSON."""
    return json.dumps([_plain(value) for value in row], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def decoded(line: bytes) -> Row:
    """The row of a line. Raises TamperedError."""
    try:
        found = json.loads(line)
        return tuple(
            base64.b64decode(value["b"], validate=True) if isinstance(value, dict) else value for value in found
        )
    except (ValueError, KeyError, TypeError) as err:
        raise TamperedError("A row of the dump cannot be read.") from err


class Loading:
    """Puts rows into a database that was just made. Use within one transaction, and end with `finish`."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self._tables = _tables(conn)
        self.rows: dict[str, int] = {}
        take_time(conn)
        for table in reversed(self._tables.values()):
            if conn.execute(select(func.count()).select_from(table)).scalar_one():
                conn.execute(delete(table))  # what the migrations put there

    @property
    def order(self) -> tuple[str, ...]:
        """The tables in an order in which no row refers to one that is missing."""
        return tuple(self._tables)

    def add(self, name: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Load rows of one table. Raises TamperedError for a table or column that is not there."""
        table = self._tables.get(name)
        if table is None or not set(columns) <= {column.name for column in table.columns}:
            raise TamperedError(f"The dump has a table or column that is unknown: {name}.")
        self.rows[name] = self.rows.get(name, 0) + len(rows)
        for start in range(0, len(rows), _AT_ONCE):
            some = [dict(zip(columns, row, strict=True)) for row in rows[start : start + _AT_ONCE]]
            self._conn.execute(insert(table), some)

    def finish(self) -> None:
        """Let numbering go on where it was, and put back into the queue what processes had in hand that are no more."""
        if self._conn.dialect.name == "postgresql":
            for table in self._tables.values():
                self._count_on(table)
        for worker in self._conn.scalars(select(jobs.c.worker).where(jobs.c.worker.is_not(None)).distinct()).all():
            release_jobs_of(self._conn, worker)
        self._conn.execute(update(leases).values(worker=None))

    def _count_on(self, table: Table) -> None:
        for column in table.primary_key.columns:
            if isinstance(column.type, Integer) and column.server_default is not None:
                named = {"table": table.name, "column": column.name}
                sequence = self._conn.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), named)
                highest = self._conn.scalar(select(func.max(column)))
                if sequence is not None and highest is not None:
                    self._conn.execute(
                        text("SELECT setval(CAST(:name AS regclass), :value)"), {"name": sequence, "value": highest}
                    )


def forget(conn: Connection, names: Sequence[str]) -> None:
    """Empty tables that must not come back with a backup, as far as they are there."""
    tables = _tables(conn)
    for name in reversed(tables):
        if name in names:
            conn.execute(delete(tables[name]))


def _tables(conn: Connection) -> dict[str, Table]:
    found = MetaData()
    found.reflect(conn)
    tables = {table.name: table for table in found.sorted_tables if table.name not in SKIPPED}
    if not tables:
        raise StoreUnavailableError("The database has no tables.")
    return tables


def _unwrapped(value: Any) -> Any:
    return base64.b64decode(value["b"], validate=True) if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"b": base64.b64encode(value).decode()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TamperedError(f"A value of the type {type(value).__name__} cannot be dumped.")
