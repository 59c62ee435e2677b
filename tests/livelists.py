"""Lists in the database for tests: made, filled, withdrawn from, and looked up."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path

from rempart.clock import utc_now
from rempart.lists.entry import Category, Entry, EntrySignal, Opinion
from rempart.lists.live import LiveLists
from rempart.lists.lookup import Found, asked_signals
from rempart.lists.records import COUNTER, Mode, create_list, insert_entries, withdraw_entries
from rempart.lists.schemes import built_in
from rempart.signals.values import Md5, PdqHash, Sha1, Sha256, Signal
from rempart.store.counters import next_number
from rempart.store.engine import Store

LISTED = Category(scheme="listed", code="listed")
GOOD = Category(scheme="known-good", code="known")
EXEMPLAR = Category(scheme="vic-us", code="4")


def pdq(seed: object) -> PdqHash:
    return PdqHash(hashlib.sha256(repr(seed).encode()).digest())


def turned(key: PdqHash, bits: int, seed: object = 0) -> PdqHash:
    """A hash exactly so many bits away."""
    number = int.from_bytes(key)
    for bit in random.Random(repr((key.hex(), bits, seed))).sample(range(256), bits):
        number ^= 1 << bit
    return PdqHash(number.to_bytes(32))


def digests(seed: object) -> tuple[Sha256, Sha1, Md5]:
    data = repr(seed).encode()
    return (
        Sha256(hashlib.sha256(data).digest()),
        Sha1(hashlib.sha1(data).digest()),
        Md5(hashlib.md5(data).digest()),
    )


def entry(
    ref: str,
    *signals: Signal | EntrySignal,
    category: Category | None = LISTED,
    opinion: Opinion = Opinion.POSITIVE,
) -> Entry:
    made = tuple(one if isinstance(one, EntrySignal) else EntrySignal(signal=one) for one in signals)
    return Entry(id=ref, signals=made, category=category, opinion=opinion)


def new_list(store: Store, name: str = "ours", mode: Mode = Mode.BLOCKING) -> int:
    with store.write() as conn:
        return int(create_list(conn, name=name, mode=mode, at=utc_now()).number)


def add(store: Store, number: int, *entries: Entry) -> list[int]:
    with store.write() as conn:
        change = next_number(conn, COUNTER)
        return insert_entries(conn, entries, list_number=number, schemes=built_in(), number=change, at=utc_now())


def withdraw(store: Store, *entries: int) -> int:
    with store.write() as conn:
        return withdraw_entries(conn, entries, number=next_number(conn, COUNTER), at=utc_now())


def opened(store: Store, folder: Path) -> LiveLists:
    made = LiveLists(store, folder, utc_now)
    made.open()
    return made


def found(lists: LiveLists, *signals: Signal, radius: int = 31) -> Found:
    return lists.lookup(asked_signals(signals), radius=radius)


def refs(lists: LiveLists, *signals: Signal, radius: int = 31) -> list[str]:
    return [match.ref for match in found(lists, *signals, radius=radius).matches]
