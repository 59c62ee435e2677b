"""From examinations to results: what outranks what, and which match is shown."""

from pathlib import Path

import pytest

from rempart.lists.hashlist import HashList
from rempart.lists.lookup import MOST
from rempart.scan.lookup import Looked, judge
from rempart.scan.records import Checked, Record, Result, Target
from rempart.signals.examine import Examination
from rempart.signals.outcome import Outcome
from rempart.signals.probes import Probe
from rempart.signals.values import PdqHash
from scanning import build_list, known_good_list, md5, sha256

LISTED = b"listed bytes"
PICTURE = PdqHash(bytes(range(32)))
NEAR = PdqHash(bytes([0b111]) + PICTURE[1:])  # three bits away


def seen(
    data: bytes = b"other bytes", outcome: Outcome = Outcome.OK, probes: tuple[tuple[str, PdqHash, int], ...] = ()
) -> Examination:
    made = tuple(Probe(name=name, hash=value, quality=quality) for name, value, quality in probes)
    return Examination(
        outcome=outcome, media_type="image/png", size=len(data), sha256=sha256(data), md5=md5(data), probes=made
    )


@pytest.fixture
def lists(tmp_path: Path) -> list[HashList]:
    listed = build_list(tmp_path / "bad", [sha256(LISTED), md5(LISTED), PICTURE])
    good = known_good_list(tmp_path / "good", [sha256(LISTED), sha256(b"good bytes"), PICTURE.complement()])
    return [HashList.open(listed), HashList.open(good)]


def judged(lists: list[HashList], examination: Examination | None, note: str | None = None) -> Record:
    looked = Looked(target=Target(path="p"), examination=examination, note=note)
    return judge([looked], lists, radius=31)[0]


def test_file_on_a_list_is_a_match(lists: list[HashList]) -> None:
    record = judged(lists[:1], seen(LISTED))
    assert (record.result, record.exact) == (Result.MATCH, True)
    assert [(match["signal"], match["probe"], match["distance"]) for match in record.matches] == [
        ("sha256", "exact", 0),
        ("md5", "exact", 0),
    ]


def test_known_good_outranks_nothing(lists: list[HashList]) -> None:
    record = judged(lists, seen(LISTED))
    assert record.result is Result.MATCH
    assert record.known_good[0]["list"] == "good"
    record = judged(lists, seen(b"good bytes", probes=(("canonical", NEAR, 100),)))
    assert record.result is Result.MATCH


def test_known_good_by_digest_only(lists: list[HashList]) -> None:
    assert judged(lists, seen(b"good bytes")).result is Result.KNOWN_GOOD
    likeness = judged(lists, seen(probes=(("canonical", PICTURE.complement(), 100),)))
    assert likeness.result is Result.CLEAR


def test_match_by_likeness_names_its_probe_and_distance(lists: list[HashList]) -> None:
    probes = (("canonical", PdqHash(bytes(32)), 100), ("canonical+flipx", NEAR, 100), ("trim", PICTURE, 100))
    record = judged(lists, seen(probes=probes))
    assert [(match["probe"], match["distance"]) for match in record.matches] == [("trim", 0)]
    assert not record.exact
    assert record.checked is Checked.ALL


def test_flat_picture_goes_by_its_digests(lists: list[HashList]) -> None:
    record = judged(lists, seen(outcome=Outcome.LOW_QUALITY, probes=(("canonical", PICTURE, 49),)))
    assert (record.result, record.checked, record.matches) == (Result.CLEAR, Checked.DIGESTS, ())
    assert judged(lists, seen(LISTED, Outcome.LOW_QUALITY)).result is Result.MATCH


def test_good_probe_of_a_flat_picture_is_looked_up(lists: list[HashList]) -> None:
    probes = (("canonical", PdqHash(bytes(32)), 10), ("trim", PICTURE, 90))
    assert judged(lists, seen(outcome=Outcome.LOW_QUALITY, probes=probes)).result is Result.MATCH


@pytest.mark.parametrize("outcome", [Outcome.UNREADABLE, Outcome.TOO_LARGE, Outcome.TIMED_OUT])
def test_what_could_not_be_decoded_is_never_clear(lists: list[HashList], outcome: Outcome) -> None:
    assert judged(lists, seen(outcome=outcome)).result is Result.UNHASHED
    assert judged(lists, seen(LISTED, outcome)).result is Result.MATCH
    assert judged(lists, seen(b"good bytes", outcome)).result is Result.KNOWN_GOOD


def test_file_that_is_no_picture_may_be_clear(lists: list[HashList]) -> None:
    assert judged(lists, seen(outcome=Outcome.NOT_MEDIA)).result is Result.CLEAR


def test_note_keeps_a_file_from_being_clear(lists: list[HashList]) -> None:
    record = judged(lists, seen(outcome=Outcome.NOT_MEDIA), note="1 of its members are encrypted")
    assert (record.result, record.error) == (Result.UNHASHED, "1 of its members are encrypted")


def test_what_was_never_read_is_unhashed(lists: list[HashList]) -> None:
    record = judged(lists, None, note="no permission to read it")
    assert (record.result, record.outcome, record.checked) == (Result.UNHASHED, None, Checked.NOTHING)


def test_one_entry_found_by_many_probes_is_one_match(lists: list[HashList]) -> None:
    probes = tuple((f"p{number}", NEAR, 100) for number in range(8))
    assert [match["probe"] for match in judged(lists, seen(probes=probes)).matches] == ["p0"]


def test_batch_keeps_its_order(lists: list[HashList]) -> None:
    contents = [b"good bytes", LISTED, b"x", LISTED]
    batch = [Looked(target=Target(path=str(place)), examination=seen(data)) for place, data in enumerate(contents)]
    records = judge(batch, lists, radius=31)
    assert [record.target.path for record in records] == ["0", "1", "2", "3"]
    assert [str(record.result) for record in records] == ["known_good", "match", "clear", "match"]


def test_hash_that_thousands_of_entries_share_is_a_match_that_says_how_much_it_lists(tmp_path: Path) -> None:
    crowded = build_list(tmp_path / "crowded", [PICTURE.complement(), NEAR, *[PICTURE] * 5_000])
    with HashList.open(crowded) as known:
        assert len(known.lookup([PICTURE])[0]) == 5_001
        assert [match.distance for match in known.lookup([NEAR], most=2)[0]] == [0, 3]
        record = judged([known], seen(probes=(("canonical", NEAR, 100), ("canonical+flipx", PICTURE, 100))))
    assert record.result is Result.MATCH
    assert len(record.matches) == MOST
    assert record.matches[0]["distance"] == 0
    assert record.error == "more than 1,000 entries match; the nearest 1,000 are listed"
