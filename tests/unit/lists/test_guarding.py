"""Growth, noisy hashes, canaries and the breaker's arithmetic: pure judgements."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from listfiles import draw
from rempart.errors import RefusedError
from rempart.lists.breaker import BreakerLimits, Open, entry_subject, rule_subject, threshold
from rempart.lists.breaker_records import Past
from rempart.lists.canaries import Canaries, rows_of
from rempart.lists.difference import Body, Known, Step, check_ref, compare
from rempart.lists.entry import Category, Entry, EntrySignal, Opinion
from rempart.lists.growth import Change, GrowthLimits, abnormal
from rempart.lists.noisy import NoisyHashes, unlike_lines
from rempart.lists.schemes import built_in
from rempart.signals.pdq import pdq
from rempart.signals.scenes import scene
from rempart.signals.values import PdqHash, SignalKind

LIMITS = GrowthLimits(percent=20, rows=1000)
AT = datetime(2026, 3, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "live", "stops"),
    [
        (Change(added=100), 10, False),  # too few to say anything
        (Change(added=101), 10, True),
        (Change(added=200), 1000, False),
        (Change(added=201), 1000, True),
        (Change(withdrawn=201), 1000, True),
        (Change(changed=201), 1000, True),
        (Change(added=150, changed=150, withdrawn=150), 1000, False),
        (Change(added=1000), 0, False),  # nothing to be a share of
        (Change(added=1001), 0, True),
        (Change(added=1001), 1_000_000, True),
        (Change(), 0, False),
    ],
)
def test_growth_is_abnormal_over_the_share_or_the_number(change, live, stops):
    assert bool(abnormal(change, live=live, limits=LIMITS)) is stops


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"percent": 5},
        {"percent": "5", "rows": 1},
        {"percent": True, "rows": 1},
        {"percent": 0, "rows": 1},
        {"percent": 5, "rows": -1},
        {"percent": 5, "rows": 1, "x": 1},
    ],
)
def test_growth_limits_that_are_none_are_refused(document):
    with pytest.raises(RefusedError):
        GrowthLimits.parse(document)


def test_looser_limits_are_looser_in_either_number():
    assert GrowthLimits(percent=21, rows=1).looser_than(LIMITS)
    assert GrowthLimits(percent=1, rows=1001).looser_than(LIMITS)
    assert not GrowthLimits(percent=20, rows=1000).looser_than(LIMITS)


def patterns():
    """Pictures with nothing in them, by name."""
    y, x = np.mgrid[0:400, 0:500]
    frame = np.zeros((400, 500), np.uint8)
    frame[40:-40, 40:-40] = 255
    return {
        "black": np.zeros((400, 500), np.uint8),
        "grey": np.full((400, 500), 77, np.uint8),
        "white": np.full((400, 500), 255, np.uint8),
        "slope": np.clip(x * 0.3, 0, 255).astype(np.uint8),
        "diagonal": np.clip((x + y) * 0.25, 0, 255).astype(np.uint8),
        "chequers": (127 + 127 * np.sign(np.sin(y / 20) * np.sin(x / 20))).astype(np.uint8),
        "frame": frame,
    }


@pytest.mark.parametrize("name", patterns())
def test_hashes_of_plain_pictures_are_noisy(name):
    made = pdq(patterns()[name])
    (reason,) = NoisyHashes(np.empty((0, 32), np.uint8), radius=31).judge(
        rows_of([made.hash], SignalKind.PDQ), [made.quality]
    )
    assert reason


def test_hashes_of_pictures_with_something_in_them_and_random_ones_are_not_noisy():
    hashes = [pdq(np.asarray(scene(seed, (240, 160)))).hash for seed in range(12)]
    hashes += [draw(seed).pdq() for seed in range(300)]
    judged = NoisyHashes(np.empty((0, 32), np.uint8), radius=31).judge(
        rows_of(hashes, SignalKind.PDQ), [None] * len(hashes)
    )
    assert set(judged) == {""}


def test_unlike_lines_count_a_row_and_its_negative_once():
    bits = np.zeros((16, 16), np.uint8)
    bits[::2] = 1
    bits[3, 5] = 1
    assert unlike_lines(np.packbits(bits.reshape(1, -1), axis=1)).tolist() == [2]


def test_what_the_operator_calls_noisy_is_so_within_the_radius():
    signals = draw(1)
    loud = signals.pdq()
    noisy = NoisyHashes(rows_of([loud], SignalKind.PDQ), radius=31)
    keys = rows_of([signals.near(loud, 31), signals.near(loud, 32)], SignalKind.PDQ)
    assert [bool(reason) for reason in noisy.judge(keys, [None, None])] == [True, False]


def test_canaries_are_found_by_digest_and_within_the_radius():
    signals = draw(2)
    good, digest = signals.pdq(), signals.md5()
    known_good = {
        SignalKind.PDQ: rows_of([good], SignalKind.PDQ),
        SignalKind.MD5: rows_of([digest] * 2, SignalKind.MD5),
    }
    canaries = Canaries(known_good, radius=31)
    asked = [signals.near(good, 31), signals.near(good, 32), digest, signals.md5(), signals.sha256(), signals.sha1()]
    assert [bool(reason) for reason in canaries.check(asked)] == [True, False, True, False, False, False]
    assert not Canaries({}, radius=31)
    assert Canaries({}, radius=31).check(asked) == [""] * 6


LISTED = Category(scheme="listed", code="listed")


def said(ref="a", *, seed=1, **more):
    return Entry(id=ref, signals=(EntrySignal(signal=draw(seed).pdq()),), category=LISTED, **more)


def known(entry, **more):
    body = Body.of(entry, built_in())
    return Known(
        entry_id=1, content=body.fingerprint, category=entry.category, opinion=entry.opinion, withdrawn=None, **more
    )


def test_the_order_of_signals_and_where_it_was_said_are_no_difference():
    one, other = EntrySignal(signal=draw(1).pdq()), EntrySignal(signal=draw(2).md5())
    first = Entry(id="a", signals=(one, other), category=LISTED, source="x", added=AT)
    again = Entry(id="a", signals=(other, one, one), category=LISTED, source="y")
    assert Body.of(first, built_in()).fingerprint == Body.of(again, built_in()).fingerprint


def test_a_body_gives_the_entry_back():
    entry = said(opinion=Opinion.SEED, tags=("x",), record={"n": 1}, source="here", added=AT)
    assert Body.of(entry, built_in()).entry("a") == entry


def test_each_difference_is_told():
    entry = said()
    body = Body.of(entry, built_in())
    assert compare(entry, body, None).step is Step.ADD
    assert compare(entry, body, known(entry)).step is None
    other = compare(entry, body, known(said(opinion=Opinion.DISPUTED)))
    assert (other.step, other.what) == (Step.CHANGE, "opinion")
    assert compare(entry, body, known(said(seed=2))).what == "content"
    with pytest.raises(RefusedError, match="not on the list"):
        compare(entry, None, None)


@pytest.mark.parametrize("ref", ["", "x" * 513, "a\0b", "a\nb", "\ud800", "‮"])
def test_references_that_cannot_be_printed_are_refused(ref):
    with pytest.raises(RefusedError):
        check_ref(ref)


def test_an_entry_of_too_many_signals_or_too_long_a_record_is_refused():
    signals = draw(1)
    many = Entry(id="a", signals=tuple(EntrySignal(signal=signals.md5()) for _ in range(1001)), category=LISTED)
    with pytest.raises(RefusedError, match="over 1000 signals"):
        Body.of(many, built_in())
    with pytest.raises(RefusedError, match="over 262144 characters"):
        Body.of(said(record={"x": "y" * (1 << 18)}), built_in())


def past(total, hours):
    return Past(total=total, since=AT - timedelta(hours=hours) if total else None)


@pytest.mark.parametrize(
    ("subject", "before", "expected"),
    [
        (entry_subject(1), past(0, 0), 30),
        (entry_subject(1), past(24, 24), 30),
        (entry_subject(1), past(2880, 24), 80),  # ten a window
        (rule_subject("r"), past(0, 0), 2400),  # nobody knows what is usual
        (rule_subject("r"), past(100, 0.5), 2400),
        (rule_subject("r"), past(1200, 1), 800),  # a hundred a window
        (rule_subject("r"), past(10, 100), 300),
    ],
)
def test_the_threshold_follows_what_is_usual(subject, before, expected):
    assert threshold(subject, before, at=AT, limits=BreakerLimits()) == expected


class Matched:
    def __init__(self, entry_id, mode="blocking"):
        self.entry_id, self.mode, self.list_id, self.list = entry_id, mode, "list_1", "police"


def test_a_block_is_covered_when_its_rule_or_all_its_blocking_entries_are_tripped():
    opened = Open(frozenset({entry_subject(1), rule_subject("bad")}))
    assert opened.covers([Matched(1)], "fine")
    assert opened.covers([Matched(1), Matched(2, "observing")], "fine")
    assert not opened.covers([Matched(1), Matched(2)], "fine")
    assert opened.covers([Matched(2)], "bad")
    assert not opened.covers([], "fine")
    assert not Open().covers([Matched(1)], "bad")


def test_the_hash_of_a_flat_picture_is_all_zero_and_so_found():
    assert pdq(np.zeros((64, 64), np.uint8)).hash == PdqHash(bytes(32))
