"""The lists of the database, looked up: in memory first, and in the database only when something was found."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from rempart.clock import Clock
from rempart.lists.entry import Disposition, Opinion
from rempart.lists.lookup import MOST, Asked, Found, ListMatch, answer
from rempart.lists.own import is_own
from rempart.lists.records import COUNTER, entry_signals, find_signals
from rempart.lists.tail import Place, SignalIndex, Source
from rempart.signals.values import SIGNAL_TYPES, PdqHash, Signal, SignalKind
from rempart.store.engine import Store
from rempart.store.periodic import Periodic

log = logging.getLogger(__name__)

SOURCE = Source(name="lists", table=entry_signals, counter=COUNTER, where=entry_signals.c.answers)
_AT_ONCE = 500


class LiveLists:
    """The entries of all lists in the database, found by signal. Safe to use from several threads at once.

    `folder` holds the base files of the index, shared by the processes of a machine. Call `open` first. What this
    process committed is found after `catch_up`; what others commit, within a second where `works` run. What was
    withdrawn is found by nobody from the moment of its commit: each hit is checked in the database.
    """

    def __init__(self, store: Store, folder: Path, clock: Clock) -> None:
        self._store = store
        self.index = SignalIndex(store, folder, SOURCE, clock)

    @property
    def mark(self) -> int:
        """The number of the last change of the lists that lookups know of."""
        return self.index.mark

    def open(self) -> None:
        """Map the index and catch up. Raises StoreUnavailableError."""
        self.index.open()

    def catch_up(self) -> int:
        """Take in every change that was committed before this call; the new `mark`. Raises StoreUnavailableError."""
        return self.index.catch_up()

    def works(self) -> tuple[Periodic, ...]:
        """What a running process does for the lists in the background."""
        return self.index.works()

    def lookup(self, signals: Sequence[Asked], *, radius: int) -> Found:
        """What the lists hold of one file: PDQ within `radius` bits (0 to 63), digests when equal; exact.

        Without a hit the database is not asked. Raises ValueError for a radius out of range, StoreUnavailableError
        when a hit could not be checked.
        """
        return self.lookup_many([signals], radius=radius)[0]

    def lookup_many(self, batch: Sequence[Sequence[Asked]], *, radius: int) -> list[Found]:
        """As `lookup` for many files at once; one answer for each, in order."""
        mark = self.mark
        places = iter(self.index.search([one.signal for one in chain.from_iterable(batch)], radius=radius))
        hits = [[(one, place) for one in asked for place in next(places)] for asked in batch]
        if not any(hits):
            return [Found(mark=mark)] * len(batch)
        return [self._checked(found, radius, mark) if found else Found(mark=mark) for found in hits]

    def _checked(self, hits: Sequence[tuple[Asked, Place]], radius: int, mark: int) -> Found:
        """The answer for one file, from the nearest hits that are true; thousands of entries may share one hash."""
        nearest = list(dict.fromkeys(place.id for _, place in sorted(hits, key=lambda hit: hit[1].distance)))
        rows: dict[int, Any] = {}
        matching: set[int] = set()
        with self._store.read() as conn:
            for start in range(0, len(nearest), _AT_ONCE):
                rows |= find_signals(conn, nearest[start : start + _AT_ONCE])
                found = (row for row in rows.values() if row.disposition == Disposition.MATCH and not is_own(row.name))
                matching = {row.entry for row in found}
                if len(matching) > MOST:
                    break
        matches: list[ListMatch] = []
        good: list[ListMatch] = []
        for asked, place in hits:
            row: Any = rows.get(place.id)
            match = None if row is None else _match(asked, row, radius)
            if match is not None:
                (matches if row.disposition == Disposition.MATCH else good).append(match)
        return answer(matches, good, mark=mark)


def _match(asked: Asked, row: Any, radius: int) -> ListMatch | None:
    """A hit as a match, if the database agrees; None where only the beginning of a digest was the same."""
    signal = SIGNAL_TYPES[SignalKind(row.kind)](row.value)
    distance = _distance(asked.signal, signal)
    state = Disposition(row.disposition)
    if distance is None or distance > radius or state.silent:
        return None
    if state is Disposition.KNOWN_GOOD and signal.kind is SignalKind.PDQ:
        return None
    return ListMatch(
        list=row.name, ref=row.ref, signal_kind=signal.kind, distance=distance, probe=asked.probe,
        scheme=row.scheme, code=row.code, opinion=Opinion(row.opinion), facet=row.facet,
        list_id=row.list_id, mode=row.mode, entry_id=row.entry,
    )  # fmt: skip


def _distance(asked: Signal, held: Signal) -> int | None:
    """Bits between two PDQ hashes, 0 between equal digests; None for others."""
    if isinstance(asked, PdqHash) and isinstance(held, PdqHash):
        return asked.distance(held)
    return 0 if asked == held else None
