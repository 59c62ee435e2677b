"""A table of signals as an index reads it: what changed, and whether a base file is of this table."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, Table, bindparam, case, func, or_, select, true

from rempart.index.live import Changes
from rempart.index.livetables import HAMMING, Part, Tables
from rempart.signals.values import SignalKind
from rempart.store.counters import current_number

log = logging.getLogger(__name__)

_ROWS_AT_ONCE = 20_000
_SAMPLE = 256
_PDQ = SignalKind.PDQ.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A table of signals: columns `id`, `kind`, `value`, `added` and `removed`, the last two numbers of `counter`.

    Both numbers come from `next_number` in the transaction that writes them. A row's `value` may be erased once it is
    removed, and the row itself once the base files are past that change. `name` is that of its files and in the log;
    `where` leaves rows out that no lookup is to find, and must never change for a row.
    """

    name: str
    table: Table
    counter: str
    where: ColumnElement[bool] | None = None

    def current(self, conn: Connection) -> int:
        """The number of the last change."""
        return current_number(conn, self.counter)

    def changes(self, conn: Connection, tables: Tables, *, after: int, upto: int) -> Changes:
        """The rows of a kind of table that came after one change, up to another, and are there; and what went."""
        column = self.table.c
        came = self._live(tables, select(column.id, column.value, column.added)).where(
            column.added > after, column.added <= upto, column.removed.is_(None)
        )
        ids: list[NDArray[np.int64]] = []
        at: list[NDArray[np.int64]] = []
        keys: list[bytes] = []
        for rows in conn.execute(came.execution_options(yield_per=_ROWS_AT_ONCE)).partitions():
            good = [row for row in rows if len(row[1]) >= tables.width] if _is_odd(rows, tables) else rows
            if len(good) < len(rows):
                log.error("%s: %d rows hold no signal of their kind", self.name, len(rows) - len(good))
            names, values, numbers = zip(*good, strict=True) if good else ((), (), ())
            ids.append(np.array(names, np.int64))
            at.append(np.array(numbers, np.int64))
            keys.append(b"".join([value[: tables.width] for value in values]))
        removed = self._removed(conn, tables, after, upto) if after else np.empty((0, 2), np.int64)
        return Changes(
            np.frombuffer(b"".join(keys), np.uint8).reshape(-1, tables.width),
            np.concatenate([*ids, np.empty(0, np.int64)]), np.concatenate([*at, np.empty(0, np.int64)]),
            removed[:, 0], removed[:, 1],
        )  # fmt: skip

    def mismatch(self, conn: Connection, tables: Tables, base: Part, *, mark: int) -> str | None:
        """What tells that a base file of change `mark` is not of this table as it is; None when nothing does."""
        if mark > self.current(conn):
            return "it is ahead of the database"
        column = self.table.c
        alive, maybe = conn.execute(
            self._live(tables, select(func.sum(case((column.removed.is_(None), 1), else_=0)), func.count())).where(
                column.added <= mark, or_(column.removed.is_(None), column.removed > mark)
            )
        ).one()
        if not (alive or 0) <= len(base.ids) <= maybe:
            return f"it holds {len(base.ids)} signals where the database has {alive or 0}"
        newest = (
            self._live(tables, select(column.id, column.value))
            .where(column.added <= mark, column.removed.is_(None))
            .order_by(column.added.desc(), column.id.desc())
            .limit(_SAMPLE)
        )
        rows = {row.id: row.value for row in conn.execute(newest)}
        known = _keys_by_id(base, np.fromiter(rows, np.int64, len(rows)))
        if any(value[: tables.width] not in known.get(name, ()) for name, value in rows.items()):
            return "signals of the database are not in it"
        sampled = base.ids[np.linspace(0, len(base.ids) - 1, min(_SAMPLE, len(base.ids))).astype(np.int64)]
        held = select(column.id, column.value, column.removed).where(column.id.in_(bindparam("ids", expanding=True)))
        stored = {row.id: row for row in conn.execute(held, {"ids": sampled.tolist()})}
        for name, keys in _keys_by_id(base, sampled).items():
            row = stored.get(name)
            if row is None or (row.removed is None and row.value[: tables.width] not in keys):
                return "it holds signals that the database does not have"
        return None

    def _live(self, tables: Tables, statement: Any) -> Any:
        """Only rows of one kind of table that a lookup may find."""
        kind = self.table.c.kind
        own = kind == _PDQ if tables is HAMMING else kind != _PDQ
        return statement.where(own, true() if self.where is None else self.where)

    def _removed(self, conn: Connection, tables: Tables, after: int, upto: int) -> NDArray[np.int64]:
        column = self.table.c
        gone = self._live(tables, select(column.id, column.removed)).where(
            column.removed > after, column.removed <= upto
        )
        return np.array([tuple(row) for row in conn.execute(gone)], np.int64).reshape(-1, 2)


def _is_odd(rows: Any, tables: Tables) -> bool:
    return any(len(row[1]) < tables.width for row in rows)


def _keys_by_id(base: Part, ids: NDArray[np.int64]) -> dict[int, set[bytes]]:
    """The keys that a base has under some ids."""
    found: dict[int, set[bytes]] = {}
    for row in np.flatnonzero(np.isin(base.ids, ids)).tolist():
        found.setdefault(int(base.ids[row]), set()).add(base.table.keys[row].tobytes())
    return found
