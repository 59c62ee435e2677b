"""A list is built, written, opened and asked: what matches, what stays silent, and why."""

from datetime import UTC, datetime

import numpy as np
import pytest

from listfiles import LISTED, NOW, build, draw, entry, opened
from rempart.errors import IncompleteError, RefusedError, StorageFullError
from rempart.lists import spool as spooling
from rempart.lists.build import ListBuilder
from rempart.lists.entry import Category, Disposition, EntrySignal, Opinion
from rempart.lists.hashlist import HashList
from rempart.lists.schemes import built_in
from rempart.lists.verify import verify
from rempart.signals.values import PdqHash, SignalKind

WHEN = datetime(2025, 1, 1, tzinfo=UTC)


def us(code):
    return Category(scheme="vic-us", code=code)


@pytest.mark.parametrize("copies", [1, 2, 3, 4, 5, 8, 16])
@pytest.mark.parametrize("distance", [0, 1, 16, 31])
def test_a_list_of_a_few_identical_hashes_matches_after_being_written_and_read_back(tmp_path, copies, distance):
    signals = draw(copies)
    pdq = signals.pdq()
    with opened(tmp_path / "l", [entry(f"e{n}", pdq) for n in range(copies)]) as list_:
        (found,) = list_.lookup([signals.near(pdq, distance)])
    assert {match.entry for match in found} == {f"e{n}" for n in range(copies)}
    assert {match.distance for match in found} == {distance}


def test_a_hash_just_outside_the_radius_does_not_match(tmp_path):
    signals = draw(1)
    pdq = signals.pdq()
    far = signals.near(pdq, 32)
    with opened(tmp_path / "l", [entry("e", pdq)]) as list_:
        assert list_.lookup([far]) == [()]
        assert len(list_.lookup([far], radius=32)[0]) == 1
        assert list_.lookup([pdq], radius=0)[0][0].distance == 0


def test_answers_come_in_the_order_of_the_questions_whatever_their_kinds(tmp_path):
    signals = draw(2)
    pdq, md5, sha1, sha256 = signals.pdq(), signals.md5(), signals.sha1(), signals.sha256()
    asked = [sha256, signals.pdq(), pdq, md5, signals.md5(), sha1]
    with opened(tmp_path / "l", [entry("e", pdq, md5, sha1, sha256)]) as list_:
        found = list_.lookup(asked)
    assert [[match.signal for match in one] for one in found] == [[sha256], [], [pdq], [md5], [], [sha1]]


def test_matches_are_nearest_first_and_carry_what_the_owner_says(tmp_path):
    signals = draw(3)
    pdq = signals.pdq()
    entries = [
        entry("far", signals.near(pdq, 20), category=us("1"), opinion=Opinion.SEED),
        entry("near", EntrySignal(signal=signals.near(pdq, 5), recipe="r", quality=90, facet="crop:left:10")),
    ]
    with opened(tmp_path / "l", entries, name="ours") as list_:
        near, far = list_.lookup([pdq])[0]
    assert (near.entry, near.distance, near.facet) == ("near", 5, "crop:left:10")
    assert (far.entry, far.distance, far.scheme, far.code, far.opinion) == ("far", 20, "vic-us", "1", Opinion.SEED)
    assert near.list == "ours"


def test_an_entry_matches_once_by_the_nearest_of_its_signals(tmp_path):
    signals = draw(30)
    pdq = signals.pdq()
    facets = [EntrySignal(signal=signals.near(pdq, bits), facet=f"crop:left:{bits}") for bits in (4, 8, 12)]
    with opened(tmp_path / "l", [entry("e", *facets, EntrySignal(signal=pdq))]) as list_:
        assert [(m.distance, m.facet) for m in list_.lookup([pdq])[0]] == [(0, None)]
        assert [m.facet for m in list_.lookup([signals.near(facets[2].signal, 1)])[0]] == ["crop:left:12"]


def test_many_probes_at_once_find_what_each_finds_alone(tmp_path):
    signals = draw(4)
    stored = [signals.pdq() for _ in range(300)]
    with opened(tmp_path / "l", [entry(f"e{n}", one) for n, one in enumerate(stored)]) as list_:
        probes = [signals.near(one, 9) for one in stored[:20]] + [signals.pdq() for _ in range(20)]
        together = list_.lookup_pdq(np.frombuffer(b"".join(probes), np.uint8).reshape(-1, 32), 31)
        assert together == [list_.lookup([one])[0] for one in probes]
        assert [len(one) for one in together] == [1] * 20 + [0] * 20
        assert list_.lookup_pdq(np.empty((0, 32), np.uint8)) == []


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"category": us("0")}, Disposition.KNOWN_GOOD),
        ({"category": us("4")}, Disposition.EXEMPLAR),
        ({"category": None}, Disposition.UNCATEGORISED),
        ({"opinion": Opinion.NEGATIVE}, Disposition.NEGATIVE),
        ({"withdrawn": WHEN}, Disposition.WITHDRAWN),
    ],
)
def test_entries_that_are_not_to_be_reported_never_match(tmp_path, changes, state):
    signals = draw(5)
    pdq, md5 = signals.pdq(), signals.md5()
    report = build(tmp_path / "l", [entry("e", pdq, md5, **changes)])
    with HashList.open(tmp_path / "l") as list_:
        assert list_.lookup([pdq, md5], radius=63) == [(), ()]
        assert list_.dispositions() == {state: 1}
        good = list_.known_good([pdq, md5])
    benign = state is Disposition.KNOWN_GOOD
    assert [len(one) for one in good] == [0, 1 if benign else 0]
    assert report.matching == 0
    assert dict(report.silent) == ({} if benign else {state.label: 1})


def test_a_hash_on_the_list_twice_over_matches_by_the_entry_that_counts(tmp_path):
    signals = draw(6)
    md5 = signals.md5()
    entries = [
        entry("good", md5, category=us("0")),
        entry("bad", md5, category=us("1")),
        entry("none", md5, category=None),
    ]
    with opened(tmp_path / "l", entries) as list_:
        assert [match.entry for match in list_.lookup([md5])[0]] == ["bad"]
        assert [match.entry for match in list_.known_good([md5])[0]] == ["good"]


def test_equal_entries_are_merged_and_counted_and_their_signals_joined(tmp_path):
    signals = draw(7)
    md5, sha1 = signals.md5(), signals.sha1()
    report = build(
        tmp_path / "l", [entry("e", md5), entry("other", signals.md5()), entry("e", sha1), entry("e", md5, sha1)]
    )
    assert (report.entries, report.duplicates) == (2, 2)
    assert dict(report.signals) == {"sha1": 1, "md5": 2}
    with HashList.open(tmp_path / "l") as list_:
        assert next(list_.entries()).signals == entry("e", md5, sha1).signals
        assert len(list_.lookup([md5])[0]) == 1


def test_entries_that_share_an_id_but_differ_stay_apart(tmp_path):
    md5 = draw(8).md5()
    entries = [entry("e", md5, category=us("1")), entry("e", md5, category=us("2"))]
    with opened(tmp_path / "l", entries) as list_:
        assert list(list_.entries()) == entries
        assert {match.code for match in list_.lookup([md5])[0]} == {"1", "2"}


def test_a_later_withdrawal_silences_the_same_signal_of_the_same_id_only(tmp_path):
    signals = draw(9)
    md5, sha1 = signals.md5(), signals.sha1()
    entries = [entry("e", md5, sha1), entry("f", md5), entry("e", md5, withdrawn=WHEN)]
    report = build(tmp_path / "l", entries)
    assert report.superseded == 1
    with HashList.open(tmp_path / "l") as list_:
        by_md5, by_sha1 = list_.lookup([md5, sha1])
        assert [match.entry for match in by_md5] == ["f"]
        assert [match.entry for match in by_sha1] == ["e"]
        assert [[s.signal for s in one.signals] for one in list_.matching_entries()] == [[sha1], [md5]]
        assert len(list(list_.entries())) == 3


def test_a_withdrawal_that_is_read_before_the_entry_does_not_silence_it(tmp_path):
    md5 = draw(10).md5()
    with opened(tmp_path / "l", [entry("e", md5, withdrawn=WHEN), entry("e", md5)]) as list_:
        assert len(list_.lookup([md5])[0]) == 1


def test_a_bare_tombstone_withdraws_all_that_was_read_under_its_id_before(tmp_path):
    signals = draw(11)
    md5, sha1, later = signals.md5(), signals.sha1(), signals.sha256()
    entries = [entry("e", md5), entry("e", sha1, source="x"), entry("e", withdrawn=WHEN), entry("e", later, source="y")]
    with opened(tmp_path / "l", entries) as list_:
        assert [len(one) for one in list_.lookup([md5, sha1, later])] == [0, 0, 1]


def test_an_entry_that_comes_back_after_its_tombstone_matches_again(tmp_path):
    md5 = draw(12).md5()
    with opened(tmp_path / "l", [entry("e", md5), entry("e", withdrawn=WHEN), entry("e", md5)]) as list_:
        assert len(list_.lookup([md5])[0]) == 1


def test_pdq_of_known_low_quality_is_kept_but_not_looked_up(tmp_path):
    signals = draw(13)
    poor, fine, unknown = signals.pdq(), signals.pdq(), signals.pdq()
    entries = [
        entry("poor", EntrySignal(signal=poor, quality=49)),
        entry("fine", EntrySignal(signal=fine, quality=50)),
        entry("unknown", unknown),
    ]
    report = build(tmp_path / "l", entries)
    assert report.low_quality == 1
    with HashList.open(tmp_path / "l") as list_:
        assert [len(one) for one in list_.lookup([poor, fine, unknown])] == [0, 1, 1]
        assert next(list_.entries()).signals[0].quality == 49
        assert [one.id for one in list_.matching_entries()] == ["fine", "unknown"]


def test_an_empty_list_is_legal_and_finds_nothing(tmp_path):
    signals = draw(14)
    with opened(tmp_path / "l") as list_:
        assert len(list_) == 0
        assert list_.lookup([signals.pdq(), signals.md5()]) == [(), ()]
        assert list(list_.entries()) == []
        assert verify(list_)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"category": us("9")}, "no code"),
        ({"category": Category(scheme="nonsense", code="1")}, "no category scheme"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_whole_and_leaves_no_trace(tmp_path, changes, told):
    signals = draw(15)
    md5 = signals.md5()
    with ListBuilder(tmp_path / "l", name="x", schemes=built_in(), created=NOW) as builder:
        builder.add(entry("a", signals.sha1()))
        with pytest.raises(RefusedError, match=told):
            builder.add(entry("b", md5, **changes))
        with pytest.raises(RefusedError, match="no signal"):
            builder.add(entry("c"))
        with pytest.raises(RefusedError, match="64 characters"):
            builder.add(entry("d", EntrySignal(signal=signals.pdq(), facet="x" * 65)))
        with pytest.raises(RefusedError, match="0 to 100"):
            builder.add(entry("d", EntrySignal(signal=signals.pdq(), quality=101)))
        builder.finish()
    with HashList.open(tmp_path / "l") as list_:
        assert [one.id for one in list_.entries()] == ["a"]
        assert list_.lookup([md5]) == [()]
        assert verify(list_)


def test_lists_larger_than_a_partition_are_the_same_as_small_ones(tmp_path, monkeypatch):
    signals = draw(16)
    entries = [
        entry(f"e{n % 700}", signals.pdq(), signals.md5(), category=us(str(n % 5)), record={"n": n % 690})
        for n in range(1000)
    ]
    entries += entries[:50] + [entry(f"e{n}", entries[n].signals[1], withdrawn=WHEN) for n in range(100, 120)]
    whole = build(tmp_path / "whole", entries)
    monkeypatch.setattr(spooling, "PARTITION", 64)
    monkeypatch.setattr("rempart.lists.compile.PARTITION", 64)
    monkeypatch.setattr(spooling.Spool.records, "__kwdefaults__", {"at_once": 64})
    parted = build(tmp_path / "parted", entries)
    assert parted == whole
    with HashList.open(tmp_path / "whole") as first, HashList.open(tmp_path / "parted") as second:
        assert verify(second)
        assert list(first.entries()) == list(second.entries())
        asked = [one.signals[-1].signal for one in entries]
        assert first.lookup(asked) == second.lookup(asked)
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "parted").read_bytes()


def test_what_goes_in_comes_out_by_random_lists_and_a_plain_dictionary(tmp_path):
    for seed in range(20):
        signals = draw(100 + seed)
        rng = signals.rng
        pool = [signals.md5() for _ in range(12)]
        entries = [
            entry(f"e{rng.randrange(8)}", *rng.sample(pool, rng.randint(1, 3)), category=us(str(rng.randrange(5))))
            for _ in range(rng.randint(1, 40))
        ]
        wanted = {
            md5: {(one.id, one.category.code) for one in entries if md5 in {s.signal for s in one.signals}}
            for md5 in pool
        }
        with opened(tmp_path / f"l{seed}", entries) as list_:
            for md5, found in zip(pool, list_.lookup(pool), strict=True):
                told = {(match.entry, match.code) for match in found}
                assert told == {one for one in wanted[md5] if one[1] in "123"}


def test_the_file_is_its_owners_alone_and_nothing_else_is_left(tmp_path):
    build(tmp_path / "l", [entry("e", draw(17).md5())])
    assert (tmp_path / "l").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["l"]


def give_up(path, one):
    with ListBuilder(path, name="x", schemes=built_in(), created=NOW) as builder:
        builder.add(one)
        raise KeyboardInterrupt


def test_a_build_that_is_given_up_leaves_the_old_list_and_nothing_else(tmp_path):
    md5 = draw(18).md5()
    build(tmp_path / "l", [entry("old", md5)])
    before = (tmp_path / "l").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        give_up(tmp_path / "l", entry("new", md5))
    assert (tmp_path / "l").read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["l"]


def test_a_reader_keeps_its_list_while_a_new_one_takes_its_place(tmp_path):
    signals = draw(19)
    old, new = signals.md5(), signals.md5()
    with opened(tmp_path / "l", [entry("old", old)]) as first:
        with opened(tmp_path / "l", [entry("new", new)]) as second:
            assert [len(one) for one in first.lookup([old, new])] == [1, 0]
            assert [len(one) for one in second.lookup([old, new])] == [0, 1]


def test_a_list_that_is_not_there_is_an_error_of_its_own(tmp_path):
    with pytest.raises(IncompleteError, match="could not be opened"):
        HashList.open(tmp_path / "none")


def test_a_radius_out_of_range_is_an_error(tmp_path):
    pdq = draw(20).pdq()
    with opened(tmp_path / "l", [entry("e", pdq)]) as list_, pytest.raises(ValueError, match="radius"):
        list_.lookup([pdq], radius=64)


def test_counts_tell_what_is_in_the_list(tmp_path):
    signals = draw(21)
    entries = [
        entry("a", signals.pdq(), signals.md5(), category=us("1")),
        entry("b", signals.md5(), category=None, opinion=Opinion.DISPUTED),
    ]
    with opened(tmp_path / "l", entries, name="n") as list_:
        assert (list_.name, list_.created, len(list_)) == ("n", "2026-01-02T03:04:05.000Z", 2)
        assert dict(list_.categories()) == {us("1"): 1, None: 1}
        assert dict(list_.opinions()) == {Opinion.POSITIVE: 1, Opinion.DISPUTED: 1}
        assert list_.kinds == (SignalKind.PDQ, SignalKind.MD5)
        assert list_.report["signals"] == {"pdq": 1, "md5": 2}
        assert [scheme["id"] for scheme in list_.schemes] == ["vic-us"]


def test_a_disk_that_is_full_is_told_and_the_old_list_stays(tmp_path, monkeypatch):
    md5 = draw(22).md5()
    build(tmp_path / "l", [entry("old", md5)])
    before = (tmp_path / "l").read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.pwrite", full)
    with pytest.raises(StorageFullError, match=r"[Nn]o room left"):
        build(tmp_path / "l", [entry("new", md5)])
    monkeypatch.undo()
    assert (tmp_path / "l").read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["l"]


def test_the_category_of_bare_hashes_says_only_that_they_are_listed():
    assert Category(scheme="listed", code="listed") == LISTED
    assert entry("e", PdqHash(bytes(32))).category == LISTED
