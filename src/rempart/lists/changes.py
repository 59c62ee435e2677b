"""What changed in the lists between two numbers: what look-back starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, select

from rempart.lists.records import Mode, entry_signals, list_entries, lists
from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind
from rempart.store.engine import Store

_AT_ONCE = 2_000
_ENTRIES_AT_ONCE = 500


class EntrySignal(NamedTuple):
    """A signal that a lookup may find, and the entry's number."""

    entry: int
    signal: Signal


def added(store: Store, *, after: int, upto: int) -> Iterator[Sequence[EntrySignal]]:
    """The signals that came after one change of the lists, up to another, and are still there.

    In parts, each read for itself: whoever takes them may take long over each.
    """
    came = entry_signals.c.added > after, entry_signals.c.added <= upto, entry_signals.c.removed.is_(None)
    yield from _signals(store, *came)


def removed(store: Store, *, after: int, upto: int) -> Iterator[Sequence[EntrySignal]]:
    """The signals that went, in parts; those whose value was erased are left out."""
    yield from _signals(store, entry_signals.c.removed > after, entry_signals.c.removed <= upto)


def of_list(store: Store, list_id: str) -> Iterator[Sequence[EntrySignal]]:
    """Every signal of a list, in parts."""
    with store.read() as conn:
        number = conn.execute(select(lists.c.number).where(lists.c.id == list_id)).scalar_one_or_none()
    last = 0
    while number is not None:
        own = list_entries.c.list == number, list_entries.c.id > last
        with store.read() as conn:
            page = select(list_entries.c.id).where(*own).order_by(list_entries.c.id).limit(_ENTRIES_AT_ONCE)
            entries = list(conn.execute(page).scalars())
        if entries:
            yield from _signals(store, entry_signals.c.entry.in_(entries), entry_signals.c.removed.is_(None))
            last = entries[-1]
        if len(entries) < _ENTRIES_AT_ONCE:
            return


def of_entry(store: Store, entry: int) -> Iterator[Sequence[EntrySignal]]:
    """The signals of one entry that are still there, in parts."""
    yield from _signals(store, entry_signals.c.entry == entry, entry_signals.c.removed.is_(None))


def decides(conn: Connection, list_id: str) -> bool:
    """Whether a list is there and blocking, so that its matches decide."""
    query = select(lists.c.mode).where(lists.c.id == list_id, lists.c.ended.is_(None))
    return conn.execute(query).scalar_one_or_none() == Mode.BLOCKING


def seeds_among(conn: Connection, entries: Sequence[int]) -> frozenset[int]:
    """Those of some entries that are on Rempart's own lists."""
    found: set[int] = set()
    for start in range(0, len(entries), _ENTRIES_AT_ONCE):
        own = list_entries.c.id.in_(entries[start : start + _ENTRIES_AT_ONCE]), lists.c.system
        query = select(list_entries.c.id).join(lists, lists.c.number == list_entries.c.list).where(*own)
        found.update(conn.execute(query).scalars())
    return frozenset(found)


def withdrawn(conn: Connection, *, after: int, upto: int) -> tuple[int, ...]:
    """The entries that went, by number."""
    gone = entry_signals.c.removed > after, entry_signals.c.removed <= upto
    query = select(entry_signals.c.entry).distinct().where(*gone).order_by(entry_signals.c.entry)
    return tuple(conn.execute(query).scalars())


def _signals(store: Store, *conditions: ColumnElement[bool]) -> Iterator[Sequence[EntrySignal]]:
    columns = entry_signals.c.id, entry_signals.c.entry, entry_signals.c.kind, entry_signals.c.value
    query = select(*columns).where(entry_signals.c.answers, *conditions).order_by(entry_signals.c.id).limit(_AT_ONCE)
    last = 0
    while True:
        with store.read() as conn:
            rows = conn.execute(query.where(entry_signals.c.id > last)).all()
        if rows:
            yield [
                EntrySignal(row.entry, SIGNAL_TYPES[SignalKind(row.kind)](row.value))
                for row in rows
                if len(row.value) > 0
            ]
            last = rows[-1].id
        if len(rows) < _AT_ONCE:
            return
