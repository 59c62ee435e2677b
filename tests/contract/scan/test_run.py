"""The scan itself, with real workers: order of archives, files that change, memory that stays flat."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pictures import jpeg
from rempart.lists.hashlist import HashList
from rempart.scan.records import Record, Result
from rempart.scan.run import Scan, ScanPlan
from rempart.signals.outcome import Limits
from rempart.signals.pool import WorkerPool
from scanning import build_list, environment, sha256, write_all


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(workers=2) as made:
        yield made


@pytest.fixture
def opened(tmp_path: Path) -> HashList:
    return HashList.open(build_list(tmp_path / "list", [sha256(jpeg(1))]))


def scanned(pool: WorkerPool, opened: HashList, *paths: Path, plan: ScanPlan | None = None) -> list[Record]:
    records: list[Record] = []
    scan = Scan(plan or ScanPlan(), lists=[opened], pool=pool, sink=records.append)
    before = set(os.listdir("/proc/self/fd"))
    scan.run(map(str, paths))
    assert set(os.listdir("/proc/self/fd")) == before, "a descriptor was left open"
    return records


def test_archive_comes_after_all_its_members(pool: WorkerPool, opened: HashList, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(4):
        with zipfile.ZipFile(tree / f"{number}.zip", "w") as archive:
            for member in range(150):
                archive.writestr(f"m{member}", jpeg(member % 9, 80, 60) if member % 2 else b"text")
    seen: dict[str, int] = {}
    for record in scanned(pool, opened, tree):
        if record.target.members:
            assert seen.get(record.target.path) != -1, "a member came after its archive"
            seen[record.target.path] = seen.get(record.target.path, 0) + 1
        else:
            assert seen[record.target.path] == 150
            seen[record.target.path] = -1
    assert set(seen.values()) == {-1}


def test_file_that_changes_while_it_is_read_is_not_clear(opened: HashList, tmp_path: Path) -> None:
    tree = write_all(tmp_path / "tree", {"first": b"x", "second": b"x"})

    def paths() -> Iterator[str]:
        yield str(tree / "first")
        os.truncate(tree / "first", 10)  # it is open and sent by now; the workers are still starting
        yield str(tree / "second")

    records: list[Record] = []
    with WorkerPool(workers=1) as pool:
        Scan(ScanPlan(), lists=[opened], pool=pool, sink=records.append).run(paths())
    found = {Path(record.target.path).name: record for record in records}
    assert (found["first"].result, found["first"].error) == (Result.UNHASHED, "it changed while it was read")
    assert found["first"].sha256 is not None
    assert found["second"].result is Result.CLEAR


def test_limits_reach_the_members_of_archives(opened: HashList, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as archive:
        archive.writestr("large.jpg", jpeg(1) + bytes(200_000))
        archive.writestr("small.txt", b"small")
    limits = Limits(file_bytes=100_000)
    with WorkerPool(workers=1, limits=limits) as pool:
        records = scanned(pool, opened, tmp_path / "z.zip", plan=ScanPlan(limits=limits))
    found = {record.target.label.rpartition("/")[2]: record for record in records}
    assert (found["large.jpg"].outcome, found["large.jpg"].result) == ("too_large", Result.UNHASHED)
    assert found["large.jpg"].sha256 is not None
    assert found["small.txt"].result is Result.CLEAR


MEASURE = """
import resource, sys
from rempart.lists.hashlist import HashList
from rempart.scan.run import Scan, ScanPlan
from rempart.signals.pool import WorkerPool
seen = 0
early = 0
def sink(record):
    global seen, early
    seen += 1
    if seen == 1000:
        early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
with HashList.open(sys.argv[1]) as opened, WorkerPool(workers=2) as pool:
    Scan(ScanPlan(), lists=[opened], pool=pool, sink=sink).run([sys.argv[2]])
print(seen, early, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_number_of_files(opened: HashList, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for folder in range(4):
        (tree / str(folder)).mkdir(parents=True)
        for number in range(3000):
            (tree / str(folder) / f"a-rather-long-name-of-a-file-{number:08}.txt").write_bytes(b"%d" % number)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / "list", tree], env=environment(), capture_output=True, check=True
    )
    seen, early, late = map(int, done.stdout.split())
    assert seen == 12_000
    assert late - early < 4096, f"{early} KiB after 1,000 files, {late} KiB after {seen}"
