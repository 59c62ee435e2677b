"""A list is built in flat memory, however long the partner's file is."""

import os
import resource
import subprocess
import sys

import pytest

from listfiles import RUN, write_big_hash_set

CAMPAIGN = bool(os.environ.get("REMPART_CAMPAIGN"))
MEGABYTES = 500 if CAMPAIGN else 50
LIMIT = 300 << 20
MEASURE = """
import os, resource, sys
child = os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-c", sys.argv[1], *sys.argv[2:]])
print(child, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def peak(*arguments):
    """Exit code and peak resident memory in bytes of a command of its own, measured by a small parent."""
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, RUN, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    code, size = told.stdout.split()[-2:]
    return int(code), int(size)


@pytest.mark.timeout(900)
def test_a_big_hash_set_is_imported_within_300_mb(tmp_path):
    source = tmp_path / "big.json"
    records = write_big_hash_set(source, MEGABYTES)
    code, size = peak("list", "build", tmp_path / "big", "--from", source, "--report", tmp_path / "refused")
    print(f"{MEGABYTES} MB, {records} records: {size >> 20} MB")
    assert code == 0
    assert size < LIMIT


def test_a_line_without_end_does_not_fill_the_memory(tmp_path):
    source = tmp_path / "long.txt"
    with source.open("wb") as file:
        file.write(b"0" * 32 + b"\n")
        for _ in range(200):
            file.write(b"f" * (1 << 20))
        file.write(b"\n" + b"1" * 32 + b"\n")
    code, size = peak("list", "build", tmp_path / "l", "--from", source)
    assert code == 0
    assert size < 150 << 20


@pytest.mark.parametrize("tail", ['"', "[", '{"a":', " "])
def test_a_json_record_without_end_does_not_fill_the_memory(tmp_path, tail):
    source = tmp_path / "long.json"
    head = '{"@odata.context":"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/US/$metadata#Media",'
    with source.open("w") as file:
        file.write(head + '"value":[{"MD5":"' + "0" * 32 + '"},{"MediaID":2,"x":')
        for _ in range(40):
            file.write(tail * ((1 << 20) // len(tail)))
    code, size = peak("list", "build", tmp_path / "l", "--from", source, "--force")
    assert code == 0
    assert size < LIMIT


def test_the_measure_itself_sees_memory():
    told = subprocess.run(
        [sys.executable, "-c", MEASURE, "x = b'1' * (400 << 20)"], capture_output=True, text=True, check=True
    )
    assert int(told.stdout.split()[-1]) > LIMIT
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0
