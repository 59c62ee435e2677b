"""A list file that was altered, cut or swapped is refused with a clear error, and never crashes its reader."""

import json
import os
import random
from contextlib import suppress

import pytest

from listfiles import build, draw, entry, opened, rempart
from rempart.errors import CorruptFileError, ForeignFileError, IncompleteError, RempartError
from rempart.index.sections import SectionWriter
from rempart.lists.entry import Category, EntrySignal
from rempart.lists.hashlist import HashList
from rempart.lists.layout import FILE_KIND
from rempart.lists.verify import verify

ROUNDS = 2000 if os.environ.get("REMPART_CAMPAIGN") else 150
S = draw(1)
ENTRIES = [
    entry(
        f"e{n}",
        EntrySignal(signal=S.pdq(), recipe="r", quality=60 + n),
        S.md5(),
        S.sha1(),
        category=Category(scheme="vic-us", code=str(n % 5)),
        record={"n": n},
    )
    for n in range(20)
]
ASKED = [one.signal for each in ENTRIES for one in each.signals]


def use(path):
    """Everything a reader does with a list."""
    with HashList.open(path) as list_:
        for one in list_.lookup(ASKED, radius=40):
            repr(one)
        list_.known_good(ASKED)
        list(list_.entries())
        list(list_.matching_entries())
        list_.categories()
        list_.opinions()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("lists") / "l"
    build(path, ENTRIES)
    return path


def test_a_whole_list_is_verified(whole):
    with HashList.open(whole) as list_:
        told = verify(list_)
    assert "checksums agree" in told[0]
    assert "20 entries, 60 signals" in told[1]


def test_any_flipped_byte_is_found_by_verify_and_crashes_nobody(whole, tmp_path):
    data = bytearray(whole.read_bytes())
    with HashList.open(whole) as list_:
        covered = [(section.offset, section.offset + section.length) for section in list_.file._sections.values()]
    rng = random.Random(2)
    path = tmp_path / "l"
    places = [rng.randrange(*span) for span in covered if span[0] < span[1] for _ in range(3)]
    places += [rng.randrange(len(data)) for _ in range(ROUNDS)]
    for place in places:
        old = data[place]
        data[place] ^= rng.randrange(1, 256)
        path.write_bytes(data)
        data[place] = old
        with suppress(RempartError):
            use(path)
        inside = place < 64 or any(start <= place < stop for start, stop in covered)
        if inside:
            with pytest.raises(RempartError), HashList.open(path) as list_:
                verify(list_)


def test_any_truncation_is_refused_at_opening(whole, tmp_path):
    data = whole.read_bytes()
    rng = random.Random(3)
    path = tmp_path / "l"
    for length in [0, 1, 8, 63, 64, len(data) - 1, *(rng.randrange(len(data)) for _ in range(40))]:
        path.write_bytes(data[:length])
        with pytest.raises((IncompleteError, ForeignFileError, CorruptFileError)):
            HashList.open(path)


@pytest.mark.parametrize("data", [b"", b"hash_type,hash_value\n", b"\x8eRMPRT\r\n", os.urandom(5000), bytes(5000)])
def test_a_file_that_is_no_list_is_refused(tmp_path, data):
    (tmp_path / "l").write_bytes(data)
    with pytest.raises((ForeignFileError, IncompleteError)):
        HashList.open(tmp_path / "l")


def test_a_container_of_another_kind_is_refused(tmp_path):
    with SectionWriter(tmp_path / "l", kind="other") as writer:
        writer.add("meta", b"{}")
    with pytest.raises(ForeignFileError, match="other"):
        HashList.open(tmp_path / "l")


def rewritten(whole, path, changes):
    """The list with some sections replaced and every checksum right: what a clumsy or hostile writer leaves."""
    with HashList.open(whole) as list_, SectionWriter(path, kind=FILE_KIND) as writer:
        for section in list_.file._sections.values():
            data = changes.get(section.name, bytes(list_.file.bytes(section.name)))
            if data is not None:
                writer.add_chunks(section.name, [data], dtype=section.dtype)


@pytest.mark.parametrize(
    "name",
    [
        "meta",
        "attributes",
        "entry.disposition",
        "entry.opinion",
        "entry.category",
        "entry.signals",
        "entry.ids",
        "entry.details",
        "ids",
        "signal.kind",
        "signal.key",
        "signal.attribute",
        "pdq.postings",
        "pdq.entries",
        "pdq.attributes",
        "md5.postings",
        "md5.entries",
        "md5.heads",
        "md5.rows",
        "pdq.keys",
        "sha1.attributes",
    ],
)
@pytest.mark.parametrize("how", ["ones", "noise", "empty", "absent"])
def test_sections_that_do_not_fit_together_are_found_and_crash_nobody(whole, tmp_path, name, how):
    with HashList.open(whole) as list_:
        length = len(list_.file.bytes(name))
    data = {"ones": b"\xff" * length, "noise": random.Random(4).randbytes(length), "empty": b"", "absent": None}[how]
    path = tmp_path / "l"
    rewritten(whole, path, {name: data})
    with suppress(RempartError):
        use(path)
    with pytest.raises(RempartError), HashList.open(path) as list_:
        verify(list_)


def test_a_disposition_that_does_not_follow_from_the_category_is_found(whole, tmp_path):
    """An attacker who could silence an entry by one byte, checksums repaired, must not go unseen by `verify`."""
    with HashList.open(whole) as list_:
        state = bytearray(list_.file.bytes("entry.disposition"))
    state[1] = 1
    rewritten(whole, tmp_path / "l", {"entry.disposition": bytes(state)})
    with HashList.open(tmp_path / "l") as list_, pytest.raises(CorruptFileError, match=r"entry\.disposition"):
        verify(list_)


def test_a_list_of_a_later_version_is_refused_as_such(whole, tmp_path):
    with HashList.open(whole) as list_:
        meta = bytes(list_.file.bytes("meta")).replace(b'"version": 1', b'"version": 2')
    rewritten(whole, tmp_path / "l", {"meta": meta})
    with pytest.raises(ForeignFileError, match="format 2"):
        HashList.open(tmp_path / "l")


def test_reading_goes_on_after_closing_is_refused(tmp_path):
    list_ = opened(tmp_path / "l", ENTRIES)
    list_.close()
    with pytest.raises(ValueError, match="closed"):
        verify(list_)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("categories", [[{}, []]]),
        ("categories", [["only one"]]),
        ("kinds", ["pdq", "none"]),
        ("report", {"sources": 5}),
        ("report", {"sources": [{"origin": 1}]}),
        ("report", {"signals": 7}),
        ("report", {"signals": {"pdq": 1}, "keys": {}}),
    ],
)
def test_a_description_of_another_form_is_refused_as_damaged(whole, tmp_path, key, value):
    with HashList.open(whole) as list_:
        meta = json.loads(bytes(list_.file.bytes("meta")))
    meta[key] = meta[key] | value if isinstance(value, dict) else value
    rewritten(whole, tmp_path / "l", {"meta": json.dumps(meta).encode()})
    with pytest.raises(CorruptFileError):
        HashList.open(tmp_path / "l")


def test_attributes_of_another_type_are_found_damaged(whole, tmp_path):
    rewritten(whole, tmp_path / "l", {"attributes": b"[[{}, [], 5]]"})
    with HashList.open(tmp_path / "l") as list_, pytest.raises(CorruptFileError):
        list_.attributes()


def test_damage_met_in_mid_export_is_not_exit_code_1(whole, tmp_path):
    with HashList.open(whole) as list_:
        length = len(list_.file.bytes("entry.details"))
    rewritten(whole, tmp_path / "l", {"entry.details": b"\xff" * length})
    done = rempart("list", "export", tmp_path / "l", "--format", "csv")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
