"""From what an order names to what is known here: cases, items, the reports that left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.records import cases
from rempart.cases.work.queue import visible
from rempart.errors import NotFoundError, RefusedError
from rempart.items.records import items
from rempart.items.records.addresses import addresses, hosted_at
from rempart.items.records.items import IDS_IN_COMMIT, Item
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict
from rempart.reports.orders.values import Named, OrderKind, PartKind
from rempart.store.ids import new_id

Removed = Callable[[Connection, int], datetime | None]
"""Since when a service has confirmed that an item is gone; `intake.notices.removals.removed_at` is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What other rooms know: whether something is gone, and which case a report is about (None for no report)."""

    removed: Removed
    case_of_report: Callable[[Connection, str], str | None]


_OWN_ITEM = "notice:"  # as what a notice alone told of: services are told the address with the decision
_MOST_THERE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a thing that an order names is here. Neither case nor item: nothing is known of it."""

    named: Named
    case_id: str | None = None
    item: Item | None = None
    report: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is the same for everything that one order names. `number` is the commit's, from the counter `items`;
    `service` hosts what nobody has checked yet."""

    kind: OrderKind
    service: str
    links: Links
    number: int
    by: Principal
    at: datetime


def locate(conn: Connection, about: Sequence[Named], arrival: Arrival) -> tuple[Found, ...]:
    """Find what each name stands for; an address that is to be emptied and that nobody has checked is an item of its
    own from then on, at which people look.

    Raises NotFoundError for a case or report that is none, or is kept from whoever enters the order, and RefusedError
    for an address with several items whose destruction is asked for: which one is meant nobody may guess.
    """
    ids = iter(range(arrival.number * IDS_IN_COMMIT, (arrival.number + 1) * IDS_IN_COMMIT))
    return tuple(found for one in about for found in _found(conn, one, arrival, ids))


def _found(conn: Connection, named: Named, arrival: Arrival, ids: Iterator[int]) -> Iterator[Found]:
    if named.kind is PartKind.CASE:
        yield Found(named=named, case_id=visible(conn, named.name, arrival.by, lock=True).id)
    elif named.kind is PartKind.REPORT:
        case_id = arrival.links.case_of_report(conn, named.name)
        if case_id is None:
            raise NotFoundError("There is no such report.")
        yield Found(named=named, case_id=visible(conn, case_id, arrival.by, lock=True).id, report=named.name)
    elif named.kind is PartKind.ITEM:
        known = items.known(conn, named.service, [named.name]).get(named.name)
        yield Found(named=named, item=None if known is None else items.hosted(conn, known.id))
    else:
        yield from _at_address(conn, named, arrival, ids)


def _at_address(conn: Connection, named: Named, arrival: Arrival, ids: Iterator[int]) -> Iterator[Found]:
    removal = arrival.kind is OrderKind.REMOVAL
    there = hosted_at(conn, addresses(named.name), most=_MOST_THERE, gone=not removal)
    if removal:
        yield Found(named=named, item=_one_of(conn, there) or _own(conn, named, arrival, next(ids)))
        return
    if arrival.kind is OrderKind.DESTRUCTION and len(there) > 1:
        raise RefusedError(
            "Several items are at this address; which of them is meant nobody may guess.", hint="Name the item itself."
        )
    yield from (Found(named=named, item=one) for one in there)
    if not there:
        yield Found(named=named)


def _one_of(conn: Connection, there: Sequence[Item]) -> Item | None:
    """What an open case is about already, or the only one that was checked; of several none is taken for the one."""
    own = [one for one in there if one.item_id.startswith(_OWN_ITEM)]
    checked = [one for one in there if not one.item_id.startswith(_OWN_ITEM)]
    in_case = cases.open_with(conn, [one.id for one in own])
    waiting = [one for one in own if one.id in in_case]
    return next(iter([*waiting, *(checked if len(checked) == 1 else ()), *own]), None)


def _own(conn: Connection, named: Named, arrival: Arrival, number: int) -> Item:
    """An item for what nobody has checked: its service brings the bytes, or looks at the address, when asked to."""
    name = new_id("loc")
    row = {
        "id": number, "service": named.service or arrival.service, "item_id": f"{_OWN_ITEM}{name}", "uploader": None,
        "url": named.name, "published": None, "context": {}, "sha256": None, "media_type": None, "size": None,
        "verdict": Verdict.ALLOW.value, "decided": None, "request": name, "object": None, "created": arrival.at,
        "checked": arrival.at, "gone": None,
    }  # fmt: skip
    items.add(conn, [row])
    found = items.hosted(conn, number)
    assert found is not None
    return found
