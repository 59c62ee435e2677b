"""Records: one JSON form, the same record back from a journal line; the table that remembers what is done."""

import json
import os
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rempart.scan.journal import Journal
from rempart.scan.memory import Memory
from rempart.scan.records import Checked, Record, Result, Target, from_line, json_line, json_of_line, to_line
from rempart.scan.seen import SeenTable
from rempart.scan.walk import Problem, Stamp
from rempart.signals.outcome import Outcome

STAMP = Stamp(size=3, mtime_ns=1_700_000_000_123_456_789, inode=7)
NAMES = st.binary(min_size=1, max_size=12).filter(lambda raw: b"\0" not in raw).map(os.fsdecode)
MATCH: dict[str, Any] = {"list": "l", "entry": "e", "signal": "pdq", "distance": 3, "probe": "canonical"}


def record(**fields: Any) -> Record:
    fields = {"target": Target(path="p", stamp=STAMP), "outcome": Outcome.OK, "result": Result.CLEAR} | fields
    return Record(checked=Checked.ALL, **fields)


@given(NAMES, st.lists(NAMES, max_size=2), st.none() | st.text(max_size=10), st.booleans())
def test_record_comes_back_from_its_line(path: str, members: list[str], error: str | None, matched: bool) -> None:
    target = Target(path=path, members=tuple(members), at=tuple(range(len(members))), stamp=STAMP)
    whole = record(target=target, error=error, matches=(MATCH,) if matched else (), sha256="ab", size=3)
    line = to_line(whole)
    assert "\n" not in line
    assert from_line(line) == whole
    assert json_of_line(line) == json_line(whole)


def test_json_has_the_fields_of_hash_and_of_scan() -> None:
    found = json.loads(json_line(record(matches=(MATCH,), result=Result.MATCH)))
    promised = "path outcome media_type size sha256 sha1 md5 pdq pdq_quality recipe error result matches"
    assert " ".join(list(found)[:13]) == promised
    assert found["matches"][0]["probe"] == "canonical"
    assert found["modified"] == "2023-11-14T22:13:20.123Z"


def test_name_that_is_not_utf8_has_its_bytes_beside_it() -> None:
    found = json.loads(json_line(record(target=Target(path=os.fsdecode(b"a\xff\nb")))))
    assert (found["path"], found["path_bytes"]) == ("a%FF%0Ab", "Yf8KYg==")
    assert "path_bytes" not in json.loads(json_line(record(target=Target(path="a\nb"))))


def test_odd_modification_times_do_not_stop_a_scan() -> None:
    for mtime in (-(2**62), 2**62, -1, 0):
        json_line(record(target=Target(path="p", stamp=Stamp(size=1, mtime_ns=mtime, inode=1))))


@given(st.dictionaries(st.binary(max_size=8), st.integers(0, 2**63 - 1), max_size=300))
def test_table_remembers_as_a_dictionary_does(entries: dict[bytes, int]) -> None:
    table = SeenTable(room=2)
    for key, value in entries.items():
        table.put(key, value + 1 if value < 2**63 - 1 else 0)
        table.put(key, value)
    assert len(table) == len(entries)
    assert all(table.get(key) == value for key, value in entries.items())
    assert table.get(b"never put in") is None


def memory(path: Path) -> tuple[Memory, Journal]:
    journal = Journal.open(str(path), settings={})
    return Memory(journal), journal


def test_done_file_is_remembered_until_it_changes(tmp_path: Path) -> None:
    first, journal = memory(tmp_path / "j")
    first.add(record())
    journal.close()
    again, journal = memory(tmp_path / "j")
    assert again.done("p", STAMP)
    assert not again.done("p", Stamp(size=4, mtime_ns=STAMP.mtime_ns, inode=7))
    again.add(record(size=4))
    assert [from_line(line).size for line in again.lines()] == [4]
    assert list(again.lines(earlier_only=True)) == []
    journal.close()
    last, journal = memory(tmp_path / "j")
    assert [from_line(line).size for line in last.lines()] == [4]
    journal.close()


def test_what_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    first, journal = memory(tmp_path / "j")
    first.add(record(target=Target(path="p"), outcome=None, result=Result.UNHASHED, problem=Problem.DENIED))
    journal.close()
    again, journal = memory(tmp_path / "j")
    assert not again.done("p", STAMP)
    assert list(again.lines()) == []
    journal.close()


def test_link_is_done_until_it_becomes_a_file(tmp_path: Path) -> None:
    first, journal = memory(tmp_path / "j")
    first.add(record(target=Target(path="p"), outcome=None, result=Result.UNHASHED, problem=Problem.LINK))
    journal.close()
    again, journal = memory(tmp_path / "j")
    assert again.done("p", None, left_out=True)
    assert not again.done("p", STAMP)
    journal.close()


def test_archive_is_done_only_with_its_own_record(tmp_path: Path) -> None:
    member = Target(path="p", members=("m",), at=(0,), stamp=STAMP)
    first, journal = memory(tmp_path / "j")
    first.add(record(target=member))
    journal.close()
    again, journal = memory(tmp_path / "j")
    assert not again.done("p", STAMP)
    assert again.member_done("p", (0,), STAMP)
    assert not again.member_done("p", (1,), STAMP)
    assert len(list(again.lines())) == 1
    journal.close()


def test_members_of_a_changed_archive_are_forgotten(tmp_path: Path) -> None:
    member = Target(path="p", members=("m",), at=(0,), stamp=STAMP)
    first, journal = memory(tmp_path / "j")
    first.add(record(target=member))
    journal.close()
    again, journal = memory(tmp_path / "j")
    other = Stamp(size=9, mtime_ns=9, inode=7)
    assert not again.done("p", other)
    assert not again.member_done("p", (0,), other)
    assert list(again.lines()) == []
    journal.close()
