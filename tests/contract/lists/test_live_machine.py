"""Whatever the order of changes, catching up, merges and restarts: each process answers as plain comparison does."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import update

import livelists as S
from rempart.clock import utc_now
from rempart.index import live as live_index
from rempart.lists.entry import Category, Entry, EntrySignal, Opinion
from rempart.lists.live import LiveLists
from rempart.lists.records import COUNTER, lists
from rempart.signals.values import PdqHash, Sha256, Signal
from rempart.store.counters import current_number
from rempart.store.engine import Store

LONG = os.environ.get("REMPART_CAMPAIGN") == "1"
KEYS = [S.pdq(seed) for seed in range(3)]
DIGESTS = [S.digests(seed)[kind] for seed in range(2) for kind in range(3)]
DIGESTS.append(Sha256(DIGESTS[0][:8] + bytes(24)))  # begins like another one
NAMES = ["a", "b"]


@dataclass(frozen=True)
class Held:
    """An entry as the oracle knows it."""

    list: str
    entry: Entry
    change: int

    def distance(self, asked: Signal) -> int | None:
        """Of the nearest signal that may answer, bit by bit; None when there is none."""
        near = []
        for one in self.entry.signals:
            if isinstance(asked, PdqHash) and isinstance(one.signal, PdqHash):
                bits = bin(int.from_bytes(asked) ^ int.from_bytes(one.signal)).count("1")
                if bits <= 31 and (one.quality is None or one.quality >= 50):
                    near.append(bits)
            elif one.signal == asked:
                near.append(0)
        return min(near, default=None)

    @property
    def matches(self) -> bool:
        return self.entry.category == S.LISTED and self.entry.opinion is not Opinion.NEGATIVE

    @property
    def benign(self) -> bool:
        return self.entry.category == S.GOOD and self.entry.opinion is not Opinion.NEGATIVE


SIGNAL = st.one_of(
    st.builds(
        lambda key, bits, quality: EntrySignal(signal=S.turned(key, bits), quality=quality),
        st.sampled_from(KEYS), st.sampled_from([0, 1, 5, 17, 30, 31, 31, 32]), st.sampled_from([None, 100, 50, 49]),
    ),
    st.builds(lambda digest: EntrySignal(signal=digest), st.sampled_from(DIGESTS)),
)  # fmt: skip
Told = tuple[str, list[EntrySignal], Category | None, Opinion]
ENTRY = st.tuples(
    st.sampled_from(NAMES),
    st.lists(SIGNAL, min_size=1, max_size=4),
    st.sampled_from([S.LISTED, S.LISTED, S.LISTED, S.GOOD, S.EXEMPLAR, None]),
    st.sampled_from([Opinion.POSITIVE, Opinion.SEED, Opinion.DISPUTED, Opinion.NEGATIVE]),
)
PROCESS = st.integers(0, 2)


class Machine(RuleBasedStateMachine):
    """Three processes on one database, two of them with one folder; `held` is what the database holds."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store = store
        with store.write() as conn:
            conn.execute(update(lists).values(ended=utc_now()))
        self.numbers = {name: S.new_list(store, name) for name in NAMES}
        home = Path(mkdtemp(prefix="rempart-live-"))
        self.folders = [home / "shared", home / "shared", home / "own"]
        self.processes = [S.opened(store, folder) for folder in self.folders]
        self.held: dict[int, Held] = {}
        self.count = 0

    @initialize(entries=st.lists(ENTRY, min_size=4, max_size=8))
    def begin(self, entries: list[Told]) -> None:
        self.add_each(entries)

    @rule(entries=st.lists(ENTRY, min_size=1, max_size=4))
    def add_each(self, entries: list[Told]) -> None:
        """One change after another."""
        for one in entries:
            self._add([one])

    @rule(entries=st.lists(ENTRY, min_size=1, max_size=4))
    def add_together(self, entries: list[Told]) -> None:
        """One change."""
        self._add(entries)

    @rule(entries=st.lists(ENTRY, min_size=1, max_size=3), at=PROCESS)
    def add_and_catch_up(self, entries: list[Told], at: int) -> None:
        self.add_each(entries)
        self.processes[at].catch_up()

    @rule(count=st.sampled_from([30, 300]), at=st.integers(0, 2))
    def add_many(self, count: int, at: int) -> None:
        self.count += 1
        entries = [S.entry(f"many{self.count}.{n}", S.turned(KEYS[at], 40 + n % 90, n)) for n in range(count)]
        S.add(self.store, self.numbers["a"], *entries)

    @rule(draw=st.randoms(use_true_random=False))
    def withdraw(self, draw: random.Random) -> None:
        if self.held:
            gone = draw.sample(sorted(self.held), min(len(self.held), draw.randint(1, 3)))
            S.withdraw(self.store, *gone)
            for one in gone:
                del self.held[one]

    @rule(name=st.sampled_from(NAMES))
    def end_list(self, name: str) -> None:
        with self.store.write() as conn:
            conn.execute(update(lists).where(lists.c.number == self.numbers[name]).values(ended=utc_now()))
        self.numbers[name] = S.new_list(self.store, name)
        self.held = {own: one for own, one in self.held.items() if one.list != name}

    @rule(at=PROCESS)
    def catch_up(self, at: int) -> None:
        self.processes[at].catch_up()

    @rule(at=PROCESS)
    def refresh(self, at: int) -> None:
        self.processes[at].index.refresh()

    @rule(at=PROCESS)
    def merge(self, at: int) -> None:
        self.processes[at].index.merge()

    @rule(at=PROCESS)
    def restart(self, at: int) -> None:
        whole = len(list(self.folders[at].glob("lists.*"))) == 2
        self.processes[at] = S.opened(self.store, self.folders[at])
        assert not (whole and self.processes[at].index._rebuilt), "good base files were not believed"

    @rule(at=PROCESS)
    def lose_files(self, at: int) -> None:
        for path in self.folders[at].glob("lists.*"):
            path.unlink()

    @invariant()
    def answers_as_the_oracle(self) -> None:
        for live in self.processes:
            for asked in (*KEYS, *DIGESTS):
                self._compare(live, asked)

    def _add(self, entries: list[Told]) -> None:
        for name in NAMES:
            told = [one for one in entries if one[0] == name]
            self.count += 1
            made = [
                S.entry(f"e{self.count}.{n}", *signals, category=category, opinion=opinion)
                for n, (_, signals, category, opinion) in enumerate(told)
            ]
            if made:
                ids = S.add(self.store, self.numbers[name], *made)
                with self.store.read() as conn:
                    change = current_number(conn, COUNTER)
                self.held |= {own: Held(name, one, change) for own, one in zip(ids, made, strict=True)}

    def _compare(self, live: LiveLists, asked: Signal) -> None:
        answer = S.found(live, asked)
        told = {one.entry_id: one.distance for one in answer.matches}
        assert len(told) == len(answer.matches)
        near = {own: one.distance(asked) for own, one in self.held.items() if one.matches}
        true = {own: distance for own, distance in near.items() if distance is not None}
        # What was withdrawn is never told, what was known by then always is; what came later may be.
        assert told == {own: true[own] for own in told if own in true}
        assert {own for own in true if self.held[own].change <= live.mark} <= told.keys()
        assert list(told.values()) == sorted(told.values())
        good = {one.entry_id for one in answer.known_good}
        benign = {own for own, one in self.held.items() if one.benign and one.distance(asked) is not None}
        if isinstance(asked, PdqHash):
            assert good == set()
        else:
            assert good <= benign
            assert {own for own in benign if self.held[own].change <= live.mark} <= good


@pytest.mark.timeout(600)
def test_any_order_of_events_is_answered_as_the_oracle_does(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_index, "TAIL_ROWS", 16)
    run_state_machine_as_test(
        lambda: Machine(store),
        settings=settings(
            max_examples=60 if LONG else 12 if store.dialect == "sqlite" else 5,
            stateful_step_count=25,
            deadline=None,
            phases=tuple(Phase) if LONG else (Phase.generate,),  # finding the smallest case takes minutes
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
