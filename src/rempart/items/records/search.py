"""Items as people look for them: by service and id, uploader, verdict, outcome and time, the last checked first.

However many items there are, one question looks through a bounded stretch of them and says where to go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, text

from rempart.items.records.checks import Check, check_of, checks
from rempart.items.records.items import Item, item_of, items
from rempart.policy.facts import Verdict
from rempart.signals.outcome import Outcome

STRETCH = 20_000
_NOT_ALLOWED, _TROUBLE = text("verdict <> 'allow'"), text("outcome <> 'ok'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What is looked for; what is None may be anything. `uploader` goes with a service. Times are of the last check.

    `as_if` has items that are found by another verdict than their own.
    """

    service: str | None = None
    uploader: str | None = None
    verdict: Verdict | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None
    as_if: Mapping[int, Verdict] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page ends, to go on from."""

    moment: datetime
    item: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Items, the last checked first. `following` is None at the end; `stretched`: a whole stretch was looked through
    and the page is not full for all that."""

    rows: tuple[Item, ...]
    following: Place | None
    stretched: bool


def page(conn: Connection, sought: Sought, *, before: Place | None = None, most: int) -> Page:
    """The items that are looked for and still hosted."""
    for size in (10 * most, STRETCH):
        found = _stretch(conn, sought, before=before, size=size, most=most)
        if not found.stretched:
            break
    return found


def _stretch(conn: Connection, sought: Sought, *, before: Place | None, size: int, most: int) -> Page:
    query = _by_check(sought, before) if sought.outcome is not None else _by_item(sought, before)
    stretch = query.limit(size).subquery()
    own = [items.c.id == stretch.c.item, items.c.gone.is_(None)]
    if sought.outcome is not None:
        own.append(items.c.request == stretch.c.request)
    if sought.service is not None:
        own.append(items.c.service == sought.service)
    if sought.uploader is not None:
        own.append(items.c.uploader == sought.uploader)
    if sought.verdict is not None:
        own.append(_has(sought, sought.verdict))
    joined = select(items, stretch.c.moment).join(stretch, and_(*own))
    rows = conn.execute(joined.order_by(stretch.c.moment.desc(), items.c.id.desc()).limit(most + 1)).all()
    found = tuple(item_of(row) for row in rows[:most])
    if len(rows) > most:
        return Page(rows=found, following=Place(moment=rows[most - 1].moment, item=found[-1].id), stretched=False)
    count, last = conn.execute(select(func.count(), func.min(stretch.c.moment)).select_from(stretch)).one()
    following = _end_of(conn, stretch, last) if count == size else None
    return Page(rows=found, following=following, stretched=following is not None)


def checks_of(conn: Connection, item: int, *, most: int) -> tuple[Check, ...]:
    """The checks of an item, the youngest first."""
    own = checks.c.item == item
    query = select(checks).where(own).order_by(checks.c.at.desc(), checks.c.request.desc()).limit(most)
    return tuple(check_of(row) for row in conn.execute(query))


def _end_of(conn: Connection, stretch: Any, last: datetime) -> Place:
    """The last place of a stretch: what shares its moment is told apart by number."""
    query = select(func.min(stretch.c.item)).where(stretch.c.moment == last)
    return Place(moment=last, item=conn.execute(query).scalar_one())


def _by_item(sought: Sought, before: Place | None) -> Select[Any]:
    moment, own = items.c.checked, _within(items.c.checked, items.c.id, sought, before)
    if sought.verdict is not None and sought.verdict is not Verdict.ALLOW and not sought.as_if:
        own += [items.c.verdict == sought.verdict.value, _NOT_ALLOWED]
    if sought.uploader is not None and sought.service is not None:
        own += [items.c.service == sought.service, items.c.uploader == sought.uploader]
    query = select(items.c.id.label("item"), moment.label("moment")).where(*own)
    return query.order_by(moment.desc(), items.c.id.desc())


def _by_check(sought: Sought, before: Place | None) -> Select[Any]:
    assert sought.outcome is not None
    own = _within(checks.c.at, checks.c.item, sought, before)
    own.append(checks.c.outcome == sought.outcome.value)
    if sought.outcome is not Outcome.OK:
        own.append(_TROUBLE)  # as it stands in the index
    query = select(checks.c.item, checks.c.at.label("moment"), checks.c.request).where(*own)
    return query.order_by(checks.c.at.desc(), checks.c.item.desc())


def _has(sought: Sought, verdict: Verdict) -> ColumnElement[bool]:
    own = items.c.verdict == verdict.value
    if not sought.as_if:
        return own
    alike = [item for item, seen in sought.as_if.items() if seen is verdict]
    return or_(and_(own, items.c.id.not_in(list(sought.as_if))), items.c.id.in_(alike))


def _within(moment: Any, item: Any, sought: Sought, before: Place | None) -> list[Any]:
    own: list[Any] = []
    if sought.since is not None:
        own.append(moment >= sought.since)
    if sought.until is not None:
        own.append(moment < sought.until)
    if before is not None:
        own += [moment <= before.moment, or_(moment < before.moment, item < before.item)]
    return own
