"""What may befall the index of the lists: damage, loss, other processes that die or stand still in the middle of it."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, update

import livelists as S
from liveprocess import LiveProcess
from rempart.clock import utc_now
from rempart.errors import StorageFullError, UnavailableError
from rempart.index.live import LiveIndex
from rempart.index.livetables import HAMMING
from rempart.index.sections import SectionFile, SectionWriter
from rempart.lists.live import SOURCE, LiveLists
from rempart.lists.records import entry_signals
from rempart.lists.tail import SignalIndex
from rempart.store.engine import Store
from rempart.store.migrate import upgrade
from rempart.store.workers import Worker, leases, workers
from standstill import resume, stop_outside_a_transaction

LONG = os.environ.get("REMPART_CAMPAIGN") == "1"
MANY = 3000


def fill(store: Store, count: int = MANY) -> int:
    number = S.new_list(store, f"list {time.monotonic_ns()}")
    S.add(store, number, *(S.entry(f"e{n}", S.pdq(n), S.digests(n)[0]) for n in range(count)))
    return number


def knows_all(live: LiveLists, count: int = MANY) -> bool:
    return all(S.refs(live, S.pdq(n), S.digests(n)[0]) == [f"e{n}"] * 2 for n in range(0, count, 97))


def until(condition: Callable[[], bool], seconds: float = 60) -> float:
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds
        time.sleep(0.01)
    return time.monotonic() - start


@pytest.mark.parametrize("name", ["lists.pdq", "lists.digests"])
@pytest.mark.parametrize("place", [0.3, 0.9, None], ids=["flipped early", "flipped late", "missing"])
def test_a_damaged_or_missing_base_is_made_anew_and_the_log_says_so(
    sqlite_store: Store, tmp_path: Path, name: str, place: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    fill(sqlite_store)
    S.opened(sqlite_store, tmp_path / "index").index.merge()
    path = tmp_path / "index" / name
    data = bytearray(path.read_bytes())
    if place is None:
        path.unlink()
    else:
        data[int(place * len(data))] ^= 1
        path.write_bytes(data)
    caplog.clear()
    assert knows_all(S.opened(sqlite_store, tmp_path / "index"))
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert "index lists is made anew from the database" in told[0]
    assert ("no base file" if place is None else "lists.") in told[0]
    caplog.clear()
    assert knows_all(S.opened(sqlite_store, tmp_path / "index"))
    assert caplog.records == []


def test_files_cut_short_and_foreign_ones_are_made_anew(sqlite_store: Store, tmp_path: Path) -> None:
    fill(sqlite_store)
    for content in (b"", b"x", b"\x8eRMPRT\r\n" + bytes(56), None):
        S.opened(sqlite_store, tmp_path / "index").index.merge()
        path = tmp_path / "index" / "lists.pdq"
        path.write_bytes((tmp_path / "index" / "lists.digests").read_bytes() if content is None else content)
        assert knows_all(S.opened(sqlite_store, tmp_path / "index"))


def test_base_of_another_database_is_not_believed(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'other.db'}") as other:
        upgrade(other)
        number = S.new_list(other)
        S.add(other, number, *(S.entry(f"x{n}", S.pdq(-n), S.digests(-n)[0]) for n in range(1, MANY + 1)))
        S.opened(other, tmp_path / "index").index.merge()
    fill(store)
    caplog.clear()
    live = S.opened(store, tmp_path / "index")
    assert knows_all(live)
    assert "not of this database" in caplog.text
    assert S.refs(live, S.pdq(-1)) == []


@pytest.mark.parametrize("lost", [1, 1500, 2999])
def test_base_that_lacks_an_entry_is_not_believed(sqlite_store: Store, tmp_path: Path, lost: int) -> None:
    fill(sqlite_store)
    live = S.opened(sqlite_store, tmp_path / "index")
    base = live.index._pdq.base
    assert base is not None
    kept = base.ids != base.ids[lost]
    thin = LiveIndex(tmp_path / "index" / "lists.pdq", tables=HAMMING)
    thin.replace(base.table.keys[kept], base.ids[kept], mark=live.mark)
    again = S.opened(sqlite_store, tmp_path / "index")
    assert S.refs(again, S.pdq(lost)) == [f"e{lost}"]


def test_database_that_is_set_back_takes_the_index_with_it(
    sqlite_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert sqlite_store.path is not None
    number = fill(sqlite_store, 10)
    kept = tmp_path / "kept.db"
    with closing(sqlite3.connect(sqlite_store.path)) as plain:
        plain.execute("VACUUM INTO ?", (str(kept),))
    S.add(sqlite_store, number, S.entry("later", S.pdq("later")))
    live = S.opened(sqlite_store, tmp_path / "index")
    live.index.merge()
    sqlite_store.close()
    shutil.copy(kept, sqlite_store.path)
    for left in tmp_path.glob("rempart.db-*"):
        left.unlink()
    for one in (live, S.opened(sqlite_store, tmp_path / "index")):
        one.catch_up()
        assert S.refs(one, S.pdq("later")) == []
        assert S.refs(one, S.pdq(3)) == ["e3"]
        assert one.mark == 1
    assert "set back" in caplog.text


def test_damage_that_shows_in_use_is_mended_before_the_answer(
    sqlite_store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    fill(sqlite_store)
    live = S.opened(sqlite_store, tmp_path / "index")
    path = tmp_path / "index" / "lists.pdq"
    file = SectionFile.open(path, kind=HAMMING.file_kind)
    with path.open("r+b") as raw:
        for name in file.names:
            if ".lines." in name:
                raw.seek(file._sections[name].offset)
                raw.write(b"\x77" * file.length(name))
    assert knows_all(live)
    assert "leads to rows that do not exist" in caplog.text
    assert knows_all(S.opened(sqlite_store, tmp_path / "index"))


def test_index_that_cannot_be_written_is_kept_in_memory(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(_: SectionWriter) -> None:
        raise StorageFullError

    number = fill(sqlite_store)
    with monkeypatch.context() as patch:
        patch.setattr(SectionWriter, "commit", full)
        live = S.opened(sqlite_store, tmp_path / "index")
        assert knows_all(live)
        assert "no base file could be written" in caplog.text
        S.add(sqlite_store, number, S.entry("late", S.pdq("late")))
        live.catch_up()
        assert live.index.merge_is_due()
        with pytest.raises(StorageFullError):
            live.index.merge()
        assert knows_all(live)
    live.index.merge()
    assert not live.index.merge_is_due()
    assert S.refs(S.opened(sqlite_store, tmp_path / "index"), S.pdq("late")) == ["late"]


def test_signal_that_was_erased_or_deleted_with_its_removal_disturbs_nobody(store: Store, tmp_path: Path) -> None:
    number = S.new_list(store)
    live, behind = S.opened(store, tmp_path / "index"), S.opened(store, tmp_path / "other")
    erased, deleted, _ = S.add(store, number, *(S.entry(f"e{n}", S.pdq(n), *S.digests(n)) for n in range(3)))
    live.catch_up()
    S.withdraw(store, erased, deleted)
    with store.write() as conn:
        conn.execute(update(entry_signals).where(entry_signals.c.entry == erased).values(value=b""))
        conn.execute(delete(entry_signals).where(entry_signals.c.entry == deleted))
    for one in (live, behind):
        assert [S.refs(one, S.pdq(n), *S.digests(n)) for n in (0, 1)] == [[], []]
        one.catch_up()
        one.index.merge()
        assert S.refs(one, S.pdq(2)) == ["e2"]
    assert bytes(S.pdq(0)) not in (tmp_path / "index" / "lists.pdq").read_bytes()


def test_entries_of_one_process_are_found_by_another_within_a_second(database_url: str, tmp_path: Path) -> None:
    with Store.open(database_url) as store, LiveProcess(database_url, tmp_path / "index") as other:
        number = S.new_list(store)
        waits = []
        for turn in range(5):
            own = S.add(store, number, S.entry(f"e{turn}", S.pdq(turn), *S.digests(turn)))
            waits.append(until(lambda turn=turn: other.refs(S.pdq(turn)) == [f"e{turn}"]))
            assert other.refs(S.digests(turn)[1]) == [f"e{turn}"]
            S.withdraw(store, *own)
            assert other.refs(S.pdq(turn)) == other.refs(S.digests(turn)[1]) == []
        assert min(waits) < 1  # the machine may have been busy with something else


@pytest.mark.timeout(600)
def test_process_that_stood_still_finds_everything_when_it_goes_on(database_url: str, tmp_path: Path) -> None:
    still = 61.0 if LONG else 1.0
    with Store.open(database_url) as store, LiveProcess(database_url, tmp_path / "index") as other:
        number = fill(store, 100)
        until(lambda: other.refs(S.pdq(99)) == ["e99"])
        stop_outside_a_transaction(store, other.process.pid)
        here = S.opened(store, tmp_path / "index")
        for turn in range(20):
            S.add(store, number, *(S.entry(f"late{turn}.{n}", S.pdq((turn, n))) for n in range(20)))
            here.catch_up()
            here.index.merge()
        gone = S.add(store, number, S.entry("gone", S.pdq("gone")))
        S.withdraw(store, *gone)
        time.sleep(still)
        resume([other.process.pid])
        until(lambda: other.refs(S.pdq((19, 19))) == ["late19.19"])
        assert all(other.refs(S.pdq((turn, 7))) == [f"late{turn}.7"] for turn in range(20))
        assert other.refs(S.pdq("gone")) == []
        assert other.refs(S.pdq(50)) == ["e50"]


@pytest.mark.timeout(600)
def test_kill_in_the_middle_of_a_merge_loses_nothing(database_url: str, tmp_path: Path) -> None:
    with Store.open(database_url) as store:
        number = fill(store)
        S.opened(store, tmp_path / "index")
        for turn in range(30 if LONG else 5):
            with LiveProcess(database_url, tmp_path / "index", "merge") as other:
                S.add(store, number, S.entry(f"turn{turn}", S.pdq(("turn", turn))))
                time.sleep(0.05 + 0.011 * turn % 0.2)
                other.process.kill()
            live = S.opened(store, tmp_path / "index")
            assert all(S.refs(live, S.pdq(("turn", one))) == [f"turn{one}"] for one in range(turn + 1))
            assert knows_all(live)
        live.index.merge()
        names = {path.name for path in (tmp_path / "index").iterdir()}
        assert names - {name for name in names if name.endswith(".tmp")} == {"lists.pdq", "lists.digests"}


def test_what_a_killed_process_left_behind_is_cleared_in_time(sqlite_store: Store, tmp_path: Path) -> None:
    live = S.opened(sqlite_store, tmp_path / "index")
    old, young = tmp_path / "index" / ".aa.tmp", tmp_path / "index" / ".bb.tmp"
    for path in (old, young):
        path.write_bytes(b"left")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    live.index.merge()
    assert not old.exists()
    assert young.exists()


def test_one_process_at_a_time_writes_base_files_and_another_goes_on_when_it_is_gone(
    store: Store, tmp_path: Path
) -> None:
    fill(store, 50)
    one, two, far = (S.opened(store, tmp_path / name).index for name in ("index", "index", "elsewhere"))
    assert one.lease == two.lease != far.lease
    with Worker(store) as first:
        with Worker(store) as second, store.write() as conn:
            assert first.take(conn, one.lease)
            assert not second.take(conn, two.lease)
            assert second.take(conn, far.lease)
    with Worker(store) as third, store.write() as conn:
        assert third.take(conn, two.lease)


def test_process_that_was_called_dead_publishes_nothing(store: Store, tmp_path: Path) -> None:
    number = fill(store, 50)
    live = S.opened(store, tmp_path / "index")
    S.add(store, number, S.entry("late", S.pdq("late")))
    live.catch_up()
    before = (tmp_path / "index" / "lists.pdq").stat().st_ino
    with Worker(store) as dead, Worker(store) as other:
        with store.write() as conn:
            assert dead.take(conn, live.index.lease)
            conn.execute(delete(workers).where(workers.c.id == dead.id))
            conn.execute(update(leases).where(leases.c.worker == dead.id).values(worker=None))
            assert other.take(conn, live.index.lease)
        with pytest.raises(UnavailableError):
            live.index.merge(guard=lambda: live.index._holds_lease(dead))
        assert (tmp_path / "index" / "lists.pdq").stat().st_ino == before
        live.index.merge(guard=lambda: live.index._holds_lease(other))
    assert (tmp_path / "index" / "lists.pdq").stat().st_ino != before
    assert S.refs(S.opened(store, tmp_path / "index"), S.pdq("late")) == ["late"]


def test_merge_that_waits_for_the_database_keeps_no_writer_from_catching_up(store: Store, tmp_path: Path) -> None:
    """A check catches up inside its transaction, while a merge wants one to ask whether it may publish."""
    number = fill(store, 50)
    live = S.opened(store, tmp_path / "index")
    S.add(store, number, S.entry("late", S.pdq("late")))
    asking = threading.Event()

    def guard() -> bool:
        asking.set()
        with store.write():
            return True

    with store.write():
        threads = [
            threading.Thread(target=live.index.merge, kwargs={"guard": guard}),
            threading.Thread(target=live.index.refresh),
        ]
        threads[0].start()
        assert asking.wait(60)
        threads[1].start()
        time.sleep(0.1)
        started = time.monotonic()
        live.catch_up()
        assert time.monotonic() - started < 15  # a writer that waits for a lock gives up after twenty
        assert S.refs(live, S.pdq("late")) == ["late"]
    for thread in threads:
        thread.join()


def test_many_threads_add_find_withdraw_and_merge_at_once(store: Store, tmp_path: Path) -> None:
    number = S.new_list(store)
    here, there = S.opened(store, tmp_path / "index"), S.opened(store, tmp_path / "index")
    wrong: list[object] = []
    stop = threading.Event()

    def write(own: int) -> None:
        for turn in range(60 if LONG else 12):
            key = S.pdq((own, turn))
            ids = S.add(store, number, S.entry(f"{own}.{turn}", key, *S.digests((own, turn))))
            here.catch_up()
            if S.refs(here, key) != [f"{own}.{turn}"]:
                wrong.append((own, turn))
            if turn % 3 == 0:
                S.withdraw(store, *ids)
                if S.refs(here, key) or S.refs(there, key):
                    wrong.append(("withdrawn", own, turn))

    def repeat(deed: Callable[[], object]) -> None:
        while not stop.is_set():
            try:
                deed()
            except BaseException as err:
                wrong.append(err)
                raise

    writers = [threading.Thread(target=write, args=(own,)) for own in range(3)]
    others = [threading.Thread(target=repeat, args=(deed,)) for deed in (here.index.merge, there.index.refresh)]
    for thread in (*writers, *others):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in others:
        thread.join()
    assert wrong == []
    there.index.refresh()
    for own in range(3):
        for turn in range(12):
            wanted = [] if turn % 3 == 0 else [f"{own}.{turn}"]
            assert S.refs(there, S.pdq((own, turn))) == wanted


def test_an_index_of_any_table_with_such_columns_is_the_same_machine(sqlite_store: Store, tmp_path: Path) -> None:
    """Look-back uses it over the signals of items: here without the condition that lists have."""
    number = S.new_list(sqlite_store)
    S.add(sqlite_store, number, S.entry("silent", S.pdq(1), category=None), S.entry("e", S.turned(S.pdq(1), 3)))
    index = SignalIndex(sqlite_store, tmp_path / "index", replace(SOURCE, name="all", where=None), utc_now)
    index.open()
    ((silent, near),) = index.search([S.pdq(1)], radius=31)
    assert (silent.distance, near.distance) == (0, 3)
    assert index.search([], radius=31) == []
