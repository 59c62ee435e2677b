"""What curation reads and writes of lists and their entries, and what it knows of a list beside `records`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Select,
    String,
    Table,
    func,
    not_,
    select,
    text,
    update,
)

from rempart.lists.difference import Known
from rempart.lists.entry import Category, Disposition, Opinion
from rempart.lists.growth import USUAL, GrowthLimits
from rempart.lists.records import Mode, create_list, entry_signals, list_entries, lists
from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind
from rempart.store.schema import Json, metadata
from rempart.store.upsert import insert_or_ignore

BATCH = 500
"""How many values stand in one question to the database."""

list_curation = Table(
    "list_curation",
    metadata,
    Column("list_id", String(40), ForeignKey("lists.id"), primary_key=True),
    Column("scheme", String(64), nullable=False),
    Column("growth", Json, nullable=False),
    Column("feeds", Json, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("live", BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveList:
    """A list as curators see it. `revision` counts its changes; `live` its entries that are not withdrawn.

    `scheme` is what imports take where nothing else is said. `feeds` are the sources that two people let in without
    asking each time.
    """

    number: int
    id: str
    name: str
    mode: Mode
    shared: bool
    owner: str
    created: datetime
    scheme: str = ""
    growth: GrowthLimits = USUAL
    feeds: tuple[str, ...] = ()
    revision: int = 0
    live: int = 0

    @property
    def guarded(self) -> bool:
        """True when what enters needs a second person: the list blocks, or others use it."""
        return self.mode is Mode.BLOCKING or self.shared


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEntry:
    """An entry of a list in the database."""

    id: int
    ref: str
    category: Category | None
    opinion: Opinion
    disposition: Disposition
    source: str
    tags: tuple[str, ...]
    record: Mapping[str, Any] | None
    added: datetime
    withdrawn: datetime | None
    content: bytes


_OWN = tuple(column for column in list_curation.c if column.name != "list_id")


def _lists() -> Select[Any]:
    """Those that people curate: not ended ones, and not Rempart's own."""
    joined = lists.outerjoin(list_curation, list_curation.c.list_id == lists.c.id)
    return select(lists, *_OWN).select_from(joined).where(lists.c.ended.is_(None), not_(lists.c.system))


def _list_of(row: Any) -> LiveList:
    kept = {
        "number": row.number, "id": row.id, "name": row.name, "mode": Mode(row.mode), "shared": row.shared,
        "owner": row.owner, "created": row.created,
    }  # fmt: skip
    if row.revision is None:  # made by something else than curation
        return LiveList(**kept)
    return LiveList(
        **kept, scheme=row.scheme, growth=GrowthLimits.parse(row.growth), feeds=tuple(row.feeds), revision=row.revision,
        live=row.live,
    )  # fmt: skip


def add_list(
    conn: Connection,
    *,
    name: str,
    mode: Mode,
    shared: bool,
    owner: str,
    scheme: str,
    growth: GrowthLimits,
    at: datetime,
) -> LiveList:
    """Write a new list and give it."""
    made = create_list(conn, name=name, mode=mode, at=at, owner=owner, shared=shared)
    _own_row(conn, LiveList(number=made.number, id=made.id, name=name, mode=mode, shared=shared, owner=owner,
                            created=at, scheme=scheme, growth=growth))  # fmt: skip
    found = find_list(conn, made.id)
    assert found is not None
    return found


def _own_row(conn: Connection, one: LiveList) -> None:
    values = {
        "list_id": one.id, "scheme": one.scheme, "growth": one.growth.document(), "feeds": list(one.feeds),
        "revision": one.revision, "live": one.live,
    }  # fmt: skip
    conn.execute(insert_or_ignore(conn, list_curation), values)


def find_list(conn: Connection, list_id: str, *, lock: bool = False) -> LiveList | None:
    """A list by id; with `lock` nobody else changes it until the transaction ends."""
    if lock:
        conn.execute(select(lists.c.number).where(lists.c.id == list_id).with_for_update())
    row = conn.execute(_lists().where(lists.c.id == list_id)).first()
    return None if row is None else _list_of(row)


def list_named(conn: Connection, name: str) -> LiveList | None:
    """A list by its name."""
    row = conn.execute(_lists().where(lists.c.name == name)).first()
    return None if row is None else _list_of(row)


def all_lists(conn: Connection, *, after: int = 0, limit: int = 100) -> tuple[LiveList, ...]:
    """The lists in the order they were made, those whose number comes after `after`."""
    rows = conn.execute(_lists().where(lists.c.number > after).order_by(lists.c.number).limit(limit))
    return tuple(_list_of(row) for row in rows)


def change_list(
    conn: Connection, one: LiveList, *, own: Mapping[str, Any] | None = None, curated: Mapping[str, Any] | None = None
) -> None:
    """Count a change of a list, and write columns of it: `own` ones of `lists`, `curated` ones of this table."""
    _own_row(conn, one)
    if own:
        conn.execute(update(lists).where(lists.c.id == one.id).values(**own))
    values = {"revision": list_curation.c.revision + 1} | dict(curated or {})
    conn.execute(update(list_curation).where(list_curation.c.list_id == one.id).values(**values))


def known(conn: Connection, number: int, refs: Sequence[str]) -> dict[str, Known]:
    """What the list has under each of `refs`: the newest entry, withdrawn or not."""
    found: dict[str, Known] = {}
    columns = [
        list_entries.c[name] for name in ("id", "ref", "scheme", "code", "opinion", "content", "withdrawn")
    ]  # fmt: skip
    for part in _parts(refs):
        own = list_entries.c.list == number, list_entries.c.ref.in_(part)
        # Put in order here: asked for it, SQLite goes through the whole list by number instead of to each reference.
        for row in sorted(conn.execute(select(*columns).where(*own)), key=attrgetter("id")):
            found[row.ref] = Known(
                entry_id=row.id,
                content=bytes(row.content or b""),
                category=None if row.scheme is None else Category(scheme=row.scheme, code=row.code),
                opinion=Opinion(row.opinion),
                withdrawn=row.withdrawn,
            )
    return found


LOOKED_THROUGH = 20_000
"""So many entries are looked through for a category before a person is asked whether to go on."""


def of_category(
    conn: Connection, number: int, *, scheme: str, code: str, after: int = 0, limit: int, withdrawn: bool | None = None
) -> tuple[tuple[LiveEntry, ...], int | None]:
    """Entries of a list that have a category (an empty `code` stands for any of the scheme), and the number to go on
    after: no index leads to them, so a stretch of the list is looked through each time. None at its end."""
    own = list_entries.c.list == number, list_entries.c.id > after
    stretch = select(list_entries).where(*own).order_by(list_entries.c.id).limit(LOOKED_THROUGH).subquery()
    last, count = conn.execute(select(func.max(stretch.c.id), func.count()).select_from(stretch)).one()
    wanted = [stretch.c.scheme == scheme]
    if code:
        wanted.append(stretch.c.code == code)
    if withdrawn is not None:
        wanted.append(stretch.c.withdrawn.is_not(None) if withdrawn else stretch.c.withdrawn.is_(None))
    rows = conn.execute(select(stretch).where(*wanted).order_by(stretch.c.id).limit(limit))
    found = tuple(map(_entry_of, rows))
    if len(found) == limit:
        return found, found[-1].id
    return found, last if count == LOOKED_THROUGH else None


def entries_page(
    conn: Connection, number: int, *, after: int = 0, limit: int, withdrawn: bool | None = None, ref: str | None = None
) -> tuple[LiveEntry, ...]:
    """Entries of a list by number, those after `after`."""
    own = [list_entries.c.list == number, list_entries.c.id > after]
    if ref is not None:
        own.append(list_entries.c.ref == ref)
    if withdrawn is not None:
        own.append(list_entries.c.withdrawn.is_not(None) if withdrawn else list_entries.c.withdrawn.is_(None))
    rows = conn.execute(select(list_entries).where(*own).order_by(list_entries.c.id).limit(limit))
    return tuple(map(_entry_of, rows))


def _entry_of(row: Any) -> LiveEntry:
    return LiveEntry(
        id=row.id, ref=row.ref, opinion=Opinion(row.opinion), disposition=Disposition(row.disposition),
        category=None if row.scheme is None else Category(scheme=row.scheme, code=row.code), source=row.source,
        tags=tuple(row.tags or ()), record=row.record, added=row.added, withdrawn=row.withdrawn,
        content=bytes(row.content or b""),
    )  # fmt: skip


def refs_of(conn: Connection, entries: Sequence[int]) -> dict[int, tuple[str, str]]:
    """List id and reference of some entries of curated lists, by their numbers."""
    found: dict[int, tuple[str, str]] = {}
    for part in _parts(entries):
        query = select(list_entries.c.id, lists.c.id.label("list_id"), list_entries.c.ref)
        query = query.join_from(list_entries, lists, lists.c.number == list_entries.c.list).where(not_(lists.c.system))
        found |= {row.id: (row.list_id, row.ref) for row in conn.execute(query.where(list_entries.c.id.in_(part)))}
    return found


def of_numbers(conn: Connection, number: int, entries: Sequence[int]) -> tuple[LiveEntry, ...]:
    """Those of some entries, given by their numbers, that are a list's own."""
    found: list[LiveEntry] = []
    for part in _parts(entries):
        own = list_entries.c.list == number, list_entries.c.id.in_(part)
        found += map(_entry_of, conn.execute(select(list_entries).where(*own).order_by(list_entries.c.id)))
    return tuple(found)


def signals_of(conn: Connection, entries: Sequence[int]) -> dict[int, list[tuple[Signal, Mapping[str, Any]]]]:
    """The live signals of some entries, each with what is known of its making."""
    found: dict[int, list[tuple[Signal, Mapping[str, Any]]]] = {entry: [] for entry in entries}
    for part in _parts(entries):
        own = entry_signals.c.entry.in_(part), entry_signals.c.removed.is_(None)
        for row in conn.execute(select(entry_signals).where(*own).order_by(entry_signals.c.id)):
            told = {name: getattr(row, name) for name in ("recipe", "quality", "facet")}
            signal = SIGNAL_TYPES[SignalKind(row.kind)](bytes(row.value))
            found[row.entry].append((signal, {name: value for name, value in told.items() if value is not None}))
    return found


def known_good_entries(conn: Connection, *, after: int, limit: int) -> list[int]:
    """The entries known to be good in any list and not withdrawn, by number, those after `after`."""
    # The condition stands in the statement as it does in the index: a bound value would not find it.
    good = text(f"disposition = {int(Disposition.KNOWN_GOOD)}")
    own = good, list_entries.c.withdrawn.is_(None), list_entries.c.id > after
    return list(conn.execute(select(list_entries.c.id).where(*own).order_by(list_entries.c.id).limit(limit)).scalars())


def _parts(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]
