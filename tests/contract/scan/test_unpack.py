"""The process that unfolds archives: walled in, bounded, replaced when it dies, never the scan's undoing."""

import io
import os
import signal
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from rempart.scan.archives import ArchiveLimits
from rempart.scan.members import load
from rempart.scan.unpack import BrokeOffError, Unpacker
from rempart.signals.examine import Examination
from rempart.signals.outcome import Outcome
from rempart.signals.values import Sha256
from standstill import stop


def archive(path: Path, files: dict[str, bytes]) -> int:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name, data)
    return os.open(path, os.O_RDONLY)


@pytest.fixture
def unpacker() -> Iterator[Unpacker]:
    with Unpacker(limits=ArchiveLimits()) as made:
        yield made


def unfold(unpacker: Unpacker, fd: int) -> tuple[dict[tuple[str, ...], bytes | str | None], str | None]:
    inside = unpacker.members(fd, size=os.fstat(fd).st_size)
    found: dict[tuple[str, ...], bytes | str | None] = {}
    while True:
        try:
            member = next(inside)
        except StopIteration as end:
            return found, end.value
        found[member.names] = member.error
        if member.stream is not None:
            try:
                found[member.names] = member.stream.read()
            except BrokeOffError:
                found[member.names] = "broke off"


def test_members_come_across_whole(unpacker: Unpacker, tmp_path: Path) -> None:
    files = {"a": os.urandom(3_000_000), "b": b"", "ünïcode \n": b"x"}
    assert unfold(unpacker, archive(tmp_path / "z", files)) == ({(name,): data for name, data in files.items()}, None)


def test_unread_members_are_passed_over(unpacker: Unpacker, tmp_path: Path) -> None:
    fd = archive(tmp_path / "z", {"a": os.urandom(2_000_000), "b": b"b"})
    names = [member.names for member in unpacker.members(fd, size=1)]
    assert names == [("a",), ("b",)]


def test_one_process_serves_many_archives(unpacker: Unpacker, tmp_path: Path) -> None:
    processes = set()
    for number in range(20):
        fd = archive(tmp_path / f"z{number}", {"a": b"%d" % number})
        assert unfold(unpacker, fd) == ({("a",): b"%d" % number}, None)
        os.close(fd)
        assert unpacker._process is not None
        processes.add(unpacker._process.pid)
    assert len(processes) == 1


def test_process_outlives_the_thread_that_asked_first(unpacker: Unpacker, tmp_path: Path) -> None:
    fd = archive(tmp_path / "z", {"a": b"a"})
    first = threading.Thread(target=unfold, args=(unpacker, fd))
    first.start()
    first.join()
    process = unpacker._process
    assert process is not None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    assert unfold(unpacker, archive(tmp_path / "y", {"a": b"a"})) == ({("a",): b"a"}, None)
    assert unpacker._process is process


def test_process_that_dies_ends_its_archive_and_the_next_one_is_read(unpacker: Unpacker, tmp_path: Path) -> None:
    fd = archive(tmp_path / "z", {"a": os.urandom(5_000_000), "b": b"b"})
    inside = unpacker.members(fd, size=6_000_000)
    member = next(inside)
    assert member.stream is not None
    assert unpacker._process is not None
    member.stream.read(1000)
    os.kill(unpacker._process.pid, signal.SIGKILL)
    with pytest.raises(StopIteration) as end:
        next(inside)
    assert end.value.value == "not read to its end: the unpacker stopped"
    assert unfold(unpacker, archive(tmp_path / "y", {"a": b"a"})) == ({("a",): b"a"}, None)


def test_process_that_dies_while_a_member_is_read_breaks_it_off(unpacker: Unpacker, tmp_path: Path) -> None:
    fd = archive(tmp_path / "z", {"a": os.urandom(5_000_000)})
    inside = unpacker.members(fd, size=6_000_000)
    member = next(inside)
    assert member.stream is not None
    assert unpacker._process is not None
    os.kill(unpacker._process.pid, signal.SIGKILL)
    assert load(member.stream, limit=1 << 30) is None
    with pytest.raises(StopIteration) as end:
        next(inside)
    assert end.value.value == "not read to its end: the unpacker stopped"


def test_silent_process_is_given_up(tmp_path: Path) -> None:
    with Unpacker(limits=ArchiveLimits(), silence_seconds=4.0) as unpacker:
        unfold(unpacker, archive(tmp_path / "z", {"a": b"a"}))
        assert unpacker._process is not None
        stop([unpacker._process.pid])
        found = unfold(unpacker, archive(tmp_path / "y", {"a": b"a"}))
        assert found == ({}, "not read to its end: unfolding it took too long")
        assert unfold(unpacker, archive(tmp_path / "x", {"a": b"a"})) == ({("a",): b"a"}, None)


def test_walls_stand_round_the_process(unpacker: Unpacker, tmp_path: Path) -> None:
    unfold(unpacker, archive(tmp_path / "z", {"a": b"a"}))
    assert unpacker._process is not None
    status = dict(
        line.split(":\t")
        for line in Path(f"/proc/{unpacker._process.pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_archive_given_up_half_way_does_not_disturb_the_next(unpacker: Unpacker, tmp_path: Path) -> None:
    inside = unpacker.members(archive(tmp_path / "z", {"a": os.urandom(3_000_000), "b": b"b"}), size=1)
    next(inside)
    inside.close()
    assert unfold(unpacker, archive(tmp_path / "y", {"c": b"c"})) == ({("c",): b"c"}, None)


def test_member_within_the_limit_is_held_in_memory() -> None:
    fd = load(io.BytesIO(b"x" * 3_000_000), limit=3_000_000)
    assert isinstance(fd, int)
    with os.fdopen(fd, "rb") as stream:
        assert stream.read() == b"x" * 3_000_000


def test_member_over_the_limit_still_gets_its_digests() -> None:
    import hashlib

    data = os.urandom(5_000_001)
    found = load(io.BytesIO(data), limit=2_000_000)
    assert isinstance(found, Examination)
    assert (found.outcome, found.size) == (Outcome.TOO_LARGE, len(data))
    assert found.sha256 == Sha256(hashlib.sha256(data).digest())
