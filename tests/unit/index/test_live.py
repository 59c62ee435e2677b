"""The live index: what was added is found by the very next search, what was removed is not, and nobody waits."""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hamming_oracle import Keys, distances, random_keys, turned
from rempart.errors import CorruptFileError, ForeignFileError, UnavailableError
from rempart.index import live
from rempart.index.hamming import HammingIndex
from rempart.index.live import Changes, LiveIndex
from rempart.index.livetables import HAMMING, PREFIXES, Tables
from rempart.index.sections import SectionWriter

LONG = os.environ.get("REMPART_CAMPAIGN") == "1"


def found(index: LiveIndex, key: Keys, radius: int = 31) -> list[tuple[int, int]]:
    hits = index.search(key.reshape(1, 32), radius)
    return list(zip(hits.distances.tolist(), hits.ids.tolist(), strict=True))


def test_an_added_key_is_found_by_the_next_search_and_a_removed_one_is_not() -> None:
    rng = np.random.default_rng(1)
    index = LiveIndex()
    for name in range(300):
        key = random_keys(rng, 1)
        index.add(key, [name])
        assert found(index, turned(rng, key[0], 31)) == [(31, name)]
        if name % 3 == 0:
            index.remove([name])
            assert found(index, key) == []


def test_adding_an_id_again_after_its_removal_brings_it_back() -> None:
    key = random_keys(np.random.default_rng(2), 1)
    index = LiveIndex()
    for _ in range(3):
        index.add(key, [7])
        assert found(index, key) == [(0, 7)]
        index.remove([7, 8])
        assert found(index, key) == []
    index.merge()
    assert found(index, key) == []
    index.add(key, [7])
    assert found(index, key) == [(0, 7)]


def test_an_id_with_several_near_keys_is_named_once_at_its_smallest_distance() -> None:
    rng = np.random.default_rng(3)
    key = random_keys(rng, 1)[0]
    index = LiveIndex()
    index.add(np.array([turned(rng, key, flips) for flips in (9, 4, 20)]), [5, 5, 6])
    index.merge()
    index.add(turned(rng, key, 4)[None], [2])
    assert found(index, key) == [(4, 2), (4, 5), (20, 6)]


def test_a_merge_changes_no_answer_and_survives_reopening(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    index = LiveIndex(tmp_path / "live")
    keys = random_keys(rng, 9000)
    index.add(keys[:5000], range(5000))
    index.remove(range(0, 5000, 2))
    index.merge()
    index.add(keys[5000:], range(5000, 9000))
    index.remove([1, 5001])
    assert index.pending == 4002
    before = index.search(keys, 10)
    index.merge()
    assert index.pending == 0
    for other in (index, LiveIndex(tmp_path / "live")):
        assert other.mark == index.mark == 4
        assert all(np.array_equal(a, b) for a, b in zip(before, other.search(keys, 10), strict=True))
    assert before.ids.tolist() == [*range(3, 5000, 2), 5000, *range(5002, 9000)]
    assert [child.name for child in tmp_path.iterdir()] == ["live"]


def test_changes_that_come_while_a_merge_is_writing_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deterministic: the merge is held up after it has read, and everything else goes on meanwhile."""
    rng = np.random.default_rng(5)
    keys = random_keys(rng, 20_000)
    index = LiveIndex(tmp_path / "live")
    index.add(keys[:100], range(100))
    reading, go = threading.Event(), threading.Event()
    joined = live.joined

    def held(*args: object, **options: object) -> object:
        result = joined(*args, **options)  # type: ignore[arg-type]
        if threading.current_thread().name == "rempart-merge":
            reading.set()
            assert go.wait(30)
        return result

    monkeypatch.setattr(live, "joined", held)
    index.merge(wait=False)
    assert reading.wait(30)
    index.remove([5])
    index.add(keys[100:9000], range(100, 9000))
    for at in range(9000, 20_000, 1000):
        index.add(keys[at : at + 1000], range(at, at + 1000))
    index.remove([50, 9500])
    index.add(keys[5:6], [5])
    during = index.search(keys, 0)
    go.set()
    index.wait()
    after = index.search(keys, 0)
    want = [*range(50), *range(51, 9500), *range(9501, 20_000)]
    assert during.ids.tolist() == after.ids.tolist() == want
    index.merge()
    assert index.search(keys, 0).ids.tolist() == want
    assert LiveIndex(tmp_path / "live").search(keys, 0).ids.tolist() == want


def test_readers_writers_and_merges_at_once_end_in_the_oracles_answer(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    pool = random_keys(rng, 3000)
    index = LiveIndex(tmp_path / "live")
    steady = random_keys(rng, 50)
    index.add(steady, range(10**8, 10**8 + 50))
    stop = threading.Event()
    failures: list[str] = []

    def read() -> None:
        while not stop.is_set():
            if index.search(steady, 0).ids.tolist() != list(range(10**8, 10**8 + 50)):
                failures.append("a key that nobody touched was lost")

    alive: list[dict[int, int]] = [{} for _ in range(2)]

    def write(own: int) -> None:
        draw = np.random.default_rng(own)
        names = iter(range(own * 10**6, (own + 1) * 10**6))
        for _ in range(600 if LONG else 60):
            rows = draw.integers(0, len(pool), int(draw.integers(1, 400)))
            ids = [next(names) for _ in rows]
            index.add(pool[rows], ids)
            alive[own].update(zip(ids, rows.tolist(), strict=True))
            if ids[-1] not in index.search(pool[rows[-1:]], 0).ids:
                failures.append("an added key was not found by the next search")
            gone = draw.choice(list(alive[own]), min(len(alive[own]), 60), replace=False).tolist()
            index.remove(gone)
            if gone[0] in index.search(pool[[alive[own][gone[0]]]], 0).ids:
                failures.append("a removed key was found by the next search")
            for one in gone:
                del alive[own][one]

    def merge() -> None:
        while not stop.is_set():
            index.merge()

    writers = [threading.Thread(target=write, args=(own,)) for own in range(2)]
    others = [threading.Thread(target=read), threading.Thread(target=merge)]
    for thread in (*writers, *others):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in others:
        thread.join()
    assert failures == []
    by_row = defaultdict(list)
    for own in alive:
        for name, row in own.items():
            by_row[row].append(name)
    index.merge()
    for other in (index, LiveIndex(tmp_path / "live")):
        hits = other.search(pool, 0)
        for row, (low, high) in enumerate(zip(hits.offsets[:-1], hits.offsets[1:], strict=True)):
            assert hits.ids[low:high].tolist() == sorted(by_row[row])


def test_a_failed_merge_leaves_the_index_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = random_keys(np.random.default_rng(7), 10)
    index = LiveIndex(tmp_path / "live")
    index.add(keys[:5], range(5))
    index.merge()

    def broken(*_: object, **__: object) -> None:
        raise OSError("no")

    with monkeypatch.context() as patch:
        patch.setattr(SectionWriter, "commit", broken)
        index.add(keys[5:], range(5, 10))
        index.merge(wait=False)
        with pytest.raises(OSError, match="no"):
            index.wait()
    assert index.search(keys, 0).ids.tolist() == list(range(10))
    assert [child.name for child in tmp_path.iterdir()] == ["live"]
    index.merge()
    assert LiveIndex(tmp_path / "live").search(keys, 0).ids.tolist() == list(range(10))


def test_another_processs_base_is_taken_over_without_losing_or_doubling_a_change(tmp_path: Path) -> None:
    keys = random_keys(np.random.default_rng(8), 6000)
    one, two = LiveIndex(tmp_path / "live"), LiveIndex(tmp_path / "live")
    for index in (one, two):
        index.add(keys[:5000], range(5000), at=10)
        index.remove([3], at=11)
    two.add(keys[5000:], range(5000, 6000), at=12)
    two.remove([4, 5999], at=13)
    one.merge()
    two.reload()
    assert two.mark == 11
    assert two.search(keys, 0).ids.tolist() == [0, 1, 2, *range(5, 5999)]
    assert two.pending == 1002
    with pytest.raises(ValueError, match="change"):
        two.add(keys[:1], [1], at=11)


def test_a_change_is_one_call_so_that_no_merge_can_part_it(tmp_path: Path) -> None:
    keys = random_keys(np.random.default_rng(9), 2)
    index = LiveIndex(tmp_path / "live")
    index.add(keys, [1, 2], at=5)
    with pytest.raises(ValueError, match="change 5 does not come after change 5"):
        index.remove([1], at=5)
    with pytest.raises(ValueError, match="change 4"):
        index.add(keys, [3, 4], at=4)
    assert index.search(keys, 0).ids.tolist() == [1, 2]


def test_wrong_shapes_and_foreign_files_are_refused(tmp_path: Path) -> None:
    index = LiveIndex()
    with pytest.raises(ValueError, match="ids"):
        index.add(np.zeros((2, 32), np.uint8), [1])
    with pytest.raises(ValueError, match="memory"):
        index.reload()
    with SectionWriter(tmp_path / "other", kind="something else") as writer:
        writer.add("a", b"")
    with pytest.raises(ForeignFileError):
        LiveIndex(tmp_path / "other")
    index.add(np.zeros((2, 32), np.uint8), [1, 2])
    with SectionWriter(tmp_path / "short", kind=HAMMING.file_kind) as writer:
        writer.add("mark", np.array([1], "<i8"))
        writer.add("live.ids", np.array([1], "<i8"))
        HammingIndex.build_into(writer, np.zeros((2, 32), np.uint8), prefix="live")
    with pytest.raises(CorruptFileError):
        LiveIndex(tmp_path / "short")


def changes(
    keys: Keys, ids: list[int], at: list[int], removed: list[int] | None = None, gone: list[int] | None = None
) -> Changes:
    columns = [np.array(column, np.int64) for column in (ids, at, removed or [], gone or [])]
    return Changes(keys, *columns)


def test_changes_that_are_known_already_are_passed_over_and_the_rest_taken_in(tmp_path: Path) -> None:
    keys = random_keys(np.random.default_rng(10), 6)
    index = LiveIndex(tmp_path / "live")
    index.apply(changes(keys[:3], [1, 2, 3], [10, 11, 14], [1], [12]), upto=20)
    assert (index.last, index.search(keys, 0).ids.tolist()) == (20, [2, 3])
    index.apply(changes(keys, [1, 2, 3, 4, 5, 6], [10, 11, 14, 20, 21, 22], [2, 3], [20, 23]), upto=23)
    assert (index.last, index.search(keys, 0).ids.tolist()) == (23, [2, 5, 6])
    index.apply(changes(keys, [7] * 6, [9] * 6), upto=22)
    assert (index.last, index.search(keys, 0).ids.tolist()) == (23, [2, 5, 6])
    index.merge()
    assert LiveIndex(tmp_path / "live").search(keys, 0).ids.tolist() == [2, 5, 6]


def test_a_row_that_comes_and_goes_in_one_change_is_not_found() -> None:
    keys = random_keys(np.random.default_rng(11), 2)
    index = LiveIndex()
    index.apply(changes(keys, [1, 2], [5, 5], [1], [5]), upto=5)
    assert index.search(keys, 0).ids.tolist() == [2]


def test_a_base_that_is_ahead_is_taken_over_and_changes_that_it_holds_are_not_doubled(tmp_path: Path) -> None:
    keys = random_keys(np.random.default_rng(12), 9000)
    ahead, behind = LiveIndex(tmp_path / "live"), LiveIndex(tmp_path / "live")
    everything = changes(keys, [*range(9000)], [*range(1, 9001)], [0, 8000], [5000, 9000])
    ahead.apply(everything, upto=9000)
    behind.apply(changes(keys[:3000], [*range(3000)], [*range(1, 3001)]), upto=3000)
    ahead.merge()
    assert behind.reload()
    assert not behind.reload()
    assert behind.last == behind.mark == 9000
    assert behind.pending == 0
    behind.apply(everything, upto=9000)
    assert behind.search(keys, 0).ids.tolist() == [*range(1, 8000), *range(8001, 9000)]


def test_a_base_of_a_process_that_stood_still_neither_takes_over_nor_is_taken_over(tmp_path: Path) -> None:
    keys = random_keys(np.random.default_rng(13), 3)
    slow, fast = LiveIndex(tmp_path / "live"), LiveIndex(tmp_path / "live")
    slow.apply(changes(keys[:1], [1], [1]), upto=1)
    fast.apply(changes(keys, [1, 2, 3], [1, 2, 3]), upto=3)
    fast.merge()
    slow.merge()
    assert slow.mark == slow.last == 3
    assert slow.search(keys, 0).ids.tolist() == [1, 2, 3]
    late = LiveIndex(fresh=True, path=tmp_path / "live")
    late.apply(changes(keys[:1], [1], [1]), upto=1)
    (tmp_path / "live").unlink()
    late.merge()
    assert not fast.reload()
    assert fast.search(keys, 0).ids.tolist() == [1, 2, 3]
    fast.apply(changes(keys[:0], [], [], [1], [4]), upto=4)
    fast.merge()
    assert LiveIndex(tmp_path / "live").search(keys, 0).ids.tolist() == [2, 3]


def test_whoever_may_no_longer_merge_publishes_nothing(tmp_path: Path) -> None:
    keys = random_keys(np.random.default_rng(14), 2)
    index = LiveIndex(tmp_path / "live")
    index.add(keys, [1, 2])
    with pytest.raises(UnavailableError, match="Another process"):
        index.merge(guard=lambda: False)
    assert list(tmp_path.iterdir()) == []
    assert index.search(keys, 0).ids.tolist() == [1, 2]
    index.merge(guard=lambda: True)
    assert LiveIndex(tmp_path / "live").mark == 1


def test_whoever_holds_the_old_base_keeps_it_whole(tmp_path: Path) -> None:
    keys = random_keys(np.random.default_rng(15), 20_000)
    reader, writer = LiveIndex(tmp_path / "live"), LiveIndex(tmp_path / "live")
    writer.add(keys, range(20_000))
    writer.merge()
    assert reader.reload()
    for turn in range(3):
        writer.remove(range(turn * 5000, turn * 5000 + 5000))
        writer.merge()
    assert reader.search(keys, 0).ids.tolist() == [*range(20_000)]
    assert reader.reload()
    assert reader.search(keys, 0).ids.tolist() == [*range(15_000, 20_000)]


@pytest.mark.parametrize("place", [0.01, 0.2, 0.5, 0.99])
@pytest.mark.parametrize("tables", [HAMMING, PREFIXES], ids=["pdq", "digests"])
def test_a_damaged_base_is_never_opened_nor_taken_over(tmp_path: Path, tables: Tables, place: float) -> None:
    rng = np.random.default_rng(16)
    keys = rng.integers(0, 256, (3000, tables.width), dtype=np.uint8)
    path = tmp_path / "live"
    good = LiveIndex(path, tables=tables)
    other = LiveIndex(path, tables=tables)
    good.add(keys, range(3000))
    good.merge()
    data = bytearray(path.read_bytes())
    data[int(place * len(data))] ^= 0x10
    path.with_suffix(".new").write_bytes(data)
    path.with_suffix(".new").replace(path)
    try:
        reopened = LiveIndex(path, tables=tables)
    except (CorruptFileError, ForeignFileError):
        with pytest.raises((CorruptFileError, ForeignFileError)):
            other.reload()
    else:  # the byte lay between two sections
        assert reopened.search(keys, 0).ids.tolist() == [*range(3000)]
    assert good.search(keys, 0).ids.tolist() == [*range(3000)]
    good.add(keys[:1], [3000])
    good.merge()
    assert len(LiveIndex(path, tables=tables)) == 3001


def test_beginning_anew_forgets_everything_even_a_later_mark(tmp_path: Path) -> None:
    keys = random_keys(np.random.default_rng(17), 10)
    index = LiveIndex(tmp_path / "live")
    index.add(keys, range(10), at=50)
    index.merge()
    index.replace(keys[:3], np.arange(3), mark=7)
    for one in (index, LiveIndex(tmp_path / "live")):
        assert (one.last, one.search(keys, 0).ids.tolist()) == (7, [0, 1, 2])
    index.replace(keys[:2], np.arange(2), mark=3, publish=False)
    assert index.search(keys, 0).ids.tolist() == [0, 1]
    index.merge()
    assert (LiveIndex(tmp_path / "live").mark, index.search(keys, 0).ids.tolist()) == (3, [0, 1])


class AnyOrder(RuleBasedStateMachine):
    """Whatever the order of changes and merges, the answer is the oracle's."""

    def __init__(self) -> None:
        super().__init__()
        self.index = LiveIndex()
        self.rng = np.random.default_rng(0)
        self.pool = np.array([turned(self.rng, random_keys(self.rng, 1)[0], 0) for _ in range(6)])
        self.rows: list[tuple[int, Keys]] = []

    @rule(names=st.lists(st.integers(-3, 12), max_size=5), flips=st.integers(0, 40))
    def add(self, names: list[int], flips: int) -> None:
        keys = [turned(self.rng, self.pool[self.rng.integers(6)], flips) for _ in names]
        self.index.add(np.array(keys, np.uint8).reshape(-1, 32), names)
        self.rows += zip(names, keys, strict=True)

    @rule(count=st.sampled_from([500, live.TAIL_ROWS, live.TAIL_ROWS + 1]))
    def add_many(self, count: int) -> None:
        self.index.add(np.repeat(self.pool[:1], count, axis=0), [99] * count)
        self.rows.append((99, self.pool[0]))

    @rule(names=st.lists(st.integers(-3, 12), max_size=4))
    def remove(self, names: list[int]) -> None:
        self.index.remove(names)
        self.rows = [(name, key) for name, key in self.rows if name not in names]

    @rule()
    def merge(self) -> None:
        self.index.merge()

    @invariant()
    def answers_as_the_oracle(self) -> None:
        best: dict[int, int] = {}
        names = [name for name, _ in self.rows]
        if names:
            own = distances(np.array([key for _, key in self.rows]), self.pool[0])
            for name, distance in zip(names, own.tolist(), strict=True):
                if distance <= 31:
                    best[name] = min(distance, best.get(name, 256))
        assert found(self.index, self.pool[0]) == sorted((distance, name) for name, distance in best.items())


AnyOrder.TestCase.settings = settings(max_examples=200 if LONG else 15, stateful_step_count=12, deadline=None)
TestAnyOrder = AnyOrder.TestCase
