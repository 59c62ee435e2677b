"""Pictures known to be good: an entry that would match one of them is a mistake, or an attack on the list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rempart.index.digest import DigestIndex
from rempart.index.hamming import HammingIndex
from rempart.signals.values import SIGNAL_TYPES, Signal, SignalKind

Rows = Mapping[SignalKind, NDArray[np.uint8]]


class Canaries:
    """Known-good signals, held in memory for checking many others against them.

    Digests are found by equality, PDQ hashes within `radius` bits. The index over digests asks for distinct rows, so
    the same file in two known-good lists is taken once.
    """

    def __init__(self, rows: Rows, *, radius: int) -> None:
        self._radius = radius
        self._digests = {
            kind: DigestIndex.from_digests(np.unique(keys, axis=0))
            for kind, keys in rows.items()
            if kind is not SignalKind.PDQ and len(keys)
        }
        pdq = rows.get(SignalKind.PDQ)
        self._pdq = HammingIndex.from_keys(np.ascontiguousarray(pdq)) if pdq is not None and len(pdq) else None

    def __bool__(self) -> bool:
        return self._pdq is not None or bool(self._digests)

    def check(self, signals: Sequence[Signal]) -> list[str]:
        """For each signal why it may not enter, empty where no canary is near."""
        found = [""] * len(signals)
        for kind, index in self._digests.items():
            places, keys = keys_of(signals, kind)
            for at in places[index.find(keys) >= 0] if len(places) else ():
                found[at] = f"has the {kind.value} of a file known to be good"
        if self._pdq is not None:
            places, keys = keys_of(signals, SignalKind.PDQ)
            if len(places):
                hits = self._pdq.search(keys, self._radius)
                for query in np.flatnonzero(np.diff(hits.offsets)):
                    distance = int(hits.distances[hits.offsets[query]])
                    found[places[query]] = f"is {distance} bits from a picture known to be good"
        return found


def keys_of(signals: Sequence[Signal], kind: SignalKind) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """The places of the signals of one kind, and their values as rows."""
    places = [at for at, signal in enumerate(signals) if signal.kind is kind]
    return np.array(places, np.int64), rows_of((signals[at] for at in places), kind)


def rows_of(values: Iterable[bytes], kind: SignalKind) -> NDArray[np.uint8]:
    """Values of one kind as (n, length) uint8."""
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, SIGNAL_TYPES[kind].size)
