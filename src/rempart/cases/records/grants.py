"""Who was shown what of which case: one row for each look that was granted.

These rows tell how much a person has had to see. They are read for that person alone, to hold a budget, for groups of
five or more, and when a look is questioned; no list of persons with their counts is made of them here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    case,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from rempart.cases.records.cases import case_items
from rempart.cases.records.near import case_near
from rempart.items.records.items import items
from rempart.people.records.tables import persons
from rempart.store.schema import UtcTime, metadata, to_micros

_NO_PICTURE = ("metadata", "prompts", "compare")  # show nothing of a picture, and count as none

case_grants = Table(
    "case_grants",
    metadata,
    # Drawn at random, without a time: it stands in the ledger in place of whoever looked.
    Column("id", String(40), primary_key=True),
    Column("case_id", String(40), ForeignKey("cases.id"), nullable=False),
    Column("item", BigInteger, nullable=False),
    Column("object", String(40)),
    Column("person", String(40), nullable=False),
    Column("session", String(40), nullable=False),
    Column("step", String(10), nullable=False),  # sketch, small, blurred, grey, original; metadata, prompts, compare
    Column("purpose", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("served", UtcTime),  # first answered with a picture
    Column("covered", UtcTime),
    Column("seconds", Integer, nullable=False),  # all that were granted, until it is known how many were used
    Column("outcome", String(20)),  # why there was no picture
    Column("whole", Boolean(create_constraint=False)),  # whether all that is in the file was shown, in its full size
    Index(None, "case_id", "item"),
    Index(None, "person", "at"),
    Index(None, "at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """One look that was granted: to this person, in this session, at this step of this item in this case."""

    id: str
    case_id: str
    item: int
    object: str | None
    person: str
    session: str
    step: str
    purpose: str
    at: datetime
    until: datetime
    served: datetime | None
    covered: datetime | None
    seconds: int
    outcome: str | None
    whole: bool | None = None

    def open(self, at: datetime) -> bool:
        """Whether it still shows something."""
        return self.covered is None and self.at <= at < self.until


def add(conn: Connection, row: GrantRow) -> None:
    """Write a grant."""
    conn.execute(insert(case_grants), {name: getattr(row, name) for name in GrantRow.__slots__})


def find(conn: Connection, grant_id: str, *, lock: bool = False) -> GrantRow | None:
    """The grant with this id."""
    query = select(case_grants).where(case_grants.c.id == grant_id)
    return _row(conn.execute(query.with_for_update() if lock else query).first())


def change(conn: Connection, grant_id: str, **values: Any) -> None:
    """Give a grant new values."""
    conn.execute(update(case_grants).where(case_grants.c.id == grant_id).values(**values))


def still_open(conn: Connection, person: str, *, at: datetime, case_id: str | None = None) -> tuple[GrantRow, ...]:
    """A person's grants that still show something, of one case or of all."""
    query = select(case_grants).where(
        case_grants.c.person == person, case_grants.c.covered.is_(None), case_grants.c.until > at
    )
    if case_id is not None:
        query = query.where(case_grants.c.case_id == case_id)
    return tuple(GrantRow(**row._mapping) for row in conn.execute(query.with_for_update()))


def since(conn: Connection, person: str, moment: datetime) -> tuple[GrantRow, ...]:
    """A person's grants of pictures from a moment on, the oldest first."""
    own = case_grants.c.person == person, case_grants.c.at >= moment, case_grants.c.step.not_in(_NO_PICTURE)
    query = select(case_grants).where(*own)
    return tuple(GrantRow(**row._mapping) for row in conn.execute(query.order_by(case_grants.c.at)))


def last_outcomes(conn: Connection, case_id: str, person: str) -> Mapping[int, str | None]:
    """What became of a person's last look at each item of a case: None where there was a picture."""
    query = select(case_grants.c.item, case_grants.c.outcome).where(
        case_grants.c.case_id == case_id, case_grants.c.person == person
    )
    return {row.item: row.outcome for row in conn.execute(query.order_by(case_grants.c.at))}


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureRow:
    """An item of a case, as far as it matters for showing it; of one that only looks alike, with its `distance`."""

    item: int
    item_id: str
    sha256: bytes | None
    object: str | None
    media_type: str | None
    distance: int | None = None


_PICTURE = (items.c.id.label("item"), items.c.item_id, items.c.sha256, items.c.object, items.c.media_type)


def pictures_of(conn: Connection, case_id: str, *, most: int) -> tuple[PictureRow, ...]:
    """A case's items, the first one first; those that were erased are left out."""
    query = (
        select(*_PICTURE)
        .join(items, items.c.id == case_items.c.item)
        .where(case_items.c.case_id == case_id)
        .order_by(case_items.c.added, case_items.c.item)
        .limit(most)
    )
    return tuple(PictureRow(**row._mapping) for row in conn.execute(query))


def pictures_near(conn: Connection, case_id: str, *, most: int) -> tuple[PictureRow, ...]:
    """What lies beside a case because it looks alike, the nearest first."""
    query = (
        select(*_PICTURE, case_near.c.distance)
        .join(items, items.c.id == case_near.c.item)
        .where(case_near.c.case_id == case_id, items.c.gone.is_(None))
        .order_by(case_near.c.distance, case_near.c.item)
        .limit(most)
    )
    return tuple(PictureRow(**row._mapping) for row in conn.execute(query))


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeLook:
    """Somebody, by pseudonym, who was shown all there is of something, at the step `original` or `metadata`."""

    by: str
    at: datetime
    step: str


def whole_looks(conn: Connection, case_id: str, *, steps: Collection[str], before: datetime) -> frozenset[str]:
    """The objects of which somebody was shown all there is, at one of these steps, in a case before a moment."""
    own = case_grants.c.case_id == case_id, case_grants.c.step.in_(list(steps)), case_grants.c.whole
    shown = case_grants.c.served.is_not(None), case_grants.c.outcome.is_(None), case_grants.c.served <= before
    return frozenset(one for one in conn.execute(select(case_grants.c.object).where(*own, *shown)).scalars() if one)


def seen_whole(conn: Connection, case_id: str, object_id: str) -> tuple[WholeLook, ...]:
    """Who was shown all of what lies in the vault, or what it holds of metadata, in a case; the earliest first."""
    own = case_grants.c.case_id == case_id, case_grants.c.object == object_id, case_grants.c.whole
    shown = case_grants.c.served.is_not(None), case_grants.c.outcome.is_(None)
    query = (
        select(persons.c.pseudonym, case_grants.c.served, case_grants.c.step)
        .join_from(case_grants, persons, persons.c.id == case_grants.c.person)
        .where(*own, *shown, case_grants.c.step.in_(["original", "metadata"]))
        .order_by(case_grants.c.served)
    )
    return tuple(WholeLook(by=row.pseudonym, at=row.served, step=row.step) for row in conn.execute(query))


def own_looks(conn: Connection, case_id: str, person: str) -> frozenset[str]:
    """The ids of a person's own looks at a case."""
    own = case_grants.c.case_id == case_id, case_grants.c.person == person
    return frozenset(conn.execute(select(case_grants.c.id).where(*own)).scalars())


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one person was shown in one of several equal times; for sums over people, never to be shown itself."""

    number: int
    person: str
    looks: int
    reveals: int
    seconds: int


def shares(
    conn: Connection, *, origin: datetime, width: timedelta, start: datetime, end: datetime
) -> tuple[Share, ...]:
    """Everybody's shares in the times of `width` since `origin` that lie between two moments."""
    micros = type_coerce(case_grants.c.at, BigInteger) - to_micros(origin)
    number = (micros // (width // timedelta(microseconds=1))).label("number")
    reveal = case((case_grants.c.step == "original", 1), else_=0)
    query = (
        select(
            number,
            case_grants.c.person,
            func.sum(1 - reveal).label("looks"),
            func.sum(reveal).label("reveals"),
            func.sum(case_grants.c.seconds).label("seconds"),
        )
        .where(
            case_grants.c.at >= start,
            case_grants.c.at < end,
            case_grants.c.served.is_not(None),
            case_grants.c.step.not_in(_NO_PICTURE),
        )
        .group_by(number, case_grants.c.person)
    )
    return tuple(
        Share(
            number=int(row.number), person=row.person, looks=int(row.looks), reveals=int(row.reveals),
            seconds=int(row.seconds),
        )
        for row in conn.execute(query)
    )  # fmt: skip


def _row(found: Any) -> GrantRow | None:
    return None if found is None else GrantRow(**found._mapping)
