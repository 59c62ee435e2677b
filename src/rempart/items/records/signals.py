"""Signals of items that are still hosted: what look-back searches when a new entry comes.

Changes carry numbers of the counter `items`: `added` when a signal came, `removed` when it went. A signal that went
keeps its row, so that every process can follow, but no longer its value.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)

from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind
from rempart.store.prepared import Prepared
from rempart.store.schema import BigId, metadata

item_signals = Table(
    "item_signals",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("item", BigInteger, nullable=False),
    Column("kind", String(10), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("probe", Text, nullable=False),
    Column("recipe", Text),
    Column("quality", SmallInteger),
    Column("added", BigInteger, nullable=False),
    Column("removed", BigInteger),
    Index(None, "item"),
    Index(None, "added"),
    Index("ix_item_signals_removed", "removed", sqlite_where=text("removed IS NOT NULL"),
          postgresql_where=text("removed IS NOT NULL")),
    sqlite_autoincrement=True,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSignal:
    """One signal of an item: what it is, and which probe of which recipe made it."""

    signal: Signal
    probe: str
    recipe: str | None = None
    quality: int | None = None


_INSERT = Prepared(insert(item_signals))
_REMOVE = Prepared(
    update(item_signals)
    .where(item_signals.c.item == bindparam("owner"), item_signals.c.removed.is_(None))
    .values(removed=bindparam("number"), value=b"")
)
_OF = (
    select(item_signals)
    .where(item_signals.c.item == bindparam("owner"), item_signals.c.removed.is_(None))
    .order_by(item_signals.c.id)
)


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write signals down."""
    if rows:
        _INSERT.write(conn, rows)


def row_of(item: int, one: ItemSignal, *, number: int) -> dict[str, Any]:
    """A signal as `add` takes it."""
    return {
        "item": item, "kind": one.signal.kind.value, "value": bytes(one.signal), "probe": one.probe,
        "recipe": one.recipe, "quality": one.quality, "added": number, "removed": None,
    }  # fmt: skip


def remove(conn: Connection, items: Iterable[int], *, number: int) -> None:
    """Take the values of items' signals away; their rows tell every process that they went."""
    rows = [{"owner": item, "number": number} for item in items]
    if rows:
        _REMOVE.write(conn, rows)


def of(conn: Connection, item: int) -> tuple[ItemSignal, ...]:
    """The signals that are kept of an item."""
    return tuple(
        ItemSignal(
            signal=SIGNAL_TYPES[SignalKind(row.kind)](row.value), probe=row.probe, recipe=row.recipe,
            quality=row.quality,
        )
        for row in conn.execute(_OF, {"owner": item})
    )  # fmt: skip


def sweep(conn: Connection, *, upto: int, most: int) -> int:
    """Forget some rows of signals that went, up to a number that every process has seen; says how many."""
    old = select(item_signals.c.id).where(item_signals.c.removed <= upto).order_by(item_signals.c.removed).limit(most)
    return conn.execute(delete(item_signals).where(item_signals.c.id.in_(old))).rowcount
