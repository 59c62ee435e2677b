"""How often a number's secret may be tried: counted in the database before anything is compared, alike for numbers
that exist and numbers that do not. It slows whoever guesses, and locks nobody out for longer than a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NoReturn

from rempart.errors import TooManyRequestsError
from rempart.evidence.vault import Keyring
from rempart.intake.notices.sealing import box_of, network_of
from rempart.people.records import sessions as records
from rempart.people.sealing import SecretBox
from rempart.store.engine import Store

_WINDOW = timedelta(minutes=15)
_PAIR, _NUMBER, _NETWORK = 10, 100, 60


def count(store: Store, *, keyring: Keyring, number: str, address: str, at: datetime) -> bool:
    """Count a try of this number from this address; whether the number was tried too often from all places together.

    Raises TooManyRequestsError when there were too many tries from this one. That other networks try a number refuses
    wrong secrets alone, which `refuse` says: strangers who saw it cannot keep its owner out.
    """
    over: set[int] = set()
    with store.write() as conn:
        for subject, most in _subjects(box_of(keyring), number=number, address=address):
            if records.count_attempt(conn, subject, at=at, since=at - _WINDOW) > most:
                over.add(most)
    if over - {_NUMBER}:
        refuse()
    return _NUMBER in over


def refuse() -> NoReturn:
    """Say that there were too many tries: TooManyRequestsError."""
    raise TooManyRequestsError(
        "Too many tries with this number.", hint="Wait a quarter of an hour.", retry_after=_WINDOW.total_seconds()
    )


def forgive(store: Store, *, keyring: Keyring, number: str, address: str) -> None:
    """After the right secret: this try counts for nothing, and the failures with it from here are over."""
    with store.write() as conn:
        for subject, most in _subjects(box_of(keyring), number=number, address=address):
            if most == _PAIR:
                records.clear_attempts(conn, subject)
            else:
                records.uncount_attempt(conn, subject)


def _subjects(box: SecretBox, *, number: str, address: str) -> list[tuple[bytes, int]]:
    network = network_of(address) or "unknown"
    return sorted(  # rows are always locked in the same order
        (
            (box.mark(f"notice pair {number} {network}"), _PAIR),
            (box.mark(f"notice number {number}"), _NUMBER),
            (box.mark(f"notice network {network}"), _NETWORK),
        )
    )
