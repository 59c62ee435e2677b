"""The table of listed pictures' features, and the only statements that touch it.

A row belongs to the entry of its list that has its reference: while that entry is live its picture may be found, and
not otherwise. `features` are sealed; the picture's sheet is an object of the vault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    exists,
    func,
    select,
    update,
)

from rempart.lists.entry import Disposition
from rempart.lists.records import list_entries, lists
from rempart.lists.staging_records import State, list_changesets
from rempart.store.schema import BigId, UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

list_parts = Table(
    "list_parts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("list", BigInteger, ForeignKey("lists.number"), nullable=False),
    Column("ref", Text, nullable=False),
    Column("version", String(32), nullable=False),
    Column("features", LargeBinary, nullable=False),
    Column("object_id", String(40), nullable=False),
    Column("made", UtcTime, nullable=False),
    UniqueConstraint("list", "ref"),
    sqlite_autoincrement=True,
)

_AT_ONCE = 500
_LIVE = and_(
    list_entries.c.list == list_parts.c.list, list_entries.c.ref == list_parts.c.ref,
    list_entries.c.withdrawn.is_(None),
)  # fmt: skip
_ON_ITS_WAY = (State.READING.value, State.STAGED.value, State.APPLYING.value)
_FOUND = (
    select(
        list_parts.c.id, list_parts.c.object_id, list_parts.c.features, list_parts.c.list.label("number"),
        list_entries.c.id.label("entry"), list_entries.c.ref, list_entries.c.scheme, list_entries.c.code,
        list_entries.c.opinion, lists.c.id.label("list_id"), lists.c.name, lists.c.mode,
    )
    .join_from(list_parts, list_entries, _LIVE)
    .join(lists, lists.c.number == list_parts.c.list)
    .where(
        list_parts.c.id.in_(bindparam("parts", expanding=True)),
        list_entries.c.disposition == int(Disposition.MATCH), lists.c.ended.is_(None),
    )
    .order_by(list_entries.c.id)
)  # fmt: skip


def add(conn: Connection, row: Mapping[str, Any]) -> bool:
    """Write a row unless the entry has one; whether it was written."""
    return conn.execute(insert_or_ignore(conn, list_parts).values(row).returning(list_parts.c.id)).first() is not None


def without(conn: Connection, number: int, refs: Sequence[str], *, version: str) -> set[str]:
    """Those of some references of a list that have no features of this version yet."""
    found: set[str] = set()
    for start in range(0, len(refs), _AT_ONCE):
        own = list_parts.c.list == number, list_parts.c.version == version
        query = select(list_parts.c.ref).where(*own, list_parts.c.ref.in_(refs[start : start + _AT_ONCE]))
        found |= set(conn.execute(query).scalars())
    return set(refs) - found


def state(conn: Connection) -> tuple[int, int]:
    """How many rows there are and the highest id: another answer whenever rows came or went."""
    count, highest = conn.execute(select(func.count(), func.max(list_parts.c.id)).select_from(list_parts)).one()
    return count, highest or 0


def ids(conn: Connection, *, version: str) -> set[int]:
    """The ids of all rows of a version."""
    return set(conn.execute(select(list_parts.c.id).where(list_parts.c.version == version)).scalars())


def of(conn: Connection, some: Collection[int]) -> Iterator[Any]:
    """Rows by their ids, in order: id, list, ref, features."""
    query = select(list_parts.c.id, list_parts.c.list, list_parts.c.ref, list_parts.c.features)
    every = sorted(some)
    for start in range(0, len(every), _AT_ONCE):
        yield from conn.execute(query.where(list_parts.c.id.in_(every[start : start + _AT_ONCE])).order_by("id"))


def live(conn: Connection, some: Sequence[int]) -> dict[int, Any]:
    """Those of some rows whose entry answers lookups now, each with its entry and list."""
    return {row.id: row for row in conn.execute(_FOUND, {"parts": list(some)})}


def live_entries(conn: Connection, some: Sequence[int]) -> dict[int, Any]:
    """Those of some entries that answer lookups now, each with its list's mode."""
    query = (
        select(list_entries.c.id, lists.c.mode)
        .join_from(list_entries, lists, lists.c.number == list_entries.c.list)
        .where(list_entries.c.id.in_(some), list_entries.c.withdrawn.is_(None), lists.c.ended.is_(None))
    )
    return {row.id: row for row in conn.execute(query)}


def gone(conn: Connection, *, limit: int) -> Sequence[Any]:
    """Some rows without a live entry, and without a change of their list on its way that may bring it: id, object."""
    coming = exists().where(
        list_changesets.c.list_id == lists.c.id, list_changesets.c.state.in_(_ON_ITS_WAY)
    ).correlate(lists)  # fmt: skip
    query = (
        select(list_parts.c.id, list_parts.c.object_id)
        .join_from(list_parts, lists, lists.c.number == list_parts.c.list)
        .where(~exists().where(_LIVE).correlate(list_parts), ~coming)
    )
    return conn.execute(query.order_by(list_parts.c.id).limit(limit)).all()


def old(conn: Connection, *, version: str, limit: int) -> Sequence[Any]:
    """Some rows that another version made: id, object."""
    query = select(list_parts.c.id, list_parts.c.object_id).where(list_parts.c.version != version)
    return conn.execute(query.order_by(list_parts.c.id).limit(limit)).all()


def forget(conn: Connection, some: Sequence[int]) -> int:
    """Delete rows, sealed features included; how many there were."""
    return conn.execute(delete(list_parts).where(list_parts.c.id.in_(some))).rowcount


def reseal(conn: Connection, part: int, *, features: bytes) -> None:
    """Replace a row's sealed features by the same under another key."""
    conn.execute(update(list_parts).where(list_parts.c.id == part).values(features=features))
