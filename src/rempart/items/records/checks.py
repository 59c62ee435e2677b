"""Checks: what was answered, to which request, and by which rule of which policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Row,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
)

from rempart.items.records.items import IDS_IN_COMMIT
from rempart.policy.facts import Verdict
from rempart.signals.outcome import Outcome
from rempart.store.prepared import Prepared
from rempart.store.schema import Json, UtcTime, metadata

_LOOKED_AT = 500
_ROWS_AT_ONCE = 1_000

_TROUBLE = text("outcome <> 'ok'")
_NOT_ALLOWED = text("verdict <> 'allow'")
checks = Table(
    "checks",
    metadata,
    Column("request", String(40), primary_key=True),
    Column("item", BigInteger, nullable=False),
    Column("service", String(200), nullable=False),
    Column("outcome", String(20)),
    Column("verdict", String(10), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("policy", BigInteger, nullable=False),
    Column("mark", BigInteger, nullable=False),
    # What the rules looked at, so that another policy can be tried on it; null where there was nothing.
    Column("facts", Json),
    Column("case_id", String(40)),
    Column("at", UtcTime, nullable=False),
    Index(None, "item"),
    Index(None, "at"),
    Index("ix_checks_outcome", "outcome", "at", sqlite_where=_TROUBLE, postgresql_where=_TROUBLE),
    Index("ix_checks_restricted", "at", "request", "item", sqlite_where=_NOT_ALLOWED, postgresql_where=_NOT_ALLOWED),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check that was answered. `facts` hold published, context, matches and known_good where there were any."""

    request: str
    item: int
    service: str
    outcome: Outcome | None
    verdict: Verdict
    rule: str
    policy: int
    mark: int
    facts: Mapping[str, Any] | None
    case_id: str | None
    at: datetime


_INSERT = Prepared(insert(checks))
_BY_REQUEST = select(checks).where(checks.c.request == bindparam("name"))
_SINCE = select(checks).where(checks.c.at >= bindparam("since")).order_by(checks.c.at, checks.c.request)


def add(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write checks down."""
    if rows:
        _INSERT.write(conn, rows)


def find(conn: Connection, request: str) -> Check | None:
    """A check by its request id."""
    row = conn.execute(_BY_REQUEST, {"name": request}).first()
    return None if row is None else check_of(row)


def since(conn: Connection, moment: datetime, *, most: int = 100_000) -> Iterator[Check]:
    """Checks from a moment on, the oldest first: what a proposed policy is tried on."""
    query = _SINCE.limit(most).execution_options(yield_per=_ROWS_AT_ONCE)
    for row in conn.execute(query, {"since": moment}):
        yield check_of(row)


def number_before(conn: Connection, moment: datetime) -> int:
    """A number of the counter of items that was given out before a moment: as late a one as the last checks tell."""
    last = select(checks.c.item).where(checks.c.at < moment).order_by(checks.c.at.desc()).limit(_LOOKED_AT).subquery()
    return int(conn.execute(select(func.max(last.c.item))).scalar_one() or 0) // IDS_IN_COMMIT


def erase(conn: Connection, item: int) -> None:
    """Forget what was answered about an item."""
    conn.execute(delete(checks).where(checks.c.item == item))


def check_of(row: Row[Any]) -> Check:
    """A row of `checks` as a value."""
    values = dict(row._mapping)
    values["outcome"] = None if row.outcome is None else Outcome(row.outcome)
    values["verdict"] = Verdict(row.verdict)
    return Check(**values)
