"""Lists in the database: what is added is found at once, what is withdrawn never again, the silent stay silent."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import event, insert, update

import livelists as S
from rempart.clock import utc_now
from rempart.lists.entry import Category, EntrySignal, Opinion
from rempart.lists.lookup import MOST, Asked
from rempart.lists.records import COUNTER, Mode, entry_signals, list_entries, lists
from rempart.signals.values import Sha256
from rempart.store.counters import next_number
from rempart.store.engine import Store


def count_statements(store: Store) -> list[str]:
    told: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *args: told.append(args[2]))
    return told


def test_an_entry_is_found_at_the_next_call_and_says_everything_of_itself(store: Store, tmp_path: Path) -> None:
    live = S.opened(store, tmp_path / "index")
    number = S.new_list(store, "partner", Mode.OBSERVING)
    key = S.pdq(1)
    held = EntrySignal(signal=key, recipe="r", quality=90, facet="crop 10 %")
    category = Category(scheme="vic-us", code="1")
    (own,) = S.add(store, number, S.entry("e1", held, *S.digests(1), category=category, opinion=Opinion.SEED))
    live.catch_up()
    likeness = live.lookup([Asked(S.turned(key, 31), "canonical+flipx"), Asked(S.pdq(2), "trim")], radius=31)
    assert [one.document() | {"list_id": ""} for one in likeness.matches] == [
        {
            "list": "partner", "entry": "e1", "signal": "pdq", "distance": 31, "scheme": "vic-us", "code": "1",
            "opinion": "investigation_seed", "facet": "crop 10 %", "probe": "canonical+flipx",
            "list_id": "", "mode": "observing", "entry_id": own,
        }
    ]  # fmt: skip
    assert likeness.matches[0].list_id.startswith("list_")
    assert likeness.mark == live.mark == 1
    for digest in S.digests(1):
        (match,) = S.found(live, digest).matches
        assert (match.probe, match.distance, match.signal_kind, match.exact) == ("exact", 0, digest.kind, True)
    assert S.found(live, S.turned(key, 32)).matches == ()
    assert S.refs(live, S.turned(key, 32), radius=32) == ["e1"]
    assert S.refs(live, S.turned(key, 31), radius=30) == []


def test_one_entry_found_in_many_ways_is_one_match_by_likeness_and_one_by_digest(store: Store, tmp_path: Path) -> None:
    live, number, key = S.opened(store, tmp_path / "index"), S.new_list(store), S.pdq(1)
    S.add(store, number, S.entry("e1", key, S.turned(key, 9), *S.digests(1)))
    live.catch_up()
    asked = [Asked(S.turned(key, 5), "a"), Asked(key, "b"), Asked(key, "c"), Asked(S.digests(1)[2], "exact")]
    assert [(one.probe, one.distance) for one in live.lookup(asked, radius=31).matches] == [("b", 0), ("exact", 0)]


@pytest.mark.parametrize("copies", [1, 2, 4, 8])
def test_a_list_of_a_few_identical_hashes_matches(store: Store, tmp_path: Path, copies: int) -> None:
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    S.add(store, number, *(S.entry(f"e{n}", S.pdq(1), *S.digests(1)) for n in range(copies)))
    wanted = [f"e{n}" for n in range(copies)]
    live.catch_up()
    for lists_ in (live, S.opened(store, tmp_path / "other")):
        lists_.index.merge()
        for signal in (S.turned(S.pdq(1), 31), *S.digests(1)):
            assert sorted(S.refs(lists_, signal)) == wanted
    assert sorted(S.refs(S.opened(store, tmp_path / "index"), S.pdq(1))) == wanted


def test_what_is_withdrawn_is_found_by_nobody_from_its_commit_on(store: Store, tmp_path: Path) -> None:
    here, there = S.opened(store, tmp_path / "index"), S.opened(store, tmp_path / "other")
    number = S.new_list(store)
    own, _ = S.add(store, number, S.entry("e1", S.pdq(1)), S.entry("e2", S.pdq(1)))
    here.catch_up()
    there.catch_up()
    assert sorted(S.refs(there, S.pdq(1))) == ["e1", "e2"]
    assert S.withdraw(store, own) == 1
    assert S.withdraw(store, own) == 0
    assert S.refs(there, S.pdq(1)) == S.refs(here, S.pdq(1)) == ["e2"]
    with store.write() as conn:
        conn.execute(update(lists).where(lists.c.number == number).values(ended=utc_now()))
    assert S.refs(there, S.pdq(1)) == []


def test_an_entry_that_comes_back_is_found_again(store: Store, tmp_path: Path) -> None:
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    for turn in range(3):
        (own,) = S.add(store, number, S.entry("e", S.pdq(1), *S.digests(1)))
        live.catch_up()
        assert S.refs(live, S.pdq(1)) == ["e"]
        if turn == 1:
            live.index.merge()
        S.withdraw(store, own)
        live.catch_up()
        assert S.refs(live, S.pdq(1), *S.digests(1)) == []


def test_silent_entries_stay_silent_and_benign_ones_answer_by_digest_alone(store: Store, tmp_path: Path) -> None:
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    signals = (S.pdq(1), *S.digests(1))
    S.add(store, number, S.entry("exemplar", *signals, category=S.EXEMPLAR))
    S.add(store, number, S.entry("uncategorised", *signals, category=None))
    S.add(store, number, S.entry("negative", *signals, opinion=Opinion.NEGATIVE))
    S.add(store, number, S.entry("benign", *signals, category=S.GOOD))
    live.catch_up()
    for _ in range(2):
        answer = S.found(live, *signals)
        assert answer.matches == ()
        assert [(one.ref, one.signal_kind) for one in answer.known_good] == [("benign", S.digests(1)[0].kind)]
        assert S.found(live, S.pdq(1)).known_good == ()
        live.index.merge()
    S.add(store, number, S.entry("listed", *signals))
    live.catch_up()
    answer = S.found(live, *signals)
    assert [one.ref for one in answer.matches] == ["listed", "listed"]
    assert [one.ref for one in answer.known_good] == ["benign"]


def test_hash_of_low_quality_is_not_looked_up_and_its_digest_is(store: Store, tmp_path: Path) -> None:
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    poor, fair = (EntrySignal(signal=S.pdq(quality), quality=quality) for quality in (49, 50))
    S.add(store, number, S.entry("poor", poor, *S.digests(49)), S.entry("fair", fair))
    live.catch_up()
    assert S.refs(live, S.pdq(49)) == []
    assert S.refs(live, *S.digests(49)) == ["poor"]
    assert S.refs(live, S.pdq(50)) == ["fair"]


def test_nothing_found_asks_the_database_nothing(store: Store, tmp_path: Path) -> None:
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    S.add(store, number, *(S.entry(f"e{n}", S.pdq(n), *S.digests(n)) for n in range(300)))
    live.catch_up()
    told = count_statements(store)
    for other in range(300, 330):
        assert S.found(live, S.pdq(other), *S.digests(other)).matches == ()
    assert told == []
    assert S.refs(live, S.pdq(5)) == ["e5"]
    assert len([statement for statement in told if "SELECT" in statement]) == 1


def test_digest_that_only_begins_like_a_listed_one_is_no_match(store: Store, tmp_path: Path) -> None:
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    listed = S.digests(1)[0]
    alike = Sha256(listed[:8] + bytes(24))
    S.add(store, number, S.entry("e1", listed))
    live.catch_up()
    told = count_statements(store)
    assert S.refs(live, alike) == []
    assert len(told) >= 1
    S.add(store, number, S.entry("e2", alike))
    live.catch_up()
    assert (S.refs(live, alike), S.refs(live, listed)) == (["e2"], ["e1"])


def test_hash_that_thousands_of_entries_share_says_that_it_lists_the_nearest(store: Store, tmp_path: Path) -> None:
    live, number, key = S.opened(store, tmp_path / "index"), S.new_list(store), S.pdq(1)
    S.add(store, number, *(S.entry(f"far{n}", S.turned(key, 3)) for n in range(1500)), S.entry("near", key))
    gone = S.add(store, number, *(S.entry(f"gone{n}", key) for n in range(1200)))
    live.catch_up()
    S.withdraw(store, *gone)
    answer = S.found(live, key)
    assert (len(answer.matches), answer.cut) == (MOST, True)
    assert answer.matches[0].ref == "near"
    assert S.found(live, S.pdq(2)).cut is False


def test_many_files_are_looked_up_at_once_in_order(store: Store, tmp_path: Path) -> None:
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    S.add(store, number, *(S.entry(f"e{n}", S.pdq(n)) for n in range(0, 40, 2)))
    live.catch_up()
    batch = [[Asked(S.pdq(n), "given")] * (n % 3) for n in range(40)]
    answers = live.lookup_many(batch, radius=31)
    wanted = [[f"e{n}"] if n % 2 == 0 and n % 3 else [] for n in range(40)]
    assert [[match.ref for match in one.matches] for one in answers] == wanted


def test_rows_that_were_written_first_and_committed_last_are_not_missed(store: Store, tmp_path: Path) -> None:
    """Numbers are given in the order of commits; ids and the order of writing are not."""
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    if store.dialect == "sqlite":
        pytest.skip("one writer at a time: nothing can be committed in between")
    with store.write() as conn:
        row = {
            "list": number, "ref": "slow", "scheme": "listed", "code": "listed", "opinion": "positive",
            "disposition": 0, "source": "", "added": utc_now(),
        }  # fmt: skip
        slow = conn.execute(insert(list_entries).returning(list_entries.c.id), row).scalar_one()
        (fast,) = S.add(store, number, S.entry("fast", S.pdq(2)))
        assert slow < fast
        assert live.catch_up() == 1
        signal = {"entry": slow, "kind": "pdq", "value": bytes(S.pdq(1)), "answers": True}
        conn.execute(insert(entry_signals), signal | {"added": next_number(conn, COUNTER)})
        assert live.catch_up() == 1
        blocked = threading.Thread(target=S.add, args=(store, number, S.entry("third", S.pdq(3))))
        blocked.start()
        time.sleep(0.2)
        assert live.catch_up() == 1
    blocked.join()
    assert live.catch_up() == 3
    assert [S.refs(live, S.pdq(n)) for n in (1, 2, 3)] == [["slow"], ["fast"], ["third"]]


def test_change_that_was_rolled_back_is_never_seen(store: Store, tmp_path: Path) -> None:
    live, number = S.opened(store, tmp_path / "index"), S.new_list(store)
    with pytest.raises(LookupError):  # noqa: PT012  the whole transaction
        with store.write() as conn:
            S.insert_entries(
                conn, [S.entry("e", S.pdq(1))], list_number=number, schemes=S.built_in(),
                number=next_number(conn, COUNTER), at=utc_now(),
            )  # fmt: skip
            raise LookupError
    S.add(store, number, S.entry("other", S.pdq(2)))
    assert live.catch_up() == 1
    assert (S.refs(live, S.pdq(1)), S.refs(live, S.pdq(2))) == ([], ["other"])
