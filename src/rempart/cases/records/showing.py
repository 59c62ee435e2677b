"""What the page of a case shows: facts, counted by the database, whatever the number of items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, select, tuple_

from rempart.cases.records.cases import OPEN, case_items, case_matches, cases
from rempart.items.records.items import items


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Matches of a case that say the same, and how many of its items have them."""

    list_id: str | None
    list: str
    mode: str | None
    ref: str
    signal_kind: str
    distance: int
    probe: str
    scheme: str | None
    code: str | None
    opinion: str
    withdrawn: datetime | None
    items: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRow:
    """An item as its page row: no picture, no digest."""

    id: int
    service: str
    item_id: str
    uploader: str | None
    published: bool | None
    media_type: str | None
    size: int | None
    verdict: str
    checked: datetime
    gone: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What else a service has of one uploader, beside the items of a case: context, which says nothing about them."""

    service: str
    uploader: str
    items: int
    blocked: int
    held: int
    first: datetime | None
    cases: int


_ALIKE = [column for column in case_matches.c if column.name in Alike.__slots__]
_ITEM = [items.c[name] for name in ItemRow.__slots__]


def alike(conn: Connection, case_id: str, *, most: int, after: int = 0) -> tuple[tuple[Alike, ...], int]:
    """The matches of a case, those that say the same in one, the nearest first, without the first so many; and how many
    there are in all."""
    grouped = select(*_ALIKE, func.count(case_matches.c.item.distinct()).label("items"))
    grouped = grouped.where(case_matches.c.case_id == case_id).group_by(*_ALIKE)
    total = conn.execute(select(func.count()).select_from(grouped.subquery())).scalar_one()
    ordered = grouped.order_by(case_matches.c.distance, func.count().desc(), case_matches.c.ref)
    ordered = ordered.offset(after).limit(most)
    return tuple(Alike(**row._mapping) for row in conn.execute(ordered)), int(total)


def count_items(conn: Connection, case_id: str) -> int:
    """How many items a case has."""
    own = select(func.count()).select_from(case_items).where(case_items.c.case_id == case_id)
    return int(conn.execute(own).scalar_one())


def items_of(conn: Connection, case_id: str, *, after: int, most: int) -> tuple[ItemRow, ...]:
    """Items of a case by their numbers, those after one."""
    query = select(*_ITEM).join(case_items, case_items.c.item == items.c.id)
    own = case_items.c.case_id == case_id, case_items.c.item > after
    return tuple(ItemRow(**row._mapping) for row in conn.execute(query.where(*own).order_by(items.c.id).limit(most)))


def is_in(conn: Connection, case_id: str, item: int) -> bool:
    """Whether an item is in a case."""
    own = case_items.c.case_id == case_id, case_items.c.item == item
    return conn.execute(select(case_items.c.item).where(*own)).first() is not None


def origin_of(conn: Connection, case_id: str) -> tuple[int, str | None, str | None] | None:
    """An item of a case, what its file says of its origin, and its sealed object: the first of those whose files say
    something, else of those that were looked at. Their bytes are the same, as far as they are known."""
    query = select(items.c.id, items.c.origin, items.c.object).join(case_items, case_items.c.item == items.c.id)
    said = case((items.c.origin.is_(None), 2), (items.c.origin == "", 1), else_=0)
    kept = case((items.c.object.is_(None), 1), else_=0)
    row = conn.execute(query.where(case_items.c.case_id == case_id).order_by(said, kept, items.c.id).limit(1)).first()
    return None if row is None else (int(row[0]), row[1], row[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """Whose items a case has, and how many."""

    service: str
    uploader: str
    items: int


def uploaders_of(conn: Connection, case_id: str, *, most: int) -> tuple[Uploads, ...]:
    """Whose items a case has; those with most of them first."""
    query = select(items.c.service, items.c.uploader, func.count().label("items"))
    query = query.join(case_items, case_items.c.item == items.c.id)
    query = query.where(case_items.c.case_id == case_id, items.c.uploader.is_not(None))
    grouped = query.group_by(items.c.service, items.c.uploader)
    rows = conn.execute(grouped.order_by(func.count().desc(), items.c.service, items.c.uploader).limit(most))
    return tuple(Uploads(**row._mapping) for row in rows)


def first_of_uploaders(conn: Connection, case_id: str, *, most: int) -> tuple[tuple[int, str], ...]:
    """An item of each uploader of a case, and the uploader: how an account to be blocked is named."""
    query = select(func.min(items.c.id), items.c.uploader, items.c.service)
    query = query.join(case_items, case_items.c.item == items.c.id)
    query = query.where(case_items.c.case_id == case_id, items.c.uploader.is_not(None))
    rows = conn.execute(query.group_by(items.c.service, items.c.uploader).order_by(func.min(items.c.id)).limit(most))
    return tuple((int(row[0]), f"{row[1]} ({row[2]})") for row in rows)


def histories(conn: Connection, whose: Sequence[tuple[str, str]], *, but: str) -> tuple[History, ...]:
    """What else there is of some uploaders, beside the items of the case `but`, in the order they are named."""
    if not whose:
        return ()
    here = select(case_items.c.item).where(case_items.c.case_id == but)
    own = tuple_(items.c.service, items.c.uploader).in_(list(whose)), items.c.id.not_in(here)
    blocked, held = (func.sum(case((items.c.verdict == word, 1), else_=0)) for word in ("block", "hold"))
    query = select(items.c.service, items.c.uploader, func.count(), blocked, held, func.min(items.c.created))
    rows = conn.execute(query.where(*own).group_by(items.c.service, items.c.uploader))
    joined = select(items.c.service, items.c.uploader, func.count(case_items.c.case_id.distinct()))
    joined = joined.join(case_items, case_items.c.item == items.c.id)
    counted = conn.execute(joined.where(*own).group_by(items.c.service, items.c.uploader))
    in_cases = {(row[0], row[1]): int(row[2]) for row in counted}
    found = {
        (row[0], row[1]): History(
            service=row[0], uploader=row[1], items=int(row[2]), blocked=int(row[3]), held=int(row[4]), first=row[5],
            cases=in_cases.get((row[0], row[1]), 0),
        )
        for row in rows
    }  # fmt: skip
    return tuple(
        found.get(one) or History(service=one[0], uploader=one[1], items=0, blocked=0, held=0, cases=0, first=None)
        for one in whose
    )


def claimed(conn: Connection, person: str, *, at: datetime) -> int:
    """How many open cases a person has now."""
    query = select(func.count()).where(OPEN, cases.c.claimed_by == person, cases.c.claimed_until > at)
    return int(conn.execute(query).scalar_one())


def of_uploader(conn: Connection, service: str, uploader: str, *, after: int, most: int) -> tuple[ItemRow, ...]:
    """An uploader's items, by their numbers, those after one."""
    own = items.c.service == service, items.c.uploader == uploader, items.c.id > after
    query = select(*_ITEM).where(*own).order_by(items.c.id).limit(most)
    return tuple(ItemRow(**row._mapping) for row in conn.execute(query))
