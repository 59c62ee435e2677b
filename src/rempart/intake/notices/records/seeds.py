"""Which entry of Rempart's own list a notice has planted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Index, String, Table, func, insert, select, update

from rempart.cases.records.cases import case_matches
from rempart.intake.notices.records.notices import notices
from rempart.store.schema import UtcTime, metadata

notice_seeds = Table(
    "notice_seeds",
    metadata,
    Column("entry", BigInteger, ForeignKey("list_entries.id"), primary_key=True, autoincrement=False),
    Column("notice", String(40), nullable=False),
    Column("due", UtcTime),  # until when what it leads to has to be decided
    Column("planted", UtcTime, nullable=False),
    Column("pulled", UtcTime),
    Index(None, "notice"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRow:
    """A seed, live until it was pulled."""

    entry: int
    notice: str
    due: datetime | None
    planted: datetime
    pulled: datetime | None


def add(conn: Connection, row: SeedRow) -> None:
    """Note a seed."""
    conn.execute(insert(notice_seeds), {name: getattr(row, name) for name in SeedRow.__slots__})


def live_of(conn: Connection, notice: str) -> tuple[SeedRow, ...]:
    """The seeds of a notice that were not pulled; nobody else pulls them before the transaction ends."""
    own = notice_seeds.c.notice == notice, notice_seeds.c.pulled.is_(None)
    query = select(notice_seeds).where(*own).order_by(notice_seeds.c.entry).with_for_update()
    return tuple(SeedRow(**row._mapping) for row in conn.execute(query))


def guards(conn: Connection, notice: str) -> bool:
    """Whether a seed of a notice is live."""
    own = notice_seeds.c.notice == notice, notice_seeds.c.pulled.is_(None)
    return conn.execute(select(notice_seeds.c.entry).where(*own).limit(1)).first() is not None


def last_of(conn: Connection, notice: str) -> SeedRow | None:
    """The youngest seed of a notice, live or pulled."""
    query = select(notice_seeds).where(notice_seeds.c.notice == notice).order_by(notice_seeds.c.entry.desc()).limit(1)
    row = conn.execute(query).first()
    return None if row is None else SeedRow(**row._mapping)


def pull(conn: Connection, entries: Sequence[int], *, at: datetime) -> None:
    """Note that seeds were pulled."""
    conn.execute(update(notice_seeds).where(notice_seeds.c.entry.in_(list(entries))).values(pulled=at))


def notices_of(conn: Connection, case_id: str) -> tuple[str, ...]:
    """The notices whose live seeds a case's items match, the first that came first."""
    query = (
        select(notice_seeds.c.notice)
        .join(case_matches, case_matches.c.entry_id == notice_seeds.c.entry)
        .where(case_matches.c.case_id == case_id, notice_seeds.c.pulled.is_(None))
        .group_by(notice_seeds.c.notice)
        .order_by(func.min(notice_seeds.c.entry))
    )
    return tuple(conn.execute(query).scalars())


def cases_of(conn: Connection, notice: str) -> tuple[str, ...]:
    """The cases whose items match a seed of a notice, live or pulled."""
    query = (
        select(case_matches.c.case_id)
        .distinct()
        .join(notice_seeds, case_matches.c.entry_id == notice_seeds.c.entry)
        .where(notice_seeds.c.notice == notice)
        .order_by(case_matches.c.case_id)
    )
    return tuple(conn.execute(query).scalars())


def of_insiders(conn: Connection, entries: Sequence[int]) -> tuple[str, ...]:
    """Those of the notices behind these live seeds in which somebody of the team may be involved."""
    query = (
        select(notices.c.id)
        .join(notice_seeds, notice_seeds.c.notice == notices.c.id)
        .where(notice_seeds.c.entry.in_(list(entries)), notice_seeds.c.pulled.is_(None), notices.c.insider)
        .order_by(notices.c.id)
    )
    return tuple(dict.fromkeys(conn.execute(query).scalars()))


def earliest_due(conn: Connection, entries: Sequence[int], *, after: datetime) -> datetime | None:
    """The earliest time by which one of these seeds has to be dealt with, of those that are not past."""
    own = notice_seeds.c.entry.in_(list(entries)), notice_seeds.c.pulled.is_(None), notice_seeds.c.due > after
    found: datetime | None = conn.execute(select(func.min(notice_seeds.c.due)).where(*own)).scalar_one_or_none()
    return found
