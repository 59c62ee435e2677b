"""Referrals, one row each, and the packages that were made of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    insert,
    select,
    update,
)

from rempart.reports.referrals.values import State
from rempart.store.schema import UtcTime, metadata

_BOOLEAN = Boolean(create_constraint=False)
_SEALED = ("frozen", "outcome")

referrals = Table(
    "referrals",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("task_id", String(40)),  # the decision that handing it over carries out
    Column("authority", String(40), nullable=False),  # a row of the table; empty for none
    Column("regime", String(40), nullable=False),
    Column("classes", String(100), nullable=False),  # of its recipients, one space between
    Column("parts", String(100), nullable=False),
    Column("content", _BOOLEAN, nullable=False),
    Column("ground", String(20), nullable=False),
    Column("order", String(40)),  # the authority's order or request that it answers
    Column("danger", _BOOLEAN, nullable=False),
    Column("language", String(5), nullable=False),
    Column("state", String(12), nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("created_by", String(40), nullable=False),
    Column("frozen", LargeBinary),  # sealed: what it says, as it was when it was drafted
    Column("digest", LargeBinary, nullable=False),  # of that, and of the keys that it is sealed to
    Column("asked_at", UtcTime),
    Column("asked_by", String(40)),
    Column("confirmed_at", UtcTime),
    Column("confirmed_by", String(40)),
    Column("single", _BOOLEAN, nullable=False),
    Column("reviewed_at", UtcTime),  # of a single one: when another person looked at it afterwards
    Column("reviewed_by", String(40)),
    Column("ended_at", UtcTime),
    Column("ended_by", String(40)),
    Column("outcome", LargeBinary),  # sealed: the recipient's reference, how it was handed over, or why it was not
    Column("keep_until", UtcTime),  # from then on what is sealed is forgotten
    Index("ix_referrals_case", "case_id"),
    Index("ix_referrals_state", "state", "id"),
    Index("ix_referrals_keep_until", "keep_until"),
)
packages = Table(
    "referral_packages",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("referral", String(40), ForeignKey("referrals.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("by", String(40), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # SHA-256 of the sealed file
    Column("manifest", LargeBinary, nullable=False),  # SHA-256 of the manifest in it
    Index("ix_referral_packages_referral", "referral", "id"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferralRow:
    """A referral as it is stored. `created_by` and the like are pseudonyms."""

    id: str
    case_id: str
    task_id: str | None
    authority: str
    regime: str
    classes: str
    parts: str
    content: bool
    ground: str
    order: str | None
    danger: bool
    language: str
    state: State
    created: datetime
    created_by: str
    frozen: bytes | None = field(repr=False)
    digest: bytes
    asked_at: datetime | None
    asked_by: str | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    single: bool
    reviewed_at: datetime | None
    reviewed_by: str | None
    ended_at: datetime | None
    ended_by: str | None
    outcome: bytes | None = field(repr=False)
    keep_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRow:
    """One package that was made: the sealed file itself is not kept."""

    id: str
    referral: str
    at: datetime
    by: str
    size: int
    digest: bytes
    manifest: bytes


def add(conn: Connection, row: ReferralRow) -> None:
    """Write a referral."""
    conn.execute(insert(referrals), {name: getattr(row, name) for name in ReferralRow.__slots__})


def find(conn: Connection, referral: str, *, lock: bool = False) -> ReferralRow | None:
    """The referral with this id; locked until the transaction ends where asked."""
    query = select(referrals).where(referrals.c.id == referral)
    found = conn.execute(query.with_for_update() if lock else query).first()
    return None if found is None else _row(found)


def change(conn: Connection, referral: str, **values: Any) -> None:
    """Give a referral new values."""
    conn.execute(update(referrals).where(referrals.c.id == referral).values(**values))


def of_cases(conn: Connection, cases: Collection[str]) -> tuple[ReferralRow, ...]:
    """The referrals of these cases, the oldest first."""
    query = select(referrals).where(referrals.c.case_id.in_(list(cases))).order_by(referrals.c.id)
    return tuple(_row(one) for one in conn.execute(query))


def page(conn: Connection, *, before: str | None, states: Collection[State], most: int) -> tuple[ReferralRow, ...]:
    """Referrals, the youngest first, before one in that order; of some states where asked."""
    query = select(referrals)
    if before is not None:
        query = query.where(referrals.c.id < before)
    if states:
        query = query.where(referrals.c.state.in_([one.value for one in states]))
    return tuple(_row(one) for one in conn.execute(query.order_by(referrals.c.id.desc()).limit(most)))


def forget_due(conn: Connection, *, now: datetime, most: int) -> tuple[str, ...]:
    """Forget what is sealed of referrals whose time is over; gives their ids."""
    due = referrals.c.keep_until <= now, (referrals.c.frozen.is_not(None) | referrals.c.outcome.is_not(None))
    found = tuple(conn.scalars(select(referrals.c.id).where(*due).order_by(referrals.c.id).limit(most)))
    if found:
        conn.execute(update(referrals).where(referrals.c.id.in_(found)).values(frozen=None, outcome=None))
    return found


def add_package(conn: Connection, row: PackageRow) -> None:
    """Write that a package was made."""
    conn.execute(insert(packages), {name: getattr(row, name) for name in PackageRow.__slots__})


def packages_of(conn: Connection, referral: str) -> tuple[PackageRow, ...]:
    """The packages that were made of a referral, the oldest first."""
    query = select(packages).where(packages.c.referral == referral).order_by(packages.c.id)
    return tuple(PackageRow(**one._mapping) for one in conn.execute(query))


def all_sealed(conn: Connection) -> Sequence[tuple[str, str, str, bytes]]:
    """Everything that is sealed: the referral, the column, for whom it is sealed, and the bytes."""
    query = select(referrals.c.id, *(referrals.c[name] for name in _SEALED)).order_by(referrals.c.id)
    return tuple(
        (row.id, name, owner(row.id, name), getattr(row, name))
        for row in conn.execute(query)
        for name in _SEALED
        if getattr(row, name) is not None
    )


def owner(referral: str, column: str) -> str:
    """For whom a column of a referral is sealed."""
    return f"{referral}:{column}"


def reseal(conn: Connection, referral: str, column: str, *, sealed: bytes) -> None:
    """Give a column its bytes under another key."""
    change(conn, referral, **{column: sealed})


def _row(found: Any) -> ReferralRow:
    return ReferralRow(**(dict(found._mapping) | {"state": State(found.state)}))
