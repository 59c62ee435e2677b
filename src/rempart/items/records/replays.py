"""Idempotency keys: a request that is sent again gets the answer that it had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql, sqlite

from rempart.store.prepared import Prepared
from rempart.store.schema import Json, UtcTime, metadata

check_replays = Table(
    "check_replays",
    metadata,
    Column("service", String(200), primary_key=True),
    Column("key", LargeBinary, primary_key=True),  # SHA-256 of the key that the client chose
    Column("request", String(40), nullable=False),
    Column("item", BigInteger, nullable=False),
    # A salted digest of what was asked.
    Column("salt", LargeBinary, nullable=False),
    Column("asked", LargeBinary, nullable=False),
    Column("answer", Json, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index(None, "at"),
    Index(None, "item"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """An answer that was given under an idempotency key."""

    service: str
    key: bytes
    request: str
    salt: bytes
    asked: bytes
    answer: Mapping[str, Any]


_NAMES = Replay.__slots__
_FIND = Prepared(
    select(*(check_replays.c[name] for name in _NAMES)).where(
        check_replays.c.service == bindparam("service"), check_replays.c.key.in_(bindparam("keys", expanding=True))
    )
)
_ADD = {
    "sqlite": Prepared(sqlite.insert(check_replays).on_conflict_do_nothing()),
    "postgresql": Prepared(postgresql.insert(check_replays).on_conflict_do_nothing()),
}


def find(conn: Connection, service: str, keys: Sequence[bytes]) -> dict[bytes, Replay]:
    """The answers that were given under these keys."""
    found = (
        Replay(**dict(zip(_NAMES, row, strict=True)))
        for row in _FIND.rows(conn, {"service": service, "keys": list(keys)})
    )
    return {one.key: one for one in found}


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Remember answers; a key that another process took meanwhile stays as it is."""
    if rows:
        _ADD[conn.dialect.name].write(conn, rows)


def erase(conn: Connection, item: int) -> None:
    """Forget what was asked and answered about an item."""
    conn.execute(delete(check_replays).where(check_replays.c.item == item))


def sweep(conn: Connection, *, before: datetime, most: int) -> int:
    """Forget some answers that are older; says how many."""
    own = tuple_(check_replays.c.service, check_replays.c.key)
    old = select(check_replays.c.service, check_replays.c.key).where(check_replays.c.at < before).limit(most)
    return conn.execute(delete(check_replays).where(own.in_(old))).rowcount
