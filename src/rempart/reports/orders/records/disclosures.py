"""Who was given what, and on which ground: one row each. To whom by name is sealed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, Connection, Index, LargeBinary, String, Table, insert, select, update

from rempart.store.schema import UtcTime, metadata

disclosures = Table(
    "disclosures",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("subject", String(80), nullable=False),  # report:…, referral:…, order:…
    Column("order", String(40)),  # the order or request that it answers
    Column("case_id", String(40)),
    Column("recipient_class", String(20), nullable=False),
    Column("ground", String(20), nullable=False),
    Column("regime", String(40), nullable=False),
    Column("what", String(100), nullable=False),  # words, one space between
    Column("by", String(40), nullable=False),
    Column("second", String(40)),
    Column("single", Boolean(create_constraint=False), nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Index("ix_disclosures_at_id", "at", "id"),
    Index("ix_disclosures_subject", "subject"),
    Index("ix_disclosures_order", "order"),
    Index("ix_disclosures_case_id", "case_id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosureRow:
    """One disclosure as it is stored."""

    id: str
    at: datetime
    subject: str
    order: str | None
    case_id: str | None
    recipient_class: str
    ground: str
    regime: str
    what: str
    by: str
    second: str | None
    single: bool
    sealed: bytes


def add(conn: Connection, row: DisclosureRow) -> None:
    """Write a disclosure."""
    conn.execute(insert(disclosures), {name: getattr(row, name) for name in DisclosureRow.__slots__})


def find(
    conn: Connection,
    *,
    subject: str | None = None,
    order: str | None = None,
    cases: Collection[str] | None = None,
    since: datetime | None = None,
    before: tuple[datetime, str] | None = None,
    most: int,
) -> Sequence[DisclosureRow]:
    """Disclosures, the newest first: about something, under an order, of cases, from a moment on, before a row."""
    query = select(disclosures)
    if subject is not None:
        query = query.where(disclosures.c.subject == subject)
    if order is not None:
        query = query.where(disclosures.c.order == order)
    if cases is not None:
        query = query.where(disclosures.c.case_id.in_(list(cases)))
    if since is not None:
        query = query.where(disclosures.c.at >= since)
    if before is not None:
        at, last = before
        older = (disclosures.c.at < at) | ((disclosures.c.at == at) & (disclosures.c.id < last))
        query = query.where(older)
    query = query.order_by(disclosures.c.at.desc(), disclosures.c.id.desc()).limit(most)
    return tuple(DisclosureRow(**row._mapping) for row in conn.execute(query))


def all_sealed(conn: Connection) -> Sequence[tuple[str, bytes]]:
    """Every disclosure's id and what is sealed of it."""
    found = conn.execute(select(disclosures.c.id, disclosures.c.sealed).order_by(disclosures.c.id))
    return tuple((row[0], row[1]) for row in found)


def change(conn: Connection, disclosure: str, **values: Any) -> None:
    """Give a disclosure new values."""
    conn.execute(update(disclosures).where(disclosures.c.id == disclosure).values(**values))
