"""Everything that incoming entries are checked against: canaries and noisy hashes, kept fresh in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rempart.lists import entry_records, guard_records
from rempart.lists.canaries import Canaries, rows_of
from rempart.lists.entry import EntrySignal
from rempart.lists.noisy import NoisyHashes
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind
from rempart.store.engine import Store

RADIUS = 31
_PAGE = 5_000
_FULL_AFTER = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """The checks of one moment."""

    canaries: Canaries
    noisy: NoisyHashes

    def flags(self, entries: Sequence[Sequence[EntrySignal]]) -> list[str]:
        """For the signals of each entry why a person must look at it, empty where nothing is wrong.

        A PDQ hash of low quality is never looked up, so it is a fault only of an entry that has nothing else.
        """
        found = [""] * len(entries)
        owner = [at for at, signals in enumerate(entries) for _ in signals]
        flat = [one for signals in entries for one in signals]
        if not flat:
            return found
        bare: list[Signal] = [one.signal for one in flat]
        for at, reason in zip(owner, self.canaries.check(bare), strict=True):
            if reason and not found[at]:
                found[at] = f"canary: it {reason}"
        places = [at for at, one in enumerate(flat) if one.signal.kind is SignalKind.PDQ]
        keys = rows_of((flat[at].signal for at in places), SignalKind.PDQ)
        reasons = self.noisy.judge(keys, [flat[at].quality for at in places])
        for at, reason in zip(places, reasons, strict=True):
            entry = entries[owner[at]]
            if reason and not found[owner[at]] and (not _is_low(flat[at]) or all(_is_low(one) for one in entry)):
                found[owner[at]] = f"noisy: its PDQ hash {reason}"
        return found


def _is_low(one: EntrySignal) -> bool:
    return one.signal.kind is SignalKind.PDQ and one.quality is not None and one.quality < LOW_QUALITY_BELOW


@dataclass(slots=True)
class _Held:
    """Values of the known-good entries read so far, by kind, and up to which entry."""

    last: int = 0
    values: dict[SignalKind, list[NDArray[np.uint8]]] = field(default_factory=dict)
    since: float = 0.0


class GuardKeeper:
    """Gives the guards as they are now; known-good entries are read once and then as they are added.

    A known-good entry that was withdrawn may go on being a canary for up to ten minutes: it asks for a look too many.
    """

    def __init__(self, store: Store, *, monotonic: Callable[[], float], radius: int = RADIUS) -> None:
        self._store, self._monotonic, self._radius = store, monotonic, radius
        self._lock = threading.Lock()
        self._held: _Held | None = None
        self._made: tuple[object, Guards] | None = None

    def now(self) -> Guards:
        """The guards as they are now."""
        with self._lock:
            self._read_known_good()
            with self._store.read() as conn:
                own = guard_records.values(conn, guard_records.CANARY)
                noisy = [
                    value for kind, value in guard_records.values(conn, guard_records.NOISY) if kind is SignalKind.PDQ
                ]
            assert self._held is not None
            key = (self._held.since, self._held.last, frozenset(own), frozenset(noisy))
            if self._made is None or self._made[0] != key:
                self._made = key, self._build(own, noisy)
            return self._made[1]

    def _read_known_good(self) -> None:
        now = self._monotonic()
        if self._held is None or now - self._held.since > _FULL_AFTER:
            self._held = _Held(since=now)
        while True:
            with self._store.read() as conn:
                page = entry_records.known_good_entries(conn, after=self._held.last, limit=_PAGE)
                found = entry_records.signals_of(conn, page)
            bare = [signal for many in found.values() for signal, _ in many]
            for kind in {one.kind for one in bare}:
                rows = rows_of((one for one in bare if one.kind is kind), kind)
                self._held.values.setdefault(kind, []).append(rows)
            if page:
                self._held.last = page[-1]
            if len(page) < _PAGE:
                return

    def _build(self, own: Sequence[tuple[SignalKind, bytes]], noisy: Sequence[bytes]) -> Guards:
        assert self._held is not None
        rows = {}
        for kind in SIGNAL_TYPES:
            parts = [*self._held.values.get(kind, []), rows_of((value for one, value in own if one is kind), kind)]
            rows[kind] = np.concatenate(parts)
        return Guards(
            canaries=Canaries(rows, radius=self._radius),
            noisy=NoisyHashes(rows_of(noisy, SignalKind.PDQ), radius=self._radius),
        )
