"""What was found to be a copy of what a notice is about, one row for each item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Integer, String, Table, select

from rempart.cases.records.cases import case_matches
from rempart.intake.notices.records.seeds import notice_seeds
from rempart.signals.values import BY_LIKENESS
from rempart.store.schema import UtcTime, metadata
from rempart.store.upsert import insert_or_ignore

notice_findings = Table(
    "notice_findings",
    metadata,
    Column("notice", String(40), primary_key=True),
    Column("item", BigInteger, primary_key=True, autoincrement=False),
    Column("location", String(40)),  # of which place it is a copy, where that is known
    Column("kind", String(10), nullable=False),  # identical, similar
    Column("case_id", String(40), nullable=False),
    Column("distance", Integer),  # in bits, of a similar one
    Column("by", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """One item that is the same byte for byte (`identical`), or substantially so by a person's word (`similar`)."""

    notice: str
    item: int
    location: str | None
    kind: str
    case_id: str
    distance: int | None
    by: str
    at: datetime


def add(conn: Connection, row: FindingRow) -> bool:
    """Note a finding; False where one of this item stands there."""
    values = {name: getattr(row, name) for name in FindingRow.__slots__}
    return conn.execute(insert_or_ignore(conn, notice_findings), values).rowcount == 1


def of(conn: Connection, notice: str) -> tuple[FindingRow, ...]:
    """The findings of a notice, in the order in which they were made."""
    query = select(notice_findings).where(notice_findings.c.notice == notice)
    rows = conn.execute(query.order_by(notice_findings.c.at, notice_findings.c.item))
    return tuple(FindingRow(**row._mapping) for row in rows)


def seeds_matched(conn: Connection, case_id: str, items: Sequence[int]) -> dict[tuple[str, int], tuple[bool, int]]:
    """By notice and item of a case: whether a seed of the notice matched it by a digest, and how near the nearest is.

    Seeds that were pulled since count as well: what they found was found.
    """
    query = (
        select(notice_seeds.c.notice, case_matches.c.item, case_matches.c.signal_kind, case_matches.c.distance)
        .join(notice_seeds, notice_seeds.c.entry == case_matches.c.entry_id)
        .where(case_matches.c.case_id == case_id, case_matches.c.item.in_(list(items)))
    )
    found: dict[tuple[str, int], tuple[bool, int]] = {}
    for row in conn.execute(query):
        exact, nearest = found.get((row.notice, row.item), (False, row.distance))
        found[row.notice, row.item] = exact or row.signal_kind not in BY_LIKENESS, min(nearest, row.distance)
    return found
