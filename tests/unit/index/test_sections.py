"""The container file: whole or not at all, and nothing damaged goes unnoticed."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from rempart.errors import (
    CorruptFileError,
    ForeignFileError,
    IncompleteError,
    StorageFullError,
)
from rempart.index import sections
from rempart.index.sections import BLOCK, SectionFile, SectionWriter


def write(path: Path, **arrays: np.ndarray) -> None:
    with SectionWriter(path, kind="trial") as writer:
        for name, array in arrays.items():
            writer.add(name, array)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.rempart"
    numbers = np.arange(1 << 19, dtype="<u4")
    with SectionWriter(path, kind="trial") as writer:
        writer.add("numbers", numbers)
        writer.add("empty", b"")
        writer.add("bytes", b"hello")
        writer.reserve("filled in place", 3 * BLOCK + 5, dtype="|u1")[:] = 7
        assert writer.add_chunks("streamed", (b"x" * 700_001 for _ in range(4))) == 2_800_004
    with SectionFile.open(path, kind="trial") as file:
        assert file.names == ("numbers", "empty", "bytes", "filled in place", "streamed")
        assert np.array_equal(file.checked("numbers", "<u4"), numbers)
        assert bytes(file.bytes("bytes")) == b"hello"
        assert len(file.array("empty", np.uint8)) == 0
        assert set(file.array("filled in place", np.uint8).tolist()) == {7}
        assert bytes(file.bytes("streamed")) == b"x" * 2_800_004
        file.verify()


def test_big_sections_start_on_a_huge_page(tmp_path: Path) -> None:
    path = tmp_path / "big"
    write(path, small=np.zeros(3, np.uint8), big=np.arange(16 << 20, dtype=np.uint8))
    with SectionFile.open(path, kind="trial") as file:
        assert file.array("big", np.uint8).ctypes.data % (2 << 20) == file.array("small", np.uint8).ctypes.data % 4096
        file.verify()


def test_lists_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    write(tmp_path / "private", a=np.zeros(3, np.uint8))
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600


def test_arrays_are_read_only_and_outlive_the_file(tmp_path: Path) -> None:
    write(tmp_path / "a", a=np.arange(9, dtype="<i8"))
    file = SectionFile.open(tmp_path / "a", kind="trial")
    array = file.array("a", "<i8")
    file.close()
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
    assert array.tolist() == list(range(9))
    with pytest.raises(ValueError, match="closed"):
        file.array("a", "<i8")


def test_a_reader_keeps_the_file_it_opened_when_another_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write(path, a=np.zeros(1 << 20, np.uint8))
    with SectionFile.open(path, kind="trial") as old:
        write(path, a=np.ones(1 << 19, np.uint8))
        assert old.checked("a", np.uint8).sum() == 0
    with SectionFile.open(path, kind="trial") as new:
        assert new.checked("a", np.uint8).sum() == 1 << 19


def test_an_exception_while_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write(path, a=np.zeros(5, np.uint8))
    before = path.read_bytes()

    def stop_halfway() -> None:
        with SectionWriter(path, kind="trial") as writer:
            writer.add("b", b"half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        stop_halfway()
    assert path.read_bytes() == before
    assert [child.name for child in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("call", ["pwrite", "posix_fallocate", "fsync"])
def test_a_full_disk_is_its_own_error_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "a"
    write(path, a=np.zeros(5, np.uint8))
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fill() -> None:
        with SectionWriter(path, kind="trial") as writer:
            writer.reserve("r", 100)
            writer.add("b", b"more")

    monkeypatch.setattr(sections.os, call, full)
    with pytest.raises(StorageFullError, match="No room"):
        fill()
    assert path.read_bytes() == before
    assert [child.name for child in tmp_path.iterdir()] == ["a"]


def test_a_name_cannot_be_used_twice(tmp_path: Path) -> None:
    writer = SectionWriter(tmp_path / "a", kind="trial")
    writer.add("a", b"1")
    with pytest.raises(ValueError, match="taken"):
        writer.add("a", b"2")
    writer.abort()
    assert list(tmp_path.iterdir()) == []


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write(path, a=np.zeros(5, np.uint8))
    whole = path.read_bytes()
    for content, error in (
        (b"", IncompleteError),
        (whole[:7], IncompleteError),
        (whole[:40], IncompleteError),
        (whole[:-1], IncompleteError),
        (b"PK\x03\x04 not ours at all", ForeignFileError),
        (whole + b"\0", CorruptFileError),
        (whole[:8] + b"\x09" + whole[9:], ForeignFileError),
    ):
        path.write_bytes(content)
        with pytest.raises(error):
            SectionFile.open(path, kind="trial")
    path.write_bytes(whole)
    with pytest.raises(ForeignFileError, match="'trial'"):
        SectionFile.open(path, kind="other")
    with pytest.raises(ForeignFileError, match="regular"):
        SectionFile.open("/dev/null", kind="trial")


def test_damage_names_section_and_block(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write(path, first=np.zeros(10, np.uint8), second=np.zeros(3 * BLOCK, np.uint8))
    content = bytearray(path.read_bytes())
    with SectionFile.open(path, kind="trial") as file:
        offset = file._section("second").offset
    content[offset + 2 * BLOCK + 17] ^= 4
    path.write_bytes(content)
    with SectionFile.open(path, kind="trial") as file:
        file.checked("first", np.uint8)
        with pytest.raises(CorruptFileError, match="section second, block 2"):
            file.checked("second", np.uint8)
        with pytest.raises(CorruptFileError, match="section second, block 2"):
            file.verify()


def test_a_wrong_dtype_or_name_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "a", a=np.zeros(8, "<u4"))
    with SectionFile.open(tmp_path / "a", kind="trial") as file:
        with pytest.raises(CorruptFileError, match="holds <u4"):
            file.array("a", "<u8")
        with pytest.raises(CorruptFileError, match="no section b"):
            file.bytes("b")


@pytest.mark.parametrize(
    "row",
    [
        '{"name":"a","dtype":"|u1","offset":64,"length":99999999}',
        '{"name":"a","dtype":"|u1","offset":-1,"length":1}',
        '{"name":"a","dtype":"|u1","offset":64,"length":-1}',
        '{"name":"a","dtype":"|u1","offset":1e300,"length":1}',
        '{"name":"a","dtype":"|O8","offset":64,"length":8}',
        '{"name":"a","dtype":"nonsense","offset":64,"length":8}',
        '{"name":"a","dtype":"<u8","offset":64,"length":7}',
        '{"name":5,"dtype":"|u1","offset":64,"length":1}',
        '{"name":"a","dtype":"|u1","offset":64}',
        '{"name":"a","dtype":"|u1","offset":64,"length":0},{"name":"a","dtype":"|u1","offset":64,"length":0}',
        "[]",
        "[" * 5000,
    ],
)
def test_a_directory_made_up_by_someone_else_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "a"
    text = f'{{"sections":[{row}]}}'.encode()
    directory = len(text).to_bytes(4, "little") + text + zlib.crc32(bytes(1)).to_bytes(4, "little")
    body = sections._pack_header(b"trial", 128 + len(directory), 128, directory) + bytes(64) + directory
    path.write_bytes(body)
    with pytest.raises(CorruptFileError):
        SectionFile.open(path, kind="trial")


def test_a_kill_in_the_last_write_leaves_nothing_of_a_list_behind(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys, numpy as np\n"
        "from rempart.index.sections import SectionWriter\n"
        "writer = SectionWriter(sys.argv[1], kind='k')\n"
        "writer.add('a', np.arange(1 << 20))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "l")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_a_list_is_its_owners_alone_under_any_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        with SectionWriter(tmp_path / "l", kind="k") as writer:
            writer.add("a", b"a")
    finally:
        os.umask(before)
    assert (tmp_path / "l").stat().st_mode & 0o777 == 0o600


def test_without_unnamed_files_a_list_is_written_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "O_TMPFILE")
    with SectionWriter(tmp_path / "l", kind="k") as writer:
        writer.add("a", b"a")
        assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(ZeroDivisionError), SectionWriter(tmp_path / "m", kind="k") as writer:
        writer.add("a", b"a" * (1 // 0))
    assert [path.name for path in tmp_path.iterdir()] == ["l"]
    with SectionFile.open(tmp_path / "l", kind="k") as file:
        file.verify()


def test_a_pipe_is_no_list_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ForeignFileError):
        SectionFile.open(tmp_path / "pipe", kind="k")


def test_the_sum_is_that_of_the_file_that_was_opened(tmp_path: Path) -> None:
    for content in (b"first", b"second"):
        with SectionWriter(tmp_path / "l", kind="k") as writer:
            writer.add("a", content)
        if content == b"first":
            first = hashlib.sha256((tmp_path / "l").read_bytes()).hexdigest()
            file = SectionFile.open(tmp_path / "l", kind="k")
    assert file.sha256() == first
