"""The versions of the policy, in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Index, LargeBinary, String, Table, Text, insert, select, update

from rempart.store.schema import UtcTime, metadata

policies = Table(
    "policies",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("version", BigInteger),
    Column("name", String(200), nullable=False),
    Column("text", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("state", String(10), nullable=False),  # proposed, refused, put
    Column("approval", String(40)),
    Column("proposed_by", String(40), nullable=False),
    Column("proposed", UtcTime, nullable=False),
    Column("put_by", String(40)),
    Column("put", UtcTime),
    Index("uq_policies_version", "version", unique=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRow:
    """A policy that was proposed; `version` is set once it was put in force, and the highest one is in force."""

    id: str
    version: int | None
    name: str
    text: str
    sha256: bytes
    state: str
    approval: str | None
    proposed_by: str
    proposed: datetime
    put_by: str | None
    put: datetime | None


def add(conn: Connection, row: PolicyRow) -> None:
    """Write a row."""
    conn.execute(insert(policies), {name: getattr(row, name) for name in PolicyRow.__slots__})


def find(conn: Connection, policy_id: str, *, lock: bool = False) -> PolicyRow | None:
    """The row with this id; locked until the transaction ends where asked."""
    query = select(policies).where(policies.c.id == policy_id)
    return _row(conn.execute(query.with_for_update() if lock else query).first())


def newest_put(conn: Connection) -> PolicyRow | None:
    """The policy that is in force."""
    query = select(policies).where(policies.c.version.is_not(None)).order_by(policies.c.version.desc()).limit(1)
    return _row(conn.execute(query).first())


def of_version(conn: Connection, version: int) -> PolicyRow | None:
    """The policy that is or was in force as this version."""
    return _row(conn.execute(select(policies).where(policies.c.version == version)).first())


def recent(conn: Connection, *, most: int) -> tuple[PolicyRow, ...]:
    """The newest rows first, whatever became of them."""
    query = select(policies).order_by(policies.c.proposed.desc(), policies.c.id.desc()).limit(most)
    return tuple(PolicyRow(**row._mapping) for row in conn.execute(query))


def change(conn: Connection, policy_id: str, **values: Any) -> None:
    """Give a row new values."""
    conn.execute(update(policies).where(policies.c.id == policy_id).values(**values))


def _row(found: Any) -> PolicyRow | None:
    return None if found is None else PolicyRow(**found._mapping)
