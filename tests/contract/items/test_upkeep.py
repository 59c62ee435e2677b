"""What is forgotten about items by itself, and what must not be."""

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select

from actors import NOON
from hosting import host
from rempart.items.lookback import ItemIndex
from rempart.items.records import checks, items, replays, signals
from rempart.items.records.items import IDS_IN_COMMIT
from rempart.items.records.signals import ItemSignal, item_signals
from rempart.items.upkeep import forget_signals, forget_some, periodics
from rempart.signals.values import Sha256
from rempart.store.counters import next_number
from rempart.store.workers import Worker

DAY = timedelta(days=1)


def digest(number: int) -> Sha256:
    return Sha256(sha256(b"%d" % number).digest())


class Past:
    """A database in which things were checked at several times."""

    def __init__(self, store, worker):
        self.store, self.worker = store, worker
        self.known: dict[str, int] = {}

    def check(self, name: str, *, at, key: bytes | None = None) -> int:
        """One check with one signal, as the writer of checks leaves it; gives the item's internal id."""
        with self.store.write() as conn:
            number = next_number(conn, items.COUNTER)
            again = name in self.known
            item = self.known.setdefault(name, number * IDS_IN_COMMIT)
            if again:
                signals.remove(conn, [item], number=number)
                items.change(conn, item, checked=at)
            else:
                host(conn, item, item_id=name, created=at, checked=at)
            signals.add(conn, [signals.row_of(item, ItemSignal(signal=digest(number), probe="exact"), number=number)])
            row = {
                "request": f"check_{number}", "item": item, "service": "forum", "outcome": "ok", "verdict": "allow",
                "rule": "otherwise", "policy": 0, "mark": 0, "facts": None, "case_id": None, "at": at,
            }  # fmt: skip
            checks.add(conn, [row])
            if key is not None:
                answer = {"service": "forum", "key": key, "request": row["request"], "item": item, "at": at}
                replays.add(conn, [answer | {"salt": b"s", "asked": b"a", "answer": {}}])
        return item

    def kept(self, item: int) -> int:
        with self.store.read() as conn:
            return len(signals.of(conn, item))

    def rows(self) -> int:
        with self.store.read() as conn:
            return conn.execute(select(func.count()).select_from(item_signals)).scalar_one()


@pytest.fixture
def past(store):
    store.clock = lambda: NOON
    with Worker(store) as worker:
        yield Past(store, worker)


def test_signals_are_forgotten_so_many_days_after_the_last_check(past):
    old = past.check("old", at=NOON - 31 * DAY)
    again = past.check("again", at=NOON - 40 * DAY)
    young = past.check("young", at=NOON - 29 * DAY)
    past.check("again", at=NOON - 2 * DAY)
    (work,) = periodics(past.store, keep="30 days")
    work.run(past.worker)
    assert [past.kept(one) for one in (old, again, young)] == [0, 1, 1]
    assert forget_signals(past.store, past.worker, older=30 * DAY) == 0


@pytest.mark.parametrize("keep", ["hosted", "off"])
def test_signals_that_are_kept_while_hosted_are_never_forgotten_for_their_age(past, keep):
    old = past.check("old", at=NOON - 3000 * DAY)
    (work,) = periodics(past.store, keep=keep)
    work.run(past.worker)
    assert past.kept(old) == 1


def test_answers_are_known_again_for_two_days(past):
    past.check("old", at=NOON - 3 * DAY, key=b"o" * 32)
    past.check("young", at=NOON - DAY, key=b"y" * 32)
    assert forget_some(past.store, past.worker) == 1
    with past.store.read() as conn:
        assert set(replays.find(conn, "forum", [b"o" * 32, b"y" * 32])) == {b"y" * 32}


def test_an_item_that_is_checked_again_and_again_leaves_no_rows_for_ever(past):
    for days in range(9, -1, -1):
        past.check("a", at=NOON - days * DAY)
        past.check(f"other-{days}", at=NOON - days * DAY)
    assert past.rows() == 20
    forget_some(past.store, past.worker)
    assert past.rows() == 13, "the signals that are there, and what went within a day or so"
    assert past.kept(past.known["a"]) == 1


def test_a_process_that_saw_a_removal_late_still_leads_to_what_is_there_and_nowhere_else(past, tmp_path):
    index = ItemIndex(past.store, tmp_path / "items", past.store.clock, radius=31)
    index.open()
    item = past.check("a", at=NOON - 5 * DAY)
    index.settle()
    index.index.merge()
    past.check("a", at=NOON - 4 * DAY)
    for days in (3, 2):
        past.check(f"other-{days}", at=NOON - days * DAY)
    assert forget_some(past.store, past.worker) == 1
    for fresh in (index, ItemIndex(past.store, tmp_path / "items", past.store.clock, radius=31)):
        fresh.open()
        was, now = fresh.near([digest(1), digest(2)])
        assert was == ()
        assert [near.item for near in now] == [item]
