"""Memory for plaintext: zeroed when done, and processes that write no core files."""

import subprocess
import sys

from rempart.evidence.vault.memory import plain_memory, wipe


def test_what_was_in_the_memory_is_zero_afterwards():
    with plain_memory(100_000) as view:
        view[:] = b"s" * 100_000
        part = view[50_000:50_010]
    assert bytes(part) == bytes(10)


def test_it_is_zeroed_when_the_block_fails():
    kept = []
    try:
        with plain_memory(10) as view:
            view[:] = b"0123456789"
            kept.append(view[2:4])
            raise ZeroDivisionError
    except ZeroDivisionError:
        assert bytes(kept[0]) == bytes(2)


def test_no_bytes_need_no_memory():
    with plain_memory(0) as view:
        assert len(view) == 0


def test_wiping_overwrites_in_place():
    held = bytearray(b"x" * 200_000)
    wipe(held)
    assert held == bytes(200_000)


CRASH = """
import ctypes, os, resource, sys
sys.path[:0] = sys.argv[1:]
from rempart.evidence.vault.memory import refuse_core_dumps
assert refuse_core_dumps() is True
assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0
print("refused", flush=True)
os.abort()
"""


def test_a_process_that_refused_core_dumps_leaves_none_when_it_crashes(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", CRASH, *filter(None, sys.path)], cwd=tmp_path, capture_output=True, text=True
    )
    assert run.stdout == "refused\n", run.stderr
    assert run.returncode < 0
    assert list(tmp_path.iterdir()) == []
