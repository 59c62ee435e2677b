"""Looking back: which items that were checked before does a signal lead to?

The signals of checked items lie in an index of their own. Whoever adds an entry finds with it what is hosted already;
together with the checks, which look at the lists only after they have taken their number, nothing falls between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Row, or_

from rempart.clock import Clock
from rempart.items.records import checks, items, lookback, signals
from rempart.items.records.items import COUNTER, Item
from rempart.items.records.signals import item_signals
from rempart.lists.lookup import Asked
from rempart.lists.tail import SignalIndex, Source
from rempart.signals.outcome import LOW_QUALITY_BELOW, Outcome
from rempart.signals.values import SIGNAL_TYPES, PdqHash, Signal, SignalKind
from rempart.store.counters import locked_number
from rempart.store.engine import Store
from rempart.store.periodic import Periodic

SOURCE = Source(
    name="items", table=item_signals, counter=COUNTER,
    where=or_(item_signals.c.quality.is_(None), item_signals.c.quality >= LOW_QUALITY_BELOW),
)  # fmt: skip
_FOLLOW_SECONDS = 0.5  # often and little: what it reads at once, checks wait for


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """An item that a signal leads to: by which of its own signals, and how many bits away."""

    item: int
    kind: SignalKind
    probe: str
    distance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """An item with all that a ruling asks of it. `told` are the entries that its last ruling knew of."""

    item: Item
    outcome: Outcome | None
    asked: tuple[Asked, ...]
    known_facts: bool
    told: frozenset[int | None]


class ItemIndex:
    """The kept signals of items, searched by signal. Call `open` first; safe from several threads at once."""

    def __init__(self, store: Store, folder: Path, clock: Clock, *, radius: int) -> None:
        self._store, self._radius = store, radius
        self.index = SignalIndex(store, folder, SOURCE, clock)

    def open(self) -> None:
        """Map the index and catch up. Raises StoreUnavailableError."""
        self.index.open()

    def works(self) -> tuple[Periodic, ...]:
        """What a running process does for it in the background. Nothing asks it every moment: look-back catches up
        itself."""
        tail, *more = self.index.works()
        return (replace(tail, seconds=_FOLLOW_SECONDS), *more)

    def settle(self) -> int:
        """Know of every item whose check may have missed what is in the lists now; gives the number of items.

        Checks take the number of items before they look at the lists: those after the number that is read here look
        at the lists as they are now, and those before it are in the index from here on.
        """
        with self._store.write() as conn:
            locked_number(conn, COUNTER)
        return self.index.catch_up()

    def near(self, asked: Sequence[Signal]) -> list[tuple[Near, ...]]:
        """For each signal the items that it leads to, each once, nearest first."""
        places = self.index.search(asked, radius=self._radius)
        ids = sorted({place.id for found in places for place in found})
        with self._store.read() as conn:
            rows = lookback.live_signals(conn, ids)
        answers = []
        for signal, found in zip(asked, places, strict=True):
            best: dict[int, Near] = {}
            for place in found:
                row = rows.get(place.id)
                near = None if row is None else _near(signal, row, self._radius)
                if near is not None and (near.item not in best or near.distance < best[near.item].distance):
                    best[near.item] = near
            answers.append(tuple(sorted(best.values(), key=lambda one: (one.distance, one.item))))
        return answers

    def affected(self, ids: Sequence[int]) -> Iterator[Affected]:
        """Items with their signals and last check; those that went meanwhile are left out."""
        with self._store.read() as conn:
            for number in ids:
                item = items.hosted(conn, number)
                if item is None or item.gone is not None:
                    continue
                check = checks.find(conn, item.request)
                kept = signals.of(conn, number)
                facts = (check.facts if check is not None else None) or {}
                yield Affected(
                    item=item,
                    outcome=None if check is None else check.outcome,
                    asked=tuple(
                        Asked(one.signal, one.probe)
                        for one in kept
                        if one.quality is None or one.quality >= LOW_QUALITY_BELOW
                    ),
                    known_facts=check is not None,
                    told=frozenset(match.get("entry_id") for match in facts.get("matches", ())),
                )


def _near(asked: Signal, row: Row[Any], radius: int) -> Near | None:
    """A hit, if the row agrees; None where only the beginning of a digest was the same."""
    kind = SignalKind(row.kind)
    held = SIGNAL_TYPES[kind](row.value)
    if isinstance(asked, PdqHash) and isinstance(held, PdqHash):
        distance = asked.distance(held)
    elif asked == held:
        distance = 0
    else:
        return None
    if distance > radius:
        return None
    return Near(item=row.item, kind=kind, probe=row.probe, distance=distance)
