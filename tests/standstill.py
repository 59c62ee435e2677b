"""Processes that are made to stand still: for certain, and not while they hold what everybody needs."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from rempart.store.engine import Store

_AT_REST = frozenset("TtZX")
"""States of a task that runs no more: stopped, or at its end."""


def stop(processes: Iterable[int], seconds: float = 30.0) -> None:
    """Send SIGSTOP, which takes effect when it pleases, and come back when no task of any of them runs."""
    stopped = list(processes)
    for process in stopped:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGSTOP)
    deadline = time.monotonic() + seconds
    while moving := [process for process in stopped if not _stands_still(process)]:
        assert time.monotonic() < deadline, f"these did not stand still: {moving}"
        time.sleep(0.005)


def resume(processes: Iterable[int]) -> None:
    """Let them go on."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGCONT)


def stop_outside_a_transaction(store: Store, process: int) -> None:
    """The same with one process; on SQLite never while it writes, for then nobody else could write meanwhile."""
    deadline = time.monotonic() + 60
    while True:
        stop([process])
        if store.path is None or (_can_be_written(store.path) and _can_be_written(store.path)):
            return
        resume([process])
        assert time.monotonic() < deadline, "the process writes without end"
        time.sleep(0.05)


def _stands_still(process: int) -> bool:
    try:
        tasks = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/stat")]
    except OSError:
        return not Path(f"/proc/{process}").exists()  # else one task ended just now: look again
    return all(told.rpartition(")")[2].split()[0] in _AT_REST for told in tasks)


def _can_be_written(path: Path) -> bool:
    time.sleep(0.005)
    with closing(sqlite3.connect(path, timeout=0.5, isolation_level=None)) as plain:
        try:
            plain.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        plain.execute("ROLLBACK")
        return True
