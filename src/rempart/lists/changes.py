"""What changed in the lists between two numbers: what look-back starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from rempart.lists.records import Mode, entry_signals, list_entries, lists
from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind

_AT_ONCE = 2_000


class EntrySignal(NamedTuple):
    """A signal that a lookup may find, and the entry's number."""

    entry: int
    signal: Signal


def added(conn: Connection, *, after: int, upto: int) -> Iterator[Sequence[EntrySignal]]:
    """The signals that came after one change of the lists, up to another, and are still there; in parts."""
    came = entry_signals.c.added > after, entry_signals.c.added <= upto, entry_signals.c.removed.is_(None)
    yield from _signals(conn, *came)


def removed(conn: Connection, *, after: int, upto: int) -> Iterator[Sequence[EntrySignal]]:
    """The signals that went; those whose value was erased are left out."""
    yield from _signals(conn, entry_signals.c.removed > after, entry_signals.c.removed <= upto)


def of_list(conn: Connection, list_id: str) -> Iterator[Sequence[EntrySignal]]:
    """Every signal of a list."""
    own = select(list_entries.c.id).join(lists, lists.c.number == list_entries.c.list).where(lists.c.id == list_id)
    yield from _signals(conn, entry_signals.c.entry.in_(own), entry_signals.c.removed.is_(None))


def decides(conn: Connection, list_id: str) -> bool:
    """Whether a list is there and blocking, so that its matches decide."""
    query = select(lists.c.mode).where(lists.c.id == list_id, lists.c.ended.is_(None))
    return conn.execute(query).scalar_one_or_none() == Mode.BLOCKING


def withdrawn(conn: Connection, *, after: int, upto: int) -> tuple[int, ...]:
    """The entries that went, by number."""
    gone = entry_signals.c.removed > after, entry_signals.c.removed <= upto
    query = select(entry_signals.c.entry).distinct().where(*gone).order_by(entry_signals.c.entry)
    return tuple(conn.execute(query).scalars())


def _signals(conn: Connection, *conditions: ColumnElement[bool]) -> Iterator[Sequence[EntrySignal]]:
    columns = entry_signals.c.entry, entry_signals.c.kind, entry_signals.c.value
    query = select(*columns).where(entry_signals.c.answers, *conditions).order_by(entry_signals.c.id)
    for rows in conn.execute(query.execution_options(yield_per=_AT_ONCE)).partitions():
        yield [
            EntrySignal(row.entry, SIGNAL_TYPES[SignalKind(row.kind)](row.value)) for row in rows if len(row.value) > 0
        ]
