"""The journal: what was flushed survives, what was torn is dropped, what was altered is refused."""

import io
import os
from pathlib import Path

import pytest

from rempart.errors import CorruptFileError, ForeignFileError, RefusedError, StorageFullError
from rempart.scan.journal import MAGIC, Journal

SETTINGS = {"paths": ["a"], "--radius": 31}


def written(path: Path, *blocks: list[str]) -> Path:
    journal = Journal.open(str(path), settings=SETTINGS)
    for block in blocks:
        for line in block:
            journal.append(line)
        journal.flush()
    journal.close()
    return path


def read(path: Path) -> list[str]:
    journal = Journal.open(str(path), settings=SETTINGS)
    try:
        return list(journal.lines())
    finally:
        journal.abandon()


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    path = written(tmp_path / "j", ["a", "bé"], ["c\ttab"])
    assert read(path) == ["a", "bé", "c\ttab"]


def test_unflushed_lines_are_written_by_close(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path / "j"), settings=SETTINGS)
    journal.append("a")
    journal.close()
    assert read(tmp_path / "j") == ["a"]


def test_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    assert written(tmp_path / "j", ["a"]).stat().st_mode & 0o777 == 0o600


def test_every_cut_keeps_the_blocks_before_it(tmp_path: Path) -> None:
    blocks = [["a" * 30], ["b" * 20, "c"], ["d" * 40]]
    whole = written(tmp_path / "j", *blocks).read_bytes()
    ends = [len(written(tmp_path / f"p{count}", *blocks[:count]).read_bytes()) for count in range(4)]
    for size in range(len(whole)):
        (tmp_path / "cut").write_bytes(whole[:size])
        kept = sum(size >= end for end in ends) - 1
        assert read(tmp_path / "cut") == [line for block in blocks[: max(kept, 0)] for line in block]


def test_appending_after_a_cut_gives_a_sound_journal(tmp_path: Path) -> None:
    whole = written(tmp_path / "j", ["a"], ["b"]).read_bytes()
    (tmp_path / "j").write_bytes(whole[:-3])
    written(tmp_path / "j", ["c"])
    assert read(tmp_path / "j") == ["a", "c"]


def test_zeros_after_a_power_cut_are_dropped(tmp_path: Path) -> None:
    path = written(tmp_path / "j", ["a"])
    path.write_bytes(path.read_bytes() + bytes(5000))
    assert read(path) == ["a"]


def test_every_flipped_byte_before_the_last_block_is_refused(tmp_path: Path) -> None:
    before = len(written(tmp_path / "p", ["a" * 20], ["b"]).read_bytes())
    whole = written(tmp_path / "j", ["a" * 20], ["b"], ["c"]).read_bytes()
    for place in range(len(MAGIC), before):
        flipped = bytearray(whole)
        flipped[place] ^= 0x10
        (tmp_path / "flipped").write_bytes(flipped)
        with pytest.raises(CorruptFileError, match="damaged"):
            read(tmp_path / "flipped")
        assert (tmp_path / "flipped").read_bytes() == flipped


def test_flipped_byte_in_the_last_block_drops_it(tmp_path: Path) -> None:
    whole = bytearray(written(tmp_path / "j", ["a"], ["b"]).read_bytes())
    whole[-1] ^= 1
    (tmp_path / "j").write_bytes(whole)
    assert read(tmp_path / "j") == ["a"]


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    written(tmp_path / "j", ["a"])
    with pytest.raises(RefusedError, match="--radius"):
        Journal.open(str(tmp_path / "j"), settings={**SETTINGS, "--radius": 10})
    assert read(tmp_path / "j") == ["a"]


def test_foreign_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "j").write_bytes(b"my diary")
    with pytest.raises(ForeignFileError):
        Journal.open(str(tmp_path / "j"), settings=SETTINGS)
    assert (tmp_path / "j").read_bytes() == b"my diary"


def test_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").touch()
    (tmp_path / "j").symlink_to(tmp_path / "target")
    with pytest.raises(RefusedError):
        Journal.open(str(tmp_path / "j"), settings=SETTINGS)


def test_two_scans_cannot_share_a_journal(tmp_path: Path) -> None:
    first = Journal.open(str(tmp_path / "j"), settings=SETTINGS)
    with pytest.raises(RefusedError, match="Another scan"):
        Journal.open(str(tmp_path / "j"), settings=SETTINGS)
    first.close()
    assert read(tmp_path / "j") == []


def test_full_disk_is_its_own_error() -> None:
    journal = Journal(io.FileIO("/dev/full", "r+"), name="full", durable=False)
    journal.append("a")
    with pytest.raises(StorageFullError, match="what was done is kept"):
        journal.flush()
    journal.abandon()


def test_lines_before_a_position_are_those_of_earlier_runs(tmp_path: Path) -> None:
    written(tmp_path / "j", ["a"])
    journal = Journal.open(str(tmp_path / "j"), settings=SETTINGS)
    journal.append("b")
    journal.flush()
    assert list(journal.lines(before=journal.kept)) == ["a"]
    assert list(journal.lines()) == ["a", "b"]
    journal.close()


def test_block_that_unfolds_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import zlib

    monkeypatch.setattr("rempart.scan.journal._LARGEST_BLOCK", 64 << 20)
    path = written(tmp_path / "j", ["a"])
    journal = Journal.open(str(path), settings=SETTINGS)
    journal._write(b"0" * (65 << 20))
    journal.close()
    assert len(zlib.compress(b"0" * (65 << 20), 1)) < os.path.getsize(path) < 1 << 20
    assert read(path) == ["a"]


def test_a_line_that_names_a_whole_list_is_read_back(tmp_path: Path) -> None:
    long = "m" * (65 << 20)
    assert read(written(tmp_path / "j", [long, "after"])) == [long, "after"]


def test_long_lines_do_not_gather_in_memory(tmp_path: Path) -> None:
    journal = Journal.open(str(tmp_path / "j"), settings=SETTINGS)
    for _ in range(10):
        journal.append("m" * (1 << 20))
    before = list(journal.lines())
    journal.abandon()
    assert len(before) >= 6
