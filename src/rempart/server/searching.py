"""Searching hosted items by signal: never without a purpose, which is written down before anything is answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rempart.cases.records import searches
from rempart.cases.work import queue
from rempart.evidence.ledger import Leaf, append
from rempart.items.lookback import Near
from rempart.items.records import lookback
from rempart.people.principal import Principal
from rempart.server.service import Service
from rempart.signals.values import Signal

MOST = 1_000
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """An item that a signal leads to."""

    near: Near
    service: str
    item_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosting:
    """The nearest first; with `cut` there are more than are listed."""

    hits: tuple[Hosted, ...]
    cut: bool


def search_hosted(service: Service, who: Principal, signals: Sequence[Signal], *, purpose: str) -> Hosting:
    """Items whose kept signals are like these. The leaf is durable before anything is answered.

    Items in a case that is kept from who asks are left out, as if they were not there.
    """
    service.items.index.catch_up()
    best: dict[int, Near] = {}
    for found in service.items.near(signals):
        for near in found:
            if near.item not in best or near.distance < best[near.item].distance:
                best[near.item] = near
    with service.store.read() as conn:
        found_all, hidden = list(best), set[int]()
        for start in range(0, len(found_all), _AT_ONCE):
            hidden |= queue.hidden_items(conn, found_all[start : start + _AT_ONCE], who)
        names = lookback.names(conn, [item for item in best if item not in hidden])
    with service.store.write() as conn:
        facts = {"signals": sorted({one.kind.value for one in signals}), "items": len(names)}
        sealed = {"purpose": purpose} | {one.kind.value: bytes(one) for one in signals}
        searches.add(conn, at=service.clock(), by=who.pseudonym, purpose=purpose, facts=facts)
        append(conn, Leaf(action="search.made", actor=who.pseudonym, facts=facts, sealed=sealed), at=service.clock())
    nearest = sorted(
        (near for near in best.values() if near.item in names), key=lambda near: (near.distance, near.item)
    )
    hits = (Hosted(near=near, service=names[near.item][0], item_id=names[near.item][1]) for near in nearest[:MOST])
    return Hosting(hits=tuple(hits), cut=len(nearest) > MOST)
