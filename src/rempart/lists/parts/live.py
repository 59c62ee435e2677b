"""The features of all listed pictures in this process: opened once, and followed as entries come and go."""

from __future__ import annotations

import logging
import threading
from typing import Any

from rempart.errors import CorruptFileError, TamperedError
from rempart.evidence.vault import Vault
from rempart.lists.parts import records
from rempart.lists.parts.index import Candidate, PartIndex
from rempart.lists.parts.sealing import PartBox
from rempart.provenance.partial.featurefile import read_features
from rempart.provenance.partial.features import VERSION, Features
from rempart.store.periodic import Periodic

log = logging.getLogger(__name__)

SHA256 = 32
_REFRESH_SECONDS = 0.5
_FEW = 1_000
"""New pictures beside the big index, at most; then it is made anew."""


class LiveParts:
    """The sealed features of the database, opened and indexed in memory. Safe to ask from several threads.

    They are plain in the memory of this process, and nowhere else. What was withdrawn leaves it with the next
    `refresh` after `keeping.let_go`; whoever asks checks each candidate in the database.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._lock = threading.Lock()
        self._state: tuple[int, int] | None = None
        self._held: dict[int, Features] = {}
        self._indexes = PartIndex((), ()), PartIndex((), ())

    def __len__(self) -> int:
        """Pictures that may be found."""
        return sum(map(len, self._indexes))

    @property
    def nbytes(self) -> int:
        """Bytes of both indexes in memory."""
        return sum(one.nbytes for one in self._indexes)

    def refresh(self) -> None:
        """Take in what came and went. Raises StoreUnavailableError, UnavailableError when the keys cannot be read."""
        with self._lock, self._vault.store.read() as conn:
            state = records.state(conn)
            if state == self._state:
                return
            there = records.ids(conn, version=VERSION)
            new = there - self._held.keys()
            box = PartBox(self._vault.keyring)
            came = {row.id: opened for row in records.of(conn, new) if (opened := _opened(box, row)) is not None}
            went = self._held.keys() - there
            for part in went:
                del self._held[part]
            self._held |= came
            self._arrange(removed=bool(went))
            self._state = state

    def candidates(self, asked: Features) -> list[Candidate]:
        """Pictures, by their rows' ids, that may share content with an upload; those with most votes first."""
        found = [one for index in self._indexes for one in index.candidates(asked)]
        return sorted(found, key=lambda one: (-one.votes, one.number))

    def works(self) -> tuple[Periodic, ...]:
        """What a running process does in the background."""
        return (Periodic(name="tail:parts", seconds=_REFRESH_SECONDS, run=lambda _: self.refresh(), everywhere=True),)

    def _arrange(self, *, removed: bool) -> None:
        """Few new pictures get an index of their own; what was removed leaves memory at once. Both are replaced in one
        step: whoever looks meanwhile misses none that was there before."""
        base = self._indexes[0]
        known = set() if removed else set(base.numbers.tolist())
        rest = [number for number in self._held if number not in known]
        if removed or len(rest) > max(_FEW, len(known) // 8):
            base, rest = PartIndex(list(self._held), list(self._held.values())), []
        self._indexes = base, PartIndex(rest, [self._held[number] for number in rest])


def _opened(box: PartBox, row: Any) -> Features | None:
    try:
        return read_features(box.open(row.features, number=row.list, ref=row.ref)[SHA256:])
    except (TamperedError, CorruptFileError):
        # One damaged row must not stop all checks; its entry is still found by its other signals.
        log.error("the features of one listed picture (row %d) do not open", row.id)
        return None
