"""What is asked for a file, and the one form of what is answered."""

from __future__ import annotations

from dataclasses import replace

from livelists import digests, pdq
from rempart.lists.entry import Opinion
from rempart.lists.lookup import EXACT, GIVEN, MOST, ListMatch, answer, asked_of, asked_signals
from rempart.signals.examine import Examination
from rempart.signals.outcome import Outcome
from rempart.signals.probes import Probe
from rempart.signals.values import SignalKind

NEAR = ListMatch(
    list="ours", ref="e", signal_kind=SignalKind.PDQ, distance=3, probe="trim", scheme="listed", code="listed",
    opinion=Opinion.POSITIVE, facet=None,
)  # fmt: skip


def test_a_file_is_asked_for_by_its_digests_and_its_good_probes() -> None:
    sha256, sha1, md5 = digests(1)
    probes = (Probe(name="canonical", hash=pdq(1), quality=49), Probe(name="trim", hash=pdq(2), quality=50))
    seen = Examination(outcome=Outcome.LOW_QUALITY, sha256=sha256, sha1=sha1, md5=md5, probes=probes)
    assert asked_of(seen) == ((sha256, EXACT), (sha1, EXACT), (md5, EXACT), (pdq(2), "trim"))
    assert asked_of(replace(seen, sha1=None, probes=())) == ((sha256, EXACT), (md5, EXACT))
    assert asked_of(None) == ()


def test_given_signals_say_that_they_were_given() -> None:
    sha256, *_ = digests(1)
    assert asked_signals([pdq(1), sha256]) == ((pdq(1), GIVEN), (sha256, EXACT))


def test_a_match_has_the_same_keys_wherever_it_comes_from() -> None:
    of_file = NEAR.document()
    of_database = replace(NEAR, list_id="list_1", mode="blocking", entry_id=7).document()
    assert of_file == {
        "list": "ours", "entry": "e", "signal": "pdq", "distance": 3, "scheme": "listed", "code": "listed",
        "opinion": "positive", "facet": None, "probe": "trim",
    }  # fmt: skip
    assert of_database == of_file | {"list_id": "list_1", "mode": "blocking", "entry_id": 7}


def test_an_entry_is_told_once_by_likeness_and_once_by_its_bytes() -> None:
    nearer, same = replace(NEAR, distance=0, probe="b"), replace(NEAR, distance=0, probe="c")
    exact = replace(NEAR, signal_kind=SignalKind.MD5, distance=0, probe=EXACT)
    found = answer([NEAR, nearer, same, exact], [], mark=5)
    assert (found.matches, found.known_good, found.cut, found.mark) == ((nearer, exact), (), False, 5)


def test_entries_of_the_database_that_share_a_reference_stay_apart() -> None:
    one, two = replace(NEAR, list_id="l", entry_id=1), replace(NEAR, list_id="l", entry_id=2)
    assert answer([one, two], []).matches == (one, two)


def test_the_nearest_are_kept_and_the_cut_is_told() -> None:
    crowd = [replace(NEAR, ref=str(n), distance=n % 30) for n in range(MOST + 1)]
    found = answer(crowd, crowd)
    assert (len(found.matches), len(found.known_good), found.cut) == (MOST, MOST, True)
    assert [match.distance for match in found.matches] == sorted(match.distance for match in found.matches)
    assert not answer(crowd[:MOST], []).cut
