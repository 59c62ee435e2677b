"""Many rows in one statement, without what SQLAlchemy does for each row by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, insert


def insert_many(conn: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that all have the same columns, several times quicker than `conn.execute` with a list.

    The statement is SQLAlchemy's own and every value is bound; only its work per row is left out.
    """
    if not rows:
        return
    names = list(rows[0])
    compiled = insert(table).compile(dialect=conn.dialect, column_keys=names)
    binds = [
        # Bytes are what both drivers take; each as a memoryview, as SQLAlchemy has it, costs more than the row.
        None
        if isinstance(table.c[name].type, LargeBinary)
        else table.c[name].type.dialect_impl(conn.dialect).bind_processor(conn.dialect)
        for name in names
    ]
    columns = [
        [row[name] for row in rows] if bind is None else [bind(row[name]) for row in rows]
        for name, bind in zip(names, binds, strict=True)
    ]
    if compiled.positiontup is None:
        conn.exec_driver_sql(
            compiled.string, [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]
        )
        return
    order = [names.index(name) for name in compiled.positiontup]
    conn.exec_driver_sql(compiled.string, list(zip(*(columns[at] for at in order), strict=True)))
