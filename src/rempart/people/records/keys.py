"""Questions to the tables of services' keys and what they used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, and_, delete, insert, select, update

from rempart.people.permissions import Scope
from rempart.people.records.tables import api_keys, key_usage
from rempart.store.upsert import insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A service's key without its secret. `follows` is the key that this one replaces."""

    id: str
    label: str
    service: str
    scopes: frozenset[Scope]
    made_by: str | None
    created: datetime
    expires: datetime
    revoked: datetime | None
    follows: str | None
    per_minute: int | None
    signals_per_day: int | None

    def usable(self, at: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.expires > at and (self.revoked is None or self.revoked > at)


_KEY = [column for column in api_keys.c if column.name != "hash"]


def add(conn: Connection, values: Mapping[str, object]) -> None:
    """Write a new key."""
    conn.execute(insert(api_keys).values(**values))


def by_hash(conn: Connection, hashed: bytes) -> ApiKey | None:
    """One by the hash of its secret, also when it cannot be used any more."""
    row = conn.execute(select(*_KEY).where(api_keys.c.hash == hashed)).mappings().one_or_none()
    return _key(row) if row else None


def by_id(conn: Connection, key: str) -> ApiKey | None:
    """One by its id."""
    row = conn.execute(select(*_KEY).where(api_keys.c.id == key)).mappings().one_or_none()
    return _key(row) if row else None


def every(conn: Connection) -> tuple[ApiKey, ...]:
    """All keys, newest first."""
    rows = conn.execute(select(*_KEY).order_by(api_keys.c.created.desc(), api_keys.c.id.desc())).mappings()
    return tuple(_key(row) for row in rows)


def end_at(conn: Connection, key: str, *, revoked: datetime) -> bool:
    """Let a key end at a moment (now, or after an overlap); False when it ends sooner already."""
    sooner = api_keys.c.revoked.is_(None) | (api_keys.c.revoked > revoked)
    return (
        conn.execute(update(api_keys).where(and_(api_keys.c.id == key, sooner)).values(revoked=revoked)).rowcount == 1
    )


def take_quota(conn: Connection, key: str, *, day: int, count: int, limit: int) -> bool:
    """Take `count` of what a key may use on a day; False when less than that is left, and then nothing is taken."""
    if count > limit:
        return False
    statement = insert_into(conn, key_usage).values(key=key, day=day, taken=count)
    statement = statement.on_conflict_do_update(
        index_elements=["key", "day"],
        set_={"taken": key_usage.c.taken + count},
        where=key_usage.c.taken + count <= limit,
    )
    return conn.execute(statement.returning(key_usage.c.taken)).one_or_none() is not None


def taken(conn: Connection, key: str, *, day: int) -> int:
    """How much a key has taken on a day."""
    asked = select(key_usage.c.taken).where(key_usage.c.key == key, key_usage.c.day == day)
    return int(conn.execute(asked).scalar_one_or_none() or 0)


def forget_usage(conn: Connection, *, before_day: int) -> None:
    """Delete the counts of days gone by."""
    conn.execute(delete(key_usage).where(key_usage.c.day < before_day))


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(**{**row, "scopes": frozenset(Scope(scope) for scope in row["scopes"])})
