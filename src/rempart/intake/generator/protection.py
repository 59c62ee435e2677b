"""Photos that nobody may bring to a generator, because somebody asked for that: known by their hashes alone.

No face is ever looked at: what is found is the photo itself and near copies of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.errors import NotFoundError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.intake.generator.records import protected as records
from rempart.intake.generator.records.protected import Photo
from rempart.intake.notices.hashes import OwnHashes
from rempart.lists.entry import EntrySignal
from rempart.lists.lookup import Asked
from rempart.lists.tail import SignalIndex, Source
from rempart.people.principal import Principal
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.values import PdqHash, Signal, SignalKind
from rempart.store.counters import next_number
from rempart.store.engine import Store
from rempart.store.ids import new_id
from rempart.store.periodic import Periodic

MOST_OF_ONE = 200
"""Photos that one person of a service may have protected at a time."""
SOURCE = Source(name="protected", table=records.protected_signals, counter=records.COUNTER)


class ProtectedPhotos:
    """The protected photos, found by signal. Safe from several threads at once; call `open` first.

    What this process committed is found after `catch_up`, what others commit within a second where `works` run.
    """

    def __init__(self, store: Store, folder: Path, clock: Clock, *, radius: int) -> None:
        self._store, self._radius = store, radius
        self.index = SignalIndex(store, folder, SOURCE, clock)

    @property
    def mark(self) -> int:
        """The number of the last change that lookups know of."""
        return self.index.mark

    def open(self) -> None:
        """Map the index and catch up. Raises StoreUnavailableError."""
        self.index.open()

    def catch_up(self) -> int:
        """Take in every change that was committed before this call; the new `mark`."""
        return self.index.catch_up()

    def works(self) -> tuple[Periodic, ...]:
        """What a running process does for it in the background."""
        return self.index.works()

    def holds(self, asked: Sequence[Asked]) -> bool:
        """Whether one of these signals leads to a photo that is protected. Raises StoreUnavailableError."""
        places = self.index.search([one.signal for one in asked], radius=self._radius)
        ids = sorted({place.id for found in places for place in found})
        if not ids:
            return False
        with self._store.read() as conn:
            held = records.live(conn, ids)
        pairs = ((one.signal, held[place.id]) for one, found in zip(asked, places, strict=True) for place in found
                 if place.id in held)  # fmt: skip
        return any(self._near(*pair) for pair in pairs)

    def _near(self, asked: Signal, held: Signal) -> bool:
        if isinstance(asked, PdqHash) and isinstance(held, PdqHash):
            return asked.distance(held) <= self._radius
        return asked == held


def protect(
    store: Store,
    signals: Sequence[EntrySignal],
    *,
    by: Principal,
    at: datetime,
    service: str | None = None,
    reference: str | None = None,
) -> Photo:
    """Protect a photo by its signals, at most one of each kind, from the end of this call on.

    Raises RefusedError where no signal says enough to find the photo again, or where one person has too many.
    """
    kinds = [one.signal.kind for one in signals]
    if len(set(kinds)) < len(kinds):
        raise RefusedError("A photo has one signal of each kind.", hint="Protect each photo by itself.")
    good = [one for one in signals if _says_enough(one)]
    if not good:
        raise RefusedError(
            "These signals say too little to find the photo again.",
            hint=f"Send a PDQ hash with a quality of {LOW_QUALITY_BELOW} or more, or the SHA-256 of the file.",
        )
    photo = Photo(id=new_id("protected"), by=by.id, service=service, reference=reference, added=at, withdrawn=None)
    with store.write() as conn:
        one_person = service is not None and reference is not None
        if one_person and records.of_reference(conn, service or "", reference or "") >= MOST_OF_ONE:
            raise RefusedError(
                f"{MOST_OF_ONE} photos are protected for this person already.", hint="Withdraw some of them first."
            )
        facts = {"signals": len(good)}
        append(
            conn, Leaf(action="photo.protected", actor=by.pseudonym, facts=facts, subject=f"photo:{photo.id}"), at=at
        )
        records.add(conn, photo, good, number=next_number(conn, records.COUNTER))
    return photo


def photo_of(hashes: OwnHashes | None) -> list[EntrySignal]:
    """What a person's own browser made of a photo. Raises RefusedError where there is nothing, or it was a video."""
    if hashes is None:
        raise RefusedError("There is no hash in it.", hint="Save the whole text that the page made.")
    if len(hashes.frames) > 1:
        raise RefusedError("These are the hashes of a video.", hint="Choose a photo; videos are not protected here.")
    frames = [EntrySignal(signal=one.pdq, quality=one.quality, recipe=hashes.recipe) for one in hashes.frames]
    return frames + ([] if hashes.sha256 is None else [EntrySignal(signal=hashes.sha256)])


def withdraw(
    store: Store, photo: str, *, by: Principal, at: datetime, service: str | None = None, asked_by: str | None = None
) -> None:
    """Protect a photo no more, and forget its signals. A service withdraws only what it asked for itself, and with
    `asked_by` only what that one did.

    Raises NotFoundError where there is no such photo, or it was withdrawn already.
    """
    with store.write() as conn:
        found = records.find(conn, photo, lock=True)
        foreign = found is not None and (
            (service is not None and found.service != service) or (asked_by is not None and found.by != asked_by)
        )
        if found is None or found.withdrawn is not None or foreign:
            raise NotFoundError("There is no protected photo of this id.", hint="It may have been withdrawn already.")
        facts = {"photo": photo}
        append(conn, Leaf(action="photo.withdrawn", actor=by.pseudonym, facts=facts, subject=f"photo:{photo}"), at=at)
        records.withdraw(conn, photo, number=next_number(conn, records.COUNTER), at=at)


def withdrawn_again(conn: Connection, photo: str, *, at: datetime) -> bool:
    """After a restore: a photo that was withdrawn later is withdrawn again; False when it is not there."""
    return records.withdraw(conn, photo, number=next_number(conn, records.COUNTER), at=at)


def _says_enough(one: EntrySignal) -> bool:
    return one.signal.kind is not SignalKind.PDQ or one.quality is None or one.quality >= LOW_QUALITY_BELOW
