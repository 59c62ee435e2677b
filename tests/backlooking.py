"""A deployment with lists, items and look-back, for tests: what is hosted, what changes, and what follows."""

from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import select, text

from actors import NOON
from hosting import host
from judging import judged
from rempart.cases.lookback import LOOKBACK, LookBack
from rempart.cases.records import cases, decisions
from rempart.items.lookback import ItemIndex
from rempart.items.records import checks, items, signals
from rempart.items.records.signals import ItemSignal
from rempart.lists import records as lists
from rempart.lists.entry import Entry
from rempart.lists.live import LiveLists
from rempart.lists.schemes import built_in
from rempart.policy.versions import PolicyStore
from rempart.signals.outcome import Outcome
from rempart.signals.values import PdqHash, Sha256
from rempart.store.counters import next_number
from rempart.store.jobs import JobRunner, enqueue
from rempart.store.workers import Worker
from vaults import a_vault


def digest(number: int) -> Sha256:
    return Sha256(sha256(b"%d" % number).digest())


def likeness(number: int, *, bits: int = 0) -> PdqHash:
    """A hash of its own for each number, with so many bits turned."""
    value = int.from_bytes(sha256(b"pdq%d" % number).digest())
    return PdqHash((value ^ ((1 << bits) - 1)).to_bytes(32))


@dataclass
class Site:
    """One deployment with lists, items and a runner of look-back."""

    store: object
    runner: object
    index: object
    lists: object
    numbers: dict
    folder: object

    def hold_list(self, name: str = "police", mode=lists.Mode.BLOCKING) -> int:
        with self.store.write() as conn:
            row = lists.create_list(conn, name=name, mode=mode, at=NOON)
        self.numbers[name] = row.number
        return row.number

    def add(self, *entries: Entry, name: str = "police") -> list[int]:
        with self.store.write() as conn:
            change = next_number(conn, "lists")
            made = lists.insert_entries(
                conn, entries, list_number=self.numbers[name], schemes=built_in(), number=change, at=NOON
            )
            enqueue(conn, LOOKBACK, {"after": change - 1, "upto": change}, now=NOON)
        return made

    def id_of(self, name: str) -> str:
        with self.store.read() as conn:
            return conn.execute(select(lists.lists.c.id).where(lists.lists.c.name == name)).scalar_one()

    def withdraw(self, *entries: int) -> None:
        with self.store.write() as conn:
            change = next_number(conn, "lists")
            lists.withdraw_entries(conn, entries, number=change, at=NOON)
            enqueue(conn, LOOKBACK, {"after": change - 1, "upto": change}, now=NOON)

    def check(self, number: int, *, verdict: str = "allow", service: str = "forum", outcome=Outcome.OK, **more) -> int:
        with self.store.write() as conn:
            change = next_number(conn, "items")
            host(conn, number, service=service, sha256=bytes(digest(number)), verdict=verdict, **more)
            kept = [
                ItemSignal(signal=digest(number), probe="exact"),
                ItemSignal(signal=likeness(number), probe="canonical", recipe="srgb8-full-v1", quality=90),
            ]
            signals.add(conn, [signals.row_of(number, one, number=change) for one in kept])
            row = {
                "request": f"check_{number}", "item": number, "service": service, "outcome": outcome,
                "verdict": verdict, "rule": "otherwise", "policy": 0, "mark": 0, "facts": None, "case_id": None,
                "at": NOON,
            }  # fmt: skip
            checks.add(conn, [row])
        return number

    def item(self, number: int):
        with self.store.read() as conn:
            return items.hosted(conn, number)

    def told(self, service: str = "forum"):
        with self.store.read() as conn:
            found = decisions.after(conn, service=service, seq=0, most=1000)
        return [(row.item_id, row.previous, row.verdict, row.reason) for row in found]

    def open_cases(self):
        with self.store.read() as conn:
            return cases.open_cases(conn, queue=None, service=None, after="", most=1000)

    def leaves(self, action: str):
        with self.store.read() as conn:
            found = conn.execute(text("SELECT body FROM ledger_leaves")).scalars().all()
        return [body for body in found if f'"action":"{action}"' in body]

    def judge(self, case_id: str, decision) -> None:
        judged(self.store, a_vault(self.store), case_id, decision)


@contextmanager
def look_site(store, folder, **more):
    """The parts on a store, at noon."""
    store.clock = lambda: NOON
    live = LiveLists(store, folder / "lists", store.clock)
    index = ItemIndex(store, folder / "items", store.clock, radius=31)
    live.open()
    index.open()
    look = LookBack(store, index=index, lists=live, policies=PolicyStore(), clock=store.clock, radius=31, **more)
    with Worker(store) as worker:
        made = Site(store, JobRunner(store, worker, {LOOKBACK: look}), index, live, {}, folder)
        made.hold_list()
        yield made
