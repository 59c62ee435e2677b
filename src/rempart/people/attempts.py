"""How often somebody may try to sign in: counted in the database before anything is checked, so that many tries at
once count too, and counted alike for names that exist and names that do not."""

from __future__ import annotations

from datetime import datetime, timedelta

from rempart.errors import TooManyRequestsError
from rempart.people.records import sessions as records
from rempart.people.sealing import SecretBox
from rempart.store.engine import Store

_PAIR = (6, timedelta(minutes=15))
_NAME = (60, timedelta(hours=1))
_ADDRESS = (40, timedelta(minutes=15))


def count(store: Store, box: SecretBox, *, name: str, address: str, at: datetime) -> None:
    """Count a try of this name from this address. Raises TooManyRequestsError when there were too many.

    A name is limited per address first, so that a stranger who knows a name can hardly lock its owner out; passkeys
    and an identity provider are not counted by name at all.
    """
    over = []
    with store.write() as conn:
        for subject, (most, window) in _subjects(box, name=name, address=address):
            over.append((records.count_attempt(conn, subject, at=at, since=at - window) > most, window))
    waits = [window for too_many, window in over if too_many]
    if waits:
        raise TooManyRequestsError(
            "Too many tries to sign in.",
            hint="Wait a quarter of an hour, or sign in with a passkey.",
            retry_after=max(waits).total_seconds(),
        )


def forgive(store: Store, box: SecretBox, *, name: str, address: str) -> None:
    """After a sign-in that was right: it counts for nothing, and the failures of this name from this address are over.

    Many people may share an address; what others failed at from there is not forgotten.
    """
    with store.write() as conn:
        for subject, limit in _subjects(box, name=name, address=address):
            if limit is _PAIR:
                records.clear_attempts(conn, subject)
            else:
                records.uncount_attempt(conn, subject)


def _subjects(box: SecretBox, *, name: str, address: str) -> tuple[tuple[bytes, tuple[int, timedelta]], ...]:
    found = [(box.mark(f"address {address}"), _ADDRESS)]
    if name:
        found += [(box.mark(f"pair {name} {address}"), _PAIR), (box.mark(f"name {name}"), _NAME)]
    return tuple(sorted(found))  # rows are always locked in the same order
