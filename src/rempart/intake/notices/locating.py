"""From an address to an item and its case: what is known to be there, or an item of its own for what is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases
from rempart.intake.notices.records import locations as records
from rempart.intake.notices.values import CHILD_QUEUE, KIND, QUEUE, Location, LocationState, Track
from rempart.items.records import items
from rempart.items.records.addresses import addresses, hosted_at
from rempart.items.records.items import IDS_IN_COMMIT, Item
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict
from rempart.signals.values import Sha256
from rempart.store.counters import current_number
from rempart.store.ids import new_id

OWN_ITEM = "notice:"
"""How the ids of items begin that a notice alone told of."""
_MOST_THERE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What is the same for every place of one notice. `number` is the commit's, from the counter `items`."""

    notice: str
    service: str
    track: Track
    digest: Sha256 | None
    number: int
    by: Principal
    at: datetime
    due: datetime


def locate(conn: Connection, told: Sequence[Location], arrival: Arrival) -> tuple[records.LocationRow, ...]:
    """Find or make the item at each place, put it into the open case about it or open one, and write the places.

    Two notices that name the same address, or places that hold the same bytes, come to one case.
    """
    ids = iter(range(arrival.number * IDS_IN_COMMIT, (arrival.number + 1) * IDS_IN_COMMIT))
    rows = tuple(_located(conn, place, one, arrival, ids) for place, one in enumerate(told, 1))
    records.add(conn, [{name: getattr(row, name) for name in records.LocationRow.__slots__} for row in rows])
    return rows


def is_own_item(item_id: str) -> bool:
    """Whether an item is one that a notice alone told of, by its id."""
    return item_id.startswith(OWN_ITEM)


def _located(conn: Connection, place: int, told: Location, arrival: Arrival, ids: Iterator[int]) -> records.LocationRow:
    location = new_id("loc")
    item = _known(conn, told, arrival)
    if item is None:
        item = _own(conn, location, told, arrival, next(ids))
    case_id = open_case(
        conn, kind=KIND, queue=CHILD_QUEUE if arrival.track is Track.CHILD else QUEUE, assessors=1,
        item=CaseItem.of(item), matches=(), reason="notice",
        policy_version=current_number(conn, "policy"), by=arrival.by, at=arrival.at, due=arrival.due,
    )  # fmt: skip
    return records.LocationRow(
        id=location, notice=arrival.notice, place=place, url=told.url, note=told.note, item=item.id, case_id=case_id,
        state=LocationState.WAITING.value, why=None, decided_at=None, decided_in=None, removed_at=None,
    )  # fmt: skip


def _known(conn: Connection, told: Location, arrival: Arrival) -> Item | None:
    """The item at an address: the one that the service names, the one with the bytes of the person's own copy, one that
    an open case is about, the only one, or what an earlier notice told of. Of several none is taken for the one."""
    if told.item is not None:
        return items.find(conn, arrival.service, told.item, lock=True) or _named_now(conn, told.item, told, arrival)
    there = hosted_at(conn, addresses(told.url), most=_MOST_THERE)
    same = [one for one in there if arrival.digest is not None and one.sha256 == bytes(arrival.digest)]
    if same:
        return same[0]
    own = [one for one in there if is_own_item(one.item_id)]
    checked = [one for one in there if not is_own_item(one.item_id)]
    in_case = cases.open_with(conn, [one.id for one in own])
    waiting = [one for one in own if one.id in in_case]
    return next(iter([*waiting, *(checked if len(checked) == 1 else ()), *own]), None)


def _named_now(conn: Connection, name: str, told: Location, arrival: Arrival) -> Item | None:
    """What an earlier notice told of at this address, and its service has a name for now: one item and one case."""
    if items.known(conn, arrival.service, [name]):
        return None  # deleted by its service while a case needs it
    there = hosted_at(conn, addresses(told.url), most=_MOST_THERE)
    own = [one for one in there if is_own_item(one.item_id) and one.service == arrival.service]
    in_case = cases.open_with(conn, [one.id for one in own])
    found = next((one for one in own if one.id in in_case), None)
    if found is None:
        return None
    items.change(conn, found.id, item_id=name)
    return items.find(conn, arrival.service, name, lock=True)


def _own(conn: Connection, location: str, told: Location, arrival: Arrival, number: int) -> Item:
    """An item for what nobody has checked: its service brings the bytes, or looks at the address, when asked to."""
    free = told.item if told.item and not items.known(conn, arrival.service, [told.item]) else None
    row = {
        "id": number, "service": arrival.service, "item_id": free or f"{OWN_ITEM}{location}", "uploader": None,
        "url": told.url, "published": None, "context": {}, "sha256": None, "media_type": None, "size": None,
        "verdict": Verdict.ALLOW.value, "decided": None, "request": location, "object": None, "created": arrival.at,
        "checked": arrival.at, "gone": None,
    }  # fmt: skip
    items.add(conn, [row])
    found = items.hosted(conn, number)
    assert found is not None
    return found
