"""What was stamped: one row for each picture that left, and the parts of its hash by which it is found again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    insert,
    select,
)

from rempart.signals.values import PdqHash
from rempart.store.schema import Json, UtcTime, metadata

PARTS, PART_BITS = 16, 16
RADIUS = 31
"""Of two hashes that differ in so many bits at most, one of the 16 parts differs in one bit at most."""

_BOOLEAN = Boolean(create_constraint=False)

generated = Table(
    "generated",
    metadata,
    Column("record", BigInteger, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("by", String(40), nullable=False),
    Column("media_type", String(40), nullable=False),
    Column("sha256", LargeBinary, nullable=False),  # of the file that left
    Column("edited", _BOOLEAN, nullable=False),
    Column("marked", _BOOLEAN, nullable=False),
    Column("pdq", LargeBinary),  # None where its quality is too low
    Column("manifest", String(120)),
    Column("manifest_digest", LargeBinary),  # SHA-256 of the manifest store
    Column("gate", Json),
    Index("ix_generated_manifest", "manifest"),
    Index("ix_generated_at", "at"),
)
generated_parts = Table(
    "generated_parts",
    metadata,
    Column("part", Integer, primary_key=True),
    Column("record", BigInteger, ForeignKey("generated.record"), primary_key=True),
    Index("ix_generated_parts_record", "record"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedRow:
    """A picture that was stamped."""

    record: int
    at: datetime
    by: str
    media_type: str
    sha256: bytes
    edited: bool
    marked: bool
    pdq: PdqHash | None
    manifest: str | None
    manifest_digest: bytes | None
    gate: Any


def add(conn: Connection, row: GeneratedRow) -> None:
    """Write a record. IntegrityError when its number is taken."""
    conn.execute(insert(generated), {name: getattr(row, name) for name in GeneratedRow.__slots__})
    if row.pdq is not None:
        parts = [{"part": part, "record": row.record} for part in sorted(_parts(row.pdq))]
        conn.execute(insert(generated_parts), parts)


def is_taken(conn: Connection, record: int) -> bool:
    """Whether a number is used already."""
    return conn.execute(select(generated.c.record).where(generated.c.record == record)).first() is not None


def find(conn: Connection, record: int) -> GeneratedRow | None:
    """The record of a number."""
    return next(iter(_rows(conn, generated.c.record == record)), None)


def of_manifests(conn: Connection, manifests: Sequence[str]) -> tuple[GeneratedRow, ...]:
    """The records of manifests' labels."""
    return _rows(conn, generated.c.manifest.in_(manifests)) if manifests else ()


def near(conn: Connection, pdq: PdqHash, *, most: int | None = None) -> tuple[tuple[GeneratedRow, int], ...]:
    """Every record whose hash is within RADIUS, with its distance, nearest first; or so many of them."""
    wanted = select(generated_parts.c.record).where(generated_parts.c.part.in_(sorted(_around(pdq)))).distinct()
    numbers = select(generated.c.record, generated.c.pdq).where(generated.c.record.in_(wanted))
    found = [(row.record, pdq.distance(PdqHash(row.pdq))) for row in conn.execute(numbers)]
    kept = sorted((distance, record) for record, distance in found if distance <= RADIUS)[:most]
    rows = {row.record: row for row in _of_records(conn, [record for _, record in kept])}
    return tuple((rows[record], distance) for distance, record in kept)


def erase_before(conn: Connection, at: datetime, *, most: int) -> int:
    """Forget what was made before a time, so many at once; gives how many."""
    old = [one for (one,) in conn.execute(select(generated.c.record).where(generated.c.at < at).limit(most))]
    conn.execute(delete(generated_parts).where(generated_parts.c.record.in_(old)))
    return conn.execute(delete(generated).where(generated.c.record.in_(old))).rowcount


def _of_records(conn: Connection, records: Sequence[int]) -> Iterable[GeneratedRow]:
    for start in range(0, len(records), 500):
        yield from _rows(conn, generated.c.record.in_(records[start : start + 500]))


def _rows(conn: Connection, *where: Any) -> tuple[GeneratedRow, ...]:
    rows = conn.execute(select(generated).where(*where).order_by(generated.c.record))
    return tuple(GeneratedRow(**{**row._mapping, "pdq": None if row.pdq is None else PdqHash(row.pdq)}) for row in rows)


def _parts(pdq: PdqHash) -> set[int]:
    size = PART_BITS // 8
    return {place << PART_BITS | int.from_bytes(pdq[size * place : size * (place + 1)]) for place in range(PARTS)}


def _around(pdq: PdqHash) -> set[int]:
    """The parts, and all that differ from them in one bit."""
    own = _parts(pdq)
    return own | {part ^ 1 << bit for part in own for bit in range(PART_BITS)}
