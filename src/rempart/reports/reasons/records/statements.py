"""Statements of reasons: one row for each restriction that a service is told of, and for each that was lifted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    String,
    Table,
    insert,
    literal_column,
    or_,
    select,
    text,
    update,
)

from rempart.cases.records.cases import case_items
from rempart.cases.records.decisions import decisions
from rempart.items.records.items import items
from rempart.store.schema import Json, UtcTime, metadata

COUNTER = "reasons"
"""Numbers statements in the order in which they go out; whoever writes any holds it first."""
_HELD = "held"
_STANDING, _WAITING, _DUE = text("standing = 1"), text("state = 'waiting'"), text("filing = 'due'")

reasons = Table(
    "reasons",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("seq", BigInteger),  # once it is out
    Column("origin", String(60), nullable=False),  # the check or decision that it is about: none has two
    Column("service", String(200), nullable=False),
    Column("item", BigInteger),
    Column("decision", String(40)),
    Column("case_id", String(40)),
    Column("kind", String(12), nullable=False),  # restriction, lifted
    Column("what", String(12), nullable=False),  # held, restricted, removed, account
    Column("about", String(40)),  # the restriction that was lifted, or that this one replaces
    Column("language", String(5), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("made", UtcTime, nullable=False),
    Column("state", String(10), nullable=False),  # waiting, out, withheld
    Column("until", UtcTime),
    Column("out", UtcTime),
    Column("standing", Integer, nullable=False),  # 1: this is what holds for the item now
    Column("document", Json, nullable=False),
    Column("puid", String(40), nullable=False),
    Column("payload", Json),
    Column("filing", String(10), nullable=False),  # none, due, batched, filed, refused
    Column("batch", String(40)),
    Column("filed", UtcTime),
    Column("errors", Json),
    Index("uq_reasons_origin", "origin", unique=True),
    Index("uq_reasons_seq", "seq", unique=True),
    Index("uq_reasons_puid", "puid", unique=True),
    Index("ix_reasons_service_seq", "service", "seq"),
    Index("ix_reasons_item", "item", "id"),
    Index("ix_reasons_case", "case_id"),
    Index("ix_reasons_batch", "batch"),
    Index("ix_reasons_standing", "id", "item", sqlite_where=_STANDING, postgresql_where=_STANDING),
    Index("ix_reasons_waiting", "until", "id", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("ix_reasons_due", "filing", "id", sqlite_where=_DUE, postgresql_where=_DUE),
)
# As the partial indexes spell it, so that they serve.
_IS_STANDING = reasons.c.standing == literal_column("1")
_IS_WAITING = reasons.c.state == literal_column("'waiting'")
_IS_DUE = reasons.c.filing == literal_column("'due'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A statement as it is stored. It holds no name of anybody: `item` leads to its service's item while that is
    there, `decision` to an account."""

    id: str
    seq: int | None
    origin: str
    service: str
    item: int | None
    decision: str | None
    case_id: str | None
    kind: str
    what: str
    about: str | None
    language: str
    at: datetime
    made: datetime
    state: str
    until: datetime | None
    out: datetime | None
    standing: int
    document: Mapping[str, Any]
    puid: str
    payload: Mapping[str, Any] | None
    filing: str
    batch: str | None
    filed: datetime | None
    errors: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A statement, and what its service calls the item or the account; both None once that was erased."""

    reason: Reason
    item_id: str | None
    uploader: str | None


_OWN = [reasons.c[name] for name in Reason.__slots__]
_NAMED = (
    select(*_OWN, items.c.item_id, decisions.c.uploader)
    .select_from(reasons.outerjoin(items, items.c.id == reasons.c.item))
    .outerjoin(decisions, decisions.c.id == reasons.c.decision)
)


def add(conn: Connection, row: Reason) -> None:
    """Write a statement."""
    conn.execute(insert(reasons), {name: getattr(row, name) for name in Reason.__slots__})


def change(conn: Connection, reason_id: str, **values: Any) -> None:
    """Give a statement new values."""
    conn.execute(update(reasons).where(reasons.c.id == reason_id).values(**values))


def find(conn: Connection, reason_id: str) -> Reason | None:
    """The statement with this id."""
    row = conn.execute(select(*_OWN).where(reasons.c.id == reason_id)).first()
    return None if row is None else Reason(**row._mapping)


def named(conn: Connection, reason_id: str) -> Named | None:
    """The statement with this id, with what its service calls it."""
    row = conn.execute(_NAMED.where(reasons.c.id == reason_id)).first()
    return None if row is None else _named(row)


def of_item(conn: Connection, item: int) -> tuple[Reason, ...]:
    """The statements about an item, the oldest first."""
    query = select(*_OWN).where(reasons.c.item == item).order_by(reasons.c.at, reasons.c.id)
    return tuple(Reason(**row._mapping) for row in conn.execute(query))


def origins(conn: Connection, wanted: Sequence[str]) -> frozenset[str]:
    """Those of these origins that a statement is there for."""
    return frozenset(conn.execute(select(reasons.c.origin).where(reasons.c.origin.in_(list(wanted)))).scalars())


def after(conn: Connection, *, service: str, seq: int, most: int) -> tuple[Named, ...]:
    """A service's statements after a number, in order."""
    query = _NAMED.where(reasons.c.service == service, reasons.c.seq > seq).order_by(reasons.c.seq).limit(most)
    return tuple(map(_named, conn.execute(query)))


def page(
    conn: Connection, *, before: str | None, most: int, state: str | None = None, filing: str | None = None
) -> tuple[Named, ...]:
    """Statements of all services, the youngest first, before one in that order; of a state or filing where asked."""
    conditions: list[ColumnElement[bool]] = []
    if before is not None:
        conditions.append(reasons.c.id < before)
    if state is not None:
        conditions.append(_IS_WAITING if state == "waiting" else reasons.c.state == state)
    if filing is not None:
        conditions.append(reasons.c.filing == filing)
    return tuple(map(_named, conn.execute(_NAMED.where(*conditions).order_by(reasons.c.id.desc()).limit(most))))


def waiting_for(conn: Connection, ids: Iterable[str] = (), *, case_id: str | None = None) -> tuple[Reason, ...]:
    """Statements that wait, by id, or of a case and of the items that are in it; the oldest first."""
    inside = select(case_items.c.item).where(case_items.c.case_id == case_id)
    own = or_(reasons.c.case_id == case_id, reasons.c.item.in_(inside))
    query = select(*_OWN).where(_IS_WAITING, reasons.c.id.in_(list(ids)) if case_id is None else own)
    query = query.order_by(reasons.c.at, reasons.c.id)
    return tuple(Reason(**row._mapping) for row in conn.execute(query))


def withheld_for(conn: Connection, case_id: str) -> tuple[Reason, ...]:
    """Statements that are not told of, of a case and of the items that are in it; the oldest first."""
    inside = select(case_items.c.item).where(case_items.c.case_id == case_id)
    own = or_(reasons.c.case_id == case_id, reasons.c.item.in_(inside))
    query = select(*_OWN).where(reasons.c.state == "withheld", own).order_by(reasons.c.at, reasons.c.id)
    return tuple(Reason(**row._mapping) for row in conn.execute(query))


def due(conn: Connection, *, now: datetime, most: int) -> tuple[Reason, ...]:
    """Statements whose delay is over, in the order in which they were made."""
    query = select(*_OWN).where(_IS_WAITING, reasons.c.until <= now).order_by(reasons.c.at, reasons.c.id).limit(most)
    return tuple(Reason(**row._mapping) for row in conn.execute(query))


def stand(conn: Connection, item: int, reason_id: str | None) -> None:
    """Say which of an item's statements is the one that holds now."""
    conn.execute(update(reasons).where(reasons.c.item == item, _IS_STANDING).values(standing=0))
    if reason_id is not None:
        conn.execute(update(reasons).where(reasons.c.id == reason_id).values(standing=1))


def standing_otherwise(conn: Connection, *, after: str, most: int) -> tuple[str | None, tuple[int, ...]]:
    """Of the next restrictions that stand, in order, the items that are allowed now or gone, or were held and people
    decided so since; and the last one that was looked at, None at the end."""
    some = select(reasons.c.id, reasons.c.item, reasons.c.what).where(_IS_STANDING, reasons.c.id > after)
    part = some.order_by(reasons.c.id).limit(most).subquery()
    query = select(part.c.id, part.c.item, part.c.what, items.c.verdict, items.c.decided).select_from(
        part.outerjoin(items, items.c.id == part.c.item)
    )
    rows = conn.execute(query.order_by(part.c.id)).all()
    found = tuple(
        row.item
        for row in rows
        if row.verdict is None or row.verdict == "allow" or (row.what == _HELD and row.decided == row.verdict == "hold")
    )
    return (rows[-1].id if len(rows) == most else None), found


def due_for_filing(conn: Connection, *, most: int) -> tuple[Reason, ...]:
    """Statements that are out and that the transparency database does not have, the oldest first."""
    query = select(*_OWN).where(_IS_DUE, reasons.c.state == "out").order_by(reasons.c.id).limit(most)
    return tuple(Reason(**row._mapping) for row in conn.execute(query))


def of_batch(conn: Connection, batch: str) -> tuple[Reason, ...]:
    """The statements of a batch, in their order."""
    query = select(*_OWN).where(reasons.c.batch == batch).order_by(reasons.c.id)
    return tuple(Reason(**row._mapping) for row in conn.execute(query))


def file_all(conn: Connection, ids: Sequence[str], **values: Any) -> None:
    """Give statements new values of their filing."""
    conn.execute(update(reasons).where(reasons.c.id.in_(list(ids))).values(**values))


def _named(row: Any) -> Named:
    values = dict(row._mapping)
    return Named(item_id=values.pop("item_id"), uploader=values.pop("uploader"), reason=Reason(**values))
