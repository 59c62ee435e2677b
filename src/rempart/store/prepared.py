"""Statements of the hot path: on SQLite compiled once, then handed straight to the driver.

For a small statement SQLAlchemy takes ten times as long as SQLite itself, in Python, while other threads wait. Postgres
gets the very same statements through SQLAlchemy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Insert
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

Row = Sequence[Any]
# Few rows go in one statement of just their number, many in a few large ones: no more texts than a connection keeps.
_MOST_ROWS, _FEW_ROWS = 64, 16


class Prepared:
    """One statement. Safe from several threads; `conn` is one that a Store gave, and errors are as of SQLAlchemy."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._forms: dict[tuple[tuple[str, ...], int], _Form] = {}

    def rows(self, conn: Connection, values: Mapping[str, Any]) -> Sequence[Row]:
        """Execute with these values; gives all rows, columns in the statement's order.

        One of the values may be a list, for an expanding IN.
        """
        if conn.dialect.name != "sqlite":
            return conn.execute(self.statement, values).all()
        values, count = _padded(values)
        form = self._form(conn, values, count)
        found = _run(conn, form.text, form.bound(values)).fetchall()
        return form.read(found) if found else found

    def write(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Execute for each of these rows in order, which all have the same names; nothing for none."""
        if not rows:
            return
        if conn.dialect.name != "sqlite":
            conn.execute(self.statement, rows)
            return
        form = self._form(conn, rows[0], 0)
        if not form.repeats:
            for row in rows:
                _run(conn, form.text, form.bound(row))
            return
        place = 0
        while place < len(rows):
            left = min(len(rows) - place, _MOST_ROWS)
            size = left if left <= _FEW_ROWS else 1 << (left.bit_length() - 1)
            _run(conn, form.repeated(size), [one for row in rows[place : place + size] for one in form.bound(row)])
            place += size

    def _form(self, conn: Connection, values: Mapping[str, Any], count: int) -> _Form:
        key = (tuple(values), count)
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = _Form(self.statement, values, conn.dialect)
        return form


class _Form:
    """A statement in SQLite's words, with what is done to values on their way in and out."""

    def __init__(self, statement: Any, values: Mapping[str, Any], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(values))
        state = compiled.construct_expanded_state(dict(values))
        self.text: str = state.statement
        places = list(state.positiontup or ())
        lists = {
            one: (name, at) for name, many in state.parameter_expansion.items() for at, one in enumerate(many)
        }  # fmt: skip
        processors = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        } | dict(state.processors)
        self._given = [
            (place, *lists.get(name, (name, None)), processors.get(name))
            for place, name in enumerate(places)
            if name in lists or name in values
        ]
        # Values that stand in the statement itself.
        given = {place for place, *_ in self._given}
        self._fixed = [
            None if place in given else _processed(processors.get(name), state.parameters[name])
            for place, name in enumerate(places)
        ]
        self._out = [
            (place, process)
            for place, column in enumerate(compiled._result_columns)
            if (process := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]
        head, _, group = self.text.rpartition("VALUES ")
        # One step for many rows: between two steps the driver lets other threads in, and then waits for its turn.
        self.repeats = isinstance(statement, Insert) and group == f"({', '.join('?' * len(places))})"
        self._head, self._group = head, group
        self._texts: dict[int, str] = {}

    def bound(self, values: Mapping[str, Any]) -> list[Any]:
        """The values as the driver takes them, in their places."""
        found = self._fixed.copy()
        for place, name, at, process in self._given:
            value = values[name] if at is None else values[name][at]
            found[place] = value if process is None else process(value)
        return found

    def repeated(self, count: int) -> str:
        """The statement for so many rows at once."""
        text = self._texts.get(count)
        if text is None:
            text = self._texts[count] = f"{self._head}VALUES {', '.join([self._group] * count)}"
        return text

    def read(self, rows: list[Row]) -> Sequence[Row]:
        """What the driver gave, as the columns' types have it."""
        if not self._out:
            return rows
        found = []
        for row in rows:
            values = list(row)
            for place, process in self._out:
                values[place] = process(values[place])
            found.append(values)
        return found


def _processed(process: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if process is None else process(value)


def _padded(values: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
    """A list is filled up to a power of two with its last value, so that few statements serve all lengths."""
    for name, value in values.items():
        if isinstance(value, list):
            count = 1 << (len(value) - 1).bit_length() if value else 0
            return {**values, name: value + value[-1:] * (count - len(value))}, count
    return values, 0


def _run(conn: Connection, text: str, values: Sequence[Any]) -> sqlite3.Cursor:
    if not conn.in_transaction():
        conn.begin()
    return handed(conn, text, values)


def handed(conn: Connection, text: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
    """Hand a statement straight to SQLite's driver. Raises what SQLAlchemy would."""
    raw = cast(sqlite3.Connection, conn.connection.dbapi_connection)
    try:
        return raw.execute(text, values)
    except sqlite3.Error as err:
        raise DBAPIError.instance(
            text, None, err, sqlite3.Error, hide_parameters=True, dialect=conn.dialect
        ) from err  # fmt: skip
