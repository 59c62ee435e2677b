"""The tables of hash lists in the database, and the only statements that touch them.

What a lookup may find stands in `entry_signals`. Its changes carry numbers of the counter `lists`, which are given out
in the order of commits: `added` when a row came, `removed` when it was withdrawn. A process that has seen all changes
up to a number asks for those after it and misses none (see `tail`). Rows are never changed otherwise: an entry that is
to say something else is withdrawn, and comes anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    Row,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    false,
    insert,
    select,
    text,
    update,
)

from rempart.lists.entry import Disposition, Entry, EntrySignal
from rempart.lists.schemes import Scheme, disposition
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.values import SignalKind
from rempart.store.bulk import insert_many
from rempart.store.ids import new_id
from rempart.store.schema import BigId, Json, UtcTime, metadata

COUNTER = "lists"
"""The counter that gives changes of `entry_signals` their numbers."""
_AT_ONCE = 500
_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
_NEXT_IDS = text("SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)")


class Mode(StrEnum):
    """What a match of a list does: it is counted only, or policy acts on it."""

    OBSERVING = "observing"
    BLOCKING = "blocking"


lists = Table(
    "lists",
    metadata,
    Column("number", BigId, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False),
    Column("name", Text, nullable=False),
    Column("mode", String(10), nullable=False),
    Column("shared", Boolean(create_constraint=False), nullable=False),
    Column("owner", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("ended", UtcTime),
    # Rempart's own: nobody curates it, and no page or export has it.
    Column("system", Boolean(create_constraint=False), nullable=False, server_default=false()),
    UniqueConstraint("id"),
    Index("uq_lists_name", "name", unique=True, sqlite_where=text("ended IS NULL"),
          postgresql_where=text("ended IS NULL")),
    sqlite_autoincrement=True,
)  # fmt: skip

_WITHDRAWN = text("withdrawn IS NOT NULL")
_KNOWN_GOOD = text("disposition = 1")  # few among many: what a benign list says

list_entries = Table(
    "list_entries",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("list", BigInteger, ForeignKey("lists.number"), nullable=False),
    Column("ref", Text, nullable=False),  # the entry's id, as its owner gave it
    Column("scheme", Text),
    Column("code", Text),
    Column("opinion", String(20), nullable=False),
    Column("disposition", SmallInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("tags", Json),
    Column("record", Json),
    Column("told", UtcTime),  # when its owner says that it was added
    Column("added", UtcTime, nullable=False),
    Column("withdrawn", UtcTime),
    Column("content", LargeBinary),  # a fingerprint of what the entry says, where curation wrote it
    Index(None, "list", "ref"),
    Index(None, "list", "id"),
    Index("ix_list_entries_withdrawn", "list", "id", sqlite_where=_WITHDRAWN, postgresql_where=_WITHDRAWN),
    Index("ix_list_entries_known_good", "id", sqlite_where=_KNOWN_GOOD, postgresql_where=_KNOWN_GOOD),
    sqlite_autoincrement=True,
)

entry_signals = Table(
    "entry_signals",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("entry", BigInteger, ForeignKey("list_entries.id"), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("facet", Text),
    Column("recipe", Text),
    Column("quality", SmallInteger),
    # Whether a lookup may find it: not those of silent entries, nor hashes that say too little.
    Column("answers", Boolean(create_constraint=False), nullable=False),
    Column("added", BigInteger, nullable=False),
    Column("removed", BigInteger),
    Index(None, "entry"),
    Index(None, "added"),
    Index("ix_entry_signals_removed", "removed", sqlite_where=text("removed IS NOT NULL"),
          postgresql_where=text("removed IS NOT NULL")),
    sqlite_autoincrement=True,
)  # fmt: skip

_FOUND = (
    select(
        entry_signals.c.id.label("signal"), entry_signals.c.kind, entry_signals.c.value, entry_signals.c.facet,
        list_entries.c.id.label("entry"), list_entries.c.ref, list_entries.c.scheme, list_entries.c.code,
        list_entries.c.opinion, list_entries.c.disposition,
        lists.c.id.label("list_id"), lists.c.name, lists.c.mode,
    )
    .join_from(entry_signals, list_entries, list_entries.c.id == entry_signals.c.entry)
    .join(lists, lists.c.number == list_entries.c.list)
    .where(
        entry_signals.c.id.in_(bindparam("signals", expanding=True)),
        entry_signals.c.removed.is_(None), list_entries.c.withdrawn.is_(None), lists.c.ended.is_(None),
    )
)  # fmt: skip


def create_list(
    conn: Connection,
    *,
    name: str,
    mode: Mode,
    at: datetime,
    owner: str = "",
    shared: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> Row[Any]:
    """Make a list and return its row."""
    row = {
        "id": new_id("list"), "name": name, "mode": mode.value, "shared": shared, "owner": owner,
        "facts": dict(facts or {}), "created": at, "ended": None,
    }  # fmt: skip
    return conn.execute(insert(lists).returning(lists), row).one()


def insert_entries(
    conn: Connection,
    entries: Sequence[Entry],
    *,
    list_number: int,
    schemes: Mapping[str, Scheme],
    number: int,
    at: datetime,
    contents: Sequence[bytes] | None = None,
) -> list[int]:
    """Write entries with their signals, live with change `number` of COUNTER; returns their ids, in order.

    `contents` are fingerprints of what the entries say, by which a later import tells what has changed.

    Raises SchemeUnknownError for a category that `schemes` do not know; nothing is written then.
    """
    told = {(one.category, one.opinion, one.withdrawn is None): one for one in entries}
    known = {key: disposition(one, schemes) for key, one in told.items()}
    states = [known[one.category, one.opinion, one.withdrawn is None] for one in entries]
    if not entries:
        return []
    marks = contents if contents is not None else [None] * len(entries)
    ids = _reserve_ids(conn, len(entries))
    rows = [
        _entry_row(entry, state, list_number, at) | {"id": own, "content": mark}
        for entry, state, own, mark in zip(entries, states, ids, marks, strict=True)
    ]
    insert_many(conn, list_entries, rows)
    signals = [
        _signal_row(one, state, owner, number)
        for entry, state, owner in zip(entries, states, ids, strict=True)
        for one in entry.signals
    ]
    insert_many(conn, entry_signals, signals)
    return ids


def withdraw_entries(conn: Connection, entries: Sequence[int], *, number: int, at: datetime) -> int:
    """Withdraw entries by id, with change `number`: no lookup finds them any more. How many were live until now."""
    done = 0
    for part in _parts(entries):
        live = update(list_entries).where(list_entries.c.id.in_(part), list_entries.c.withdrawn.is_(None))
        gone = update(entry_signals).where(entry_signals.c.entry.in_(part), entry_signals.c.removed.is_(None))
        done += conn.execute(live.values(withdrawn=at)).rowcount
        conn.execute(gone.values(removed=number))
    return done


def forget_signals(conn: Connection, entries: Sequence[int]) -> None:
    """Erase the values of withdrawn entries' signals; their rows tell every process that they went."""
    for part in _parts(entries):
        gone = entry_signals.c.entry.in_(part), entry_signals.c.removed.is_not(None)
        conn.execute(update(entry_signals).where(*gone).values(value=b""))


def find_signals(conn: Connection, signals: Sequence[int]) -> dict[int, Any]:
    """The live ones among signals by id, each with its entry and list."""
    return {row.signal: row for part in _parts(signals) for row in conn.execute(_FOUND, {"signals": part})}


def answers(one: EntrySignal, state: Disposition) -> bool:
    """Whether a lookup may find a signal: PDQ of entries that match, if of some quality; digests of benign ones too."""
    if one.signal.kind is not SignalKind.PDQ:
        return not state.silent
    return state is Disposition.MATCH and (one.quality is None or one.quality >= LOW_QUALITY_BELOW)


def _reserve_ids(conn: Connection, count: int) -> list[int]:
    """Numbers for new entries that nobody else will use: known beforehand, so that all rows go in at once."""
    if conn.dialect.name == "postgresql":
        return list(conn.execute(_NEXT_IDS, {"table": list_entries.name, "count": count}).scalars())
    last = conn.execute(_LAST_ID, {"table": list_entries.name}).scalar() or 0
    return list(range(last + 1, last + 1 + count))


def _entry_row(entry: Entry, state: Disposition, list_number: int, at: datetime) -> dict[str, Any]:
    return {
        "list": list_number, "ref": entry.id,
        "scheme": entry.category and entry.category.scheme, "code": entry.category and entry.category.code,
        "opinion": entry.opinion.value, "disposition": int(state), "source": entry.source,
        "tags": list(entry.tags) or None, "record": entry.record, "told": entry.added, "added": at,
        "withdrawn": entry.withdrawn,
    }  # fmt: skip


def _signal_row(one: EntrySignal, state: Disposition, owner: int, number: int) -> dict[str, Any]:
    return {
        "entry": owner, "kind": one.signal.kind.value, "value": bytes(one.signal), "facet": one.facet,
        "recipe": one.recipe, "quality": one.quality, "answers": answers(one, state), "added": number, "removed": None,
    }  # fmt: skip


def _parts(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield ids[start : start + _AT_ONCE]
