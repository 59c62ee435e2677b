"""Questions to the open cases: the pages of a queue, counts, and who has to be kept out of what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from rempart.cases.records.assessments import case_assessments
from rempart.cases.records.cases import OPEN, Case, case_items, case_matches, cases
from rempart.cases.records.work import case_barred

_CASE = [cases.c[name] for name in Case.__slots__]
_HELD = "held"
Place = tuple[int, datetime, str]
"""Where a case stands in the order of a queue: priority, due, id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """Whose eyes a question is asked for. `persons` are kept from what they are barred from; only leads, and whom an
    insider case was handed to, see it; `denied` are queues that are not for them; `closed`: none of them is."""

    persons: frozenset[str] = frozenset()
    insiders: bool = False
    denied: frozenset[str] = frozenset()
    closed: bool = False

    def allows(self) -> list[ColumnElement[bool]]:
        """The conditions on a case."""
        found: list[ColumnElement[bool]] = [false()] if self.closed else []
        if self.denied:
            found.append(cases.c.queue.not_in(sorted(self.denied)))
        if self.persons:
            barred = case_barred.c.case_id == cases.c.id, case_barred.c.person.in_(sorted(self.persons))
            found.append(~select(case_barred.c.case_id).where(*barred).exists())
        if not self.insiders:
            found.append(or_(~cases.c.insider, self._handed()))
        return found

    def _handed(self) -> ColumnElement[bool]:
        if not self.persons:
            return false()
        holders = func.coalesce(cases.c.assigned_to, ""), func.coalesce(cases.c.claimed_by, "")
        return or_(*(one.in_(sorted(self.persons)) for one in holders))

    def hidden(self) -> Select[Any] | None:
        """Ids of the open cases that are kept from them whatever the queue; few, by indexes of their own."""
        if self.closed:
            return select(cases.c.id).where(OPEN)
        parts = []
        if self.persons:
            parts.append(select(case_barred.c.case_id).where(case_barred.c.person.in_(sorted(self.persons))))
        if not self.insiders:
            parts.append(select(cases.c.id).where(OPEN, cases.c.insider, ~self._handed()))
        if not parts:
            return None
        united = parts[0] if len(parts) == 1 else parts[0].union(parts[1])
        return select(united.subquery().c[0])


EVERYTHING = Sight(insiders=True)
"""What the software itself sees."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many open cases of a queue are alike."""

    queue: str
    look: str
    stage: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The nearest match of a case."""

    list: str
    signal_kind: str
    distance: int
    scheme: str | None
    code: str | None
    opinion: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is asked of a queue. `held`: those on hold, else all others; `at`: when a hold is over."""

    queue: str | None = None
    look: str | None = None
    held: bool = False
    after: Place | None = None
    most: int = 50
    at: datetime = field(kw_only=True)


def page(conn: Connection, asked: Page, sight: Sight) -> tuple[Case, ...]:
    """Open cases in their order: the most urgent first, then the one that is due soonest."""
    query = select(*_CASE).where(OPEN, *sight.allows(), _on_hold(asked.at) if asked.held else ~_on_hold(asked.at))
    if asked.queue is not None:
        query = query.where(cases.c.queue == asked.queue)
    if asked.look is not None:
        query = query.where(cases.c.look == asked.look)
    if asked.after is not None:
        query = query.where(_after(asked.after))
    ordered = query.order_by(cases.c.priority, cases.c.due, cases.c.id).limit(asked.most)
    return tuple(Case(**row._mapping) for row in conn.execute(ordered))


def counts(conn: Connection, sight: Sight) -> tuple[Count, ...]:
    """Exact numbers of open cases, by queue, look and stage: all of them, less those kept from whoever asks."""
    columns = cases.c.queue, cases.c.look, cases.c.stage
    everything = select(*columns, func.count()).where(OPEN).group_by(*columns)
    found = {(row[0], row[1], row[2]): int(row[3]) for row in conn.execute(everything) if row[0] not in sight.denied}
    hidden = sight.hidden()
    if hidden is not None:
        kept = select(*columns, func.count()).where(OPEN, cases.c.id.in_(hidden)).group_by(*columns)
        for row in conn.execute(kept):
            if (row[0], row[1], row[2]) in found:
                found[row[0], row[1], row[2]] -= int(row[3])
    return tuple(
        Count(queue=queue, look=look, stage=stage, count=count)
        for (queue, look, stage), count in sorted(found.items())
        if count > 0
    )


def oldest(conn: Connection, sight: Sight, *, queue: str | None) -> datetime | None:
    """When the open case that waits longest was opened."""
    query = select(cases.c.opened).where(OPEN, *sight.allows()).order_by(cases.c.opened).limit(1)
    if queue is not None:
        query = query.where(cases.c.queue == queue, cases.c.state == literal_column("'open'"))
    return conn.execute(query).scalar_one_or_none()


def next_of(
    conn: Connection, sight: Sight, *, person: str, queue: str | None, lead: bool, at: datetime, latest: datetime
) -> str | None:
    """The case that a person should take next: their own claim, then what was handed to them, then the order.

    Left out are cases on hold or settling, those that they have answered in this round, those that others have
    claimed, and, until they are due, those that were handed to somebody else; for whoever is no lead those that wait
    for one. No claim can last beyond `latest`.
    """
    query = select(cases.c.id).where(OPEN, *sight.allows(), ~_on_hold(at), cases.c.stage != "settling")
    lasts = and_(cases.c.claimed_until > at, cases.c.claimed_until <= latest)
    query = query.where(or_(cases.c.claimed_by.is_(None), cases.c.claimed_by == person, ~lasts))
    query = query.where(or_(cases.c.assigned_to.is_(None), cases.c.assigned_to == person, cases.c.due <= at))
    if not lead:
        query = query.where(cases.c.stage != "lead")
    if queue is not None:
        query = query.where(cases.c.queue == queue)
    own_answer = _answered(person)
    query = query.where(or_(~own_answer, cases.c.stage == "lead") if lead else ~own_answer)
    order = cases.c.priority, cases.c.due, cases.c.id
    # One's own are few, and found by indexes of their own: they are put in order here.
    for own in (and_(cases.c.claimed_by == person, lasts), cases.c.assigned_to == person):
        few = conn.execute(query.add_columns(*order[:2]).where(own)).all()
        if few:
            return str(min(few, key=lambda row: (row.priority, row.due, row.id)).id)
    found = conn.execute(query.order_by(*order).limit(1)).scalar_one_or_none()
    return None if found is None else str(found)


def seen(conn: Connection, case_id: str, sight: Sight, *, lock: bool = False) -> Case | None:
    """The case with this id, in any state, if it is to be seen."""
    query = select(*_CASE).where(cases.c.id == case_id, *sight.allows())
    row = conn.execute(query.with_for_update(of=cases) if lock else query).first()
    return None if row is None else Case(**row._mapping)


def seen_among(conn: Connection, case_ids: Iterable[str], sight: Sight) -> frozenset[str]:
    """Those of these cases that are to be seen."""
    query = select(cases.c.id).where(cases.c.id.in_(list(case_ids)), *sight.allows())
    return frozenset(conn.execute(query).scalars())


def hidden_among(conn: Connection, case_ids: Iterable[str], sight: Sight) -> frozenset[str]:
    """Those of these cases that are kept from whoever asks by name; queues that are not theirs count not."""
    allowed = Sight(persons=sight.persons, insiders=sight.insiders).allows()
    query = select(cases.c.id).where(cases.c.id.in_(list(case_ids)), ~and_(true(), *allowed))
    return frozenset(conn.execute(query).scalars()) if allowed else frozenset()


def hidden_items(conn: Connection, items: Iterable[int], sight: Sight) -> frozenset[int]:
    """Those of these items that are in a case that is kept from whoever asks; queues that are not theirs count not."""
    persons = Sight(persons=sight.persons, insiders=sight.insiders)
    query = select(case_items.c.item).join(cases, cases.c.id == case_items.c.case_id)
    own = case_items.c.item.in_(list(items))
    allowed = persons.allows()
    return frozenset(conn.execute(query.where(own, ~and_(true(), *allowed))).scalars()) if allowed else frozenset()


def answered_among(conn: Connection, case_ids: Sequence[str], person: str) -> frozenset[str]:
    """Those of these cases that a person has answered in the round that is open."""
    query = select(cases.c.id).where(cases.c.id.in_(list(case_ids)), _answered(person))
    return frozenset(conn.execute(query).scalars())


def sizes(conn: Connection, case_ids: Sequence[str]) -> Mapping[str, int]:
    """How many items each case has; one without any is not in it."""
    query = select(case_items.c.case_id, func.count()).where(case_items.c.case_id.in_(list(case_ids)))
    return {row[0]: int(row[1]) for row in conn.execute(query.group_by(case_items.c.case_id))}


def nearest(conn: Connection, case_ids: Sequence[str]) -> Mapping[str, Nearest]:
    """The nearest match of each case that has one."""
    other = case_matches.alias()
    own = select(other.c.id).where(other.c.case_id == cases.c.id).correlate(cases)
    first = own.order_by(other.c.distance, other.c.id).limit(1).scalar_subquery()
    columns = [case_matches.c[name] for name in Nearest.__slots__]
    both = cases.join(case_matches, case_matches.c.id == first)
    query = select(cases.c.id.label("of"), *columns).select_from(both).where(cases.c.id.in_(list(case_ids)))
    return {row.of: Nearest(**{name: row._mapping[name] for name in Nearest.__slots__}) for row in conn.execute(query)}


def _answered(person: str) -> ColumnElement[bool]:
    answer = case_assessments.alias()
    given = answer.c.case_id == cases.c.id, answer.c.round == cases.c.round, answer.c.person == person
    return select(answer.c.id).where(*given, answer.c.state == "valid").exists()


def _on_hold(at: datetime) -> ColumnElement[bool]:
    return and_(cases.c.stage == _HELD, or_(cases.c.held_until.is_(None), cases.c.held_until > at))


def _after(place: Place) -> ColumnElement[bool]:
    columns = cases.c.priority, cases.c.due, cases.c.id
    return tuple_(*columns) > tuple_(
        *(literal(value, column.type) for value, column in zip(place, columns, strict=True))
    )
