"""Cases, the items in them, and the matches that opened them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    false,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from rempart.store.schema import BigId, UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

_OPEN = text("state = 'open'")
_HELD = text("held_until IS NOT NULL")
_CLAIMED = text("claimed_by IS NOT NULL")
_ASSIGNED = text("assigned_to IS NOT NULL")
_UPLOADER = text("uploader IS NOT NULL")
_BOOLEAN = Boolean(create_constraint=False)

cases = Table(
    "cases",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("queue", String(40), nullable=False),
    Column("assessors", Integer, nullable=False),
    Column("state", String(10), nullable=False),  # open, decided
    # What makes items byte-identical; forgotten when the case is decided.
    Column("cluster", LargeBinary),
    Column("reason", String(80), nullable=False),
    Column("policy_version", BigInteger, nullable=False),
    Column("opened", UtcTime, nullable=False),
    Column("opened_by", String(40), nullable=False),
    Column("withdrawn", UtcTime),  # an entry behind it was withdrawn since
    Column("decision", String(20).with_variant(String(10), "sqlite")),  # widened where lengths are kept
    Column("decided", UtcTime),
    Column("decided_by", String(40)),
    Column("decided_why", Text),
    # Whose turn it is: first, second, lead, held, settling.
    Column("stage", String(10), nullable=False, server_default="first"),
    Column("priority", Integer, nullable=False, server_default="2"),  # 0 immediate danger, 1 high, 2 normal, 3 low
    Column("due", UtcTime),  # every open case has one
    Column("look", String(10), nullable=False, server_default="look"),  # none: decidable without a look; else look
    Column("round", Integer, nullable=False, server_default="1"),
    Column("claimed_by", String(40)),
    Column("claim_token", String(40)),
    Column("claimed_until", UtcTime),
    Column("assigned_to", String(40)),
    Column("held_until", UtcTime),
    Column("held_from", String(10)),  # the stage that a held case goes back to
    Column("danger", _BOOLEAN, nullable=False, server_default=false()),
    Column("insider", _BOOLEAN, nullable=False, server_default=false()),
    # Of an account case.
    Column("service", String(200)),
    Column("uploader", Text),
    Index("uq_cases_open_cluster", "cluster", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_cases_open_order", "priority", "due", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_cases_open_queue_order", "queue", "priority", "due", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_cases_open_counts", "queue", "look", "stage", "state", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_cases_open_opened", "opened", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_cases_open_queue_opened", "queue", "opened", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_cases_open_insider", "insider", sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("ix_cases_held", "held_until", sqlite_where=_HELD, postgresql_where=_HELD),
    Index("ix_cases_claimed", "claimed_by", sqlite_where=_CLAIMED, postgresql_where=_CLAIMED),
    Index("ix_cases_assigned", "assigned_to", sqlite_where=_ASSIGNED, postgresql_where=_ASSIGNED),
    Index("ix_cases_service_uploader", "service", "uploader", sqlite_where=_UPLOADER, postgresql_where=_UPLOADER),
)
OPEN = cases.c.state == literal_column("'open'")
"""As the partial indexes spell it, so that they serve."""
case_items = Table(
    "case_items",
    metadata,
    Column("case_id", String(40), ForeignKey("cases.id"), primary_key=True),
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("service", String(200), nullable=False),
    Column("added", UtcTime, nullable=False),
    Index("ix_case_items_item", "item"),
)
case_matches = Table(
    "case_matches",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("list_id", String(40)),
    Column("list", Text, nullable=False),
    Column("mode", String(10)),
    Column("entry_id", BigInteger),
    Column("ref", Text, nullable=False),
    Column("signal_kind", String(10), nullable=False),
    Column("distance", Integer, nullable=False),
    Column("probe", String(80), nullable=False),
    Column("scheme", Text),
    Column("code", Text),
    Column("opinion", String(20), nullable=False),
    Column("facet", Text),
    Column("withdrawn", UtcTime),
    Index("ix_case_matches_case_item", "case_id", "item"),
    Index("ix_case_matches_case_distance", "case_id", "distance", "id"),
    Index("ix_case_matches_entry", "entry_id"),
)
MATCH_COLUMNS = (
    "list_id", "list", "mode", "entry_id", "ref", "signal_kind", "distance", "probe", "scheme", "code", "opinion",
    "facet",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case as it is stored."""

    id: str
    kind: str
    queue: str
    assessors: int
    state: str
    reason: str
    policy_version: int
    opened: datetime
    opened_by: str
    withdrawn: datetime | None
    decision: str | None
    decided: datetime | None
    decided_by: str | None
    decided_why: str | None
    stage: str
    priority: int
    due: datetime | None
    look: str
    round: int
    claimed_by: str | None
    claim_token: str | None = field(repr=False)
    claimed_until: datetime | None
    assigned_to: str | None
    held_until: datetime | None
    held_from: str | None
    danger: bool
    insider: bool
    service: str | None
    uploader: str | None


_CASE = [cases.c[name] for name in Case.__slots__]


def add_unless_open(conn: Connection, row: Mapping[str, Any]) -> None:
    """Write a new open case, unless one is open for the same cluster."""
    conn.execute(insert_or_ignore(conn, cases), row)


def open_of(conn: Connection, cluster: bytes) -> Case | None:
    """The open case of a cluster, locked until the transaction ends."""
    query = select(*_CASE).where(cases.c.cluster == cluster, cases.c.state == "open").with_for_update(of=cases)
    return _case(conn.execute(query).first())


def find(conn: Connection, case_id: str, *, lock: bool = False) -> Case | None:
    """The case with this id; locked until the transaction ends where asked."""
    query = select(*_CASE).where(cases.c.id == case_id)
    return _case(conn.execute(query.with_for_update(of=cases) if lock else query).first())


def cluster_of(conn: Connection, case_id: str) -> bytes | None:
    """What makes the items of an open case byte-identical; None once it was decided."""
    found = conn.execute(select(cases.c.cluster).where(cases.c.id == case_id)).scalar_one_or_none()
    return None if found is None else bytes(found)


def count_open(conn: Connection) -> int:
    """How many cases are open."""
    return int(conn.execute(select(func.count()).select_from(cases).where(cases.c.state == "open")).scalar_one())


def open_cases(
    conn: Connection,
    *,
    queue: str | None,
    service: str | None,
    after: str,
    most: int,
    seen: Sequence[ColumnElement[bool]] = (),
) -> tuple[Case, ...]:
    """Open cases in the order in which they were opened: of a queue, and with items or accounts of a service, where
    asked; `seen` are conditions on a case, as of who is asking."""
    query = select(*_CASE).where(OPEN, cases.c.id > after, *seen)
    if queue is not None:
        query = query.where(cases.c.queue == queue)
    if service is not None:
        own = case_items.c.case_id == cases.c.id, case_items.c.service == service
        query = query.where(or_(cases.c.service == service, select(case_items.c.item).where(*own).exists()))
    return tuple(Case(**row._mapping) for row in conn.execute(query.order_by(cases.c.id).limit(most)))


def claimed_by(conn: Connection, person: str) -> tuple[Case, ...]:
    """The open cases that a person has claimed, locked until the transaction ends."""
    query = select(*_CASE).where(cases.c.claimed_by == person, OPEN).order_by(cases.c.id).with_for_update(of=cases)
    return tuple(Case(**row._mapping) for row in conn.execute(query))


def held_until(conn: Connection, moment: datetime, *, most: int = 200) -> tuple[Case, ...]:
    """Open cases whose hold has ended by a moment, locked until the transaction ends; some, if there are many."""
    over = OPEN, cases.c.stage == "held", cases.c.held_until <= moment
    query = select(*_CASE).where(*over).order_by(cases.c.id).limit(most).with_for_update(of=cases)
    return tuple(Case(**row._mapping) for row in conn.execute(query))


def change(conn: Connection, case_id: str, **values: Any) -> None:
    """Give a case new values."""
    conn.execute(update(cases).where(cases.c.id == case_id).values(**values))


def add_item(conn: Connection, *, case_id: str, item: int, service: str, added: datetime) -> bool:
    """Put an item into a case; False when it is there already."""
    row = {"case_id": case_id, "item": item, "service": service, "added": added}
    return conn.execute(insert_or_ignore(conn, case_items), row).rowcount == 1


def items_of(conn: Connection, case_id: str) -> tuple[int, ...]:
    """The internal ids of a case's items, the first one first."""
    query = select(case_items.c.item).where(case_items.c.case_id == case_id)
    return tuple(conn.execute(query.order_by(case_items.c.added, case_items.c.item)).scalars())


def items_among(conn: Connection, case_id: str, items: Iterable[int]) -> tuple[int, ...]:
    """Those of these items that are in a case."""
    own = case_items.c.case_id == case_id, case_items.c.item.in_(list(items))
    return tuple(conn.execute(select(case_items.c.item).where(*own)).scalars())


def with_item(conn: Connection, item: int) -> tuple[str, ...]:
    """The cases, open or decided, that an item is in, the youngest first."""
    query = select(case_items.c.case_id).where(case_items.c.item == item).order_by(case_items.c.case_id.desc())
    return tuple(conn.execute(query).scalars())


def open_with(conn: Connection, items: Iterable[int]) -> Mapping[int, str]:
    """The open case of each of these items that has one."""
    query = (
        select(case_items.c.item, case_items.c.case_id)
        .join(cases, cases.c.id == case_items.c.case_id)
        .where(cases.c.state == "open", case_items.c.item.in_(list(items)))
    )
    return {row.item: row.case_id for row in conn.execute(query)}


def add_matches(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what matched."""
    if rows:
        conn.execute(insert(case_matches), list(rows))


def matches_of(conn: Connection, case_id: str) -> tuple[Any, ...]:
    """The rows of a case's matches, the nearest first."""
    query = select(case_matches).where(case_matches.c.case_id == case_id)
    return tuple(conn.execute(query.order_by(case_matches.c.distance, case_matches.c.id)))


def known_entries(conn: Connection, case_id: str, item: int) -> frozenset[tuple[int | None, str]]:
    """Entry and kind of signal of the matches that a case already holds of an item."""
    own = case_matches.c.case_id == case_id, case_matches.c.item == item
    rows = conn.execute(select(case_matches.c.entry_id, case_matches.c.signal_kind).where(*own))
    return frozenset((row.entry_id, row.signal_kind) for row in rows)


def mark_withdrawn(conn: Connection, entries: Sequence[int], *, at: datetime) -> tuple[str, ...]:
    """Mark the matches with these entries, and their open cases, as withdrawn; gives those cases' ids."""
    touched = case_matches.c.entry_id.in_(list(entries)), case_matches.c.withdrawn.is_(None)
    query = select(case_matches.c.case_id).distinct().join(cases, cases.c.id == case_matches.c.case_id)
    found = tuple(
        conn.execute(query.where(*touched, cases.c.state == "open").order_by(case_matches.c.case_id)).scalars()
    )
    conn.execute(update(case_matches).where(*touched).values(withdrawn=at))
    if found:
        conn.execute(update(cases).where(cases.c.id.in_(found)).values(withdrawn=at, look="look"))
    return found


def _case(found: Any) -> Case | None:
    return None if found is None else Case(**found._mapping)
