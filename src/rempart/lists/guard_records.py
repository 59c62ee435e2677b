"""The operator's own canaries and noisy hashes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Column, Connection, LargeBinary, String, Table, delete, func, select

from rempart.signals.values import Signal, SignalKind
from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

CANARY, NOISY = "canary", "noisy"

guard_signals = Table(
    "guard_signals",
    metadata,
    Column("guard", String(10), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("value", LargeBinary, primary_key=True),
    Column("added", UtcTime, nullable=False),
    Column("added_by", String(100), nullable=False),
)


def add(conn: Connection, guard: str, signals: Sequence[Signal], *, by: str, at: datetime) -> None:
    """Take signals into a guard; those that it has stay as they are."""
    values = [
        {"guard": guard, "kind": one.kind.value, "value": bytes(one), "added": at, "added_by": by} for one in signals
    ]
    if values:
        conn.execute(insert_or_ignore(conn, guard_signals), values)


def remove(conn: Connection, guard: str, signal: Signal) -> bool:
    """Take a signal out of a guard; False when it is not there."""
    own = (
        guard_signals.c.guard == guard,
        guard_signals.c.kind == signal.kind.value,
        guard_signals.c.value == bytes(signal),
    )
    return conn.execute(delete(guard_signals).where(*own)).rowcount == 1


def values(conn: Connection, guard: str) -> list[tuple[SignalKind, bytes]]:
    """The signals of a guard."""
    rows = conn.execute(select(guard_signals.c.kind, guard_signals.c.value).where(guard_signals.c.guard == guard))
    return [(SignalKind(kind), bytes(value)) for kind, value in rows]


def counts(conn: Connection) -> dict[str, int]:
    """How many signals each guard has."""
    rows = conn.execute(select(guard_signals.c.guard, func.count()).group_by(guard_signals.c.guard))
    return {CANARY: 0, NOISY: 0} | {guard: int(count) for guard, count in rows}
