"""A server to measure: its data folder with a generated list, its process, its CPU time and its memory."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rempart.cli.newfolder import NewFolder, make_database, settings_text
from rempart.clock import utc_now
from rempart.errors import UnavailableError
from rempart.lists.entry import Category, Entry, EntrySignal
from rempart.lists.records import COUNTER, Mode, create_list, insert_entries
from rempart.lists.schemes import built_in
from rempart.people import keys
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE
from rempart.settings import Settings, read_settings
from rempart.signals.values import PdqHash
from rempart.store.counters import next_number
from rempart.store.engine import Store

_AT_ONCE = 10_000
_SCOPES = (Scope.CHECK, Scope.SIGNALS, Scope.METRICS)
_TICKS = os.sysconf("SC_CLK_TCK")
_PER_MINUTE = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A data folder that can be served, and a key for checks of every kind."""

    settings: Settings
    key: str


def prepare(folder: Path, *, entries: int, seed: int) -> Prepared:
    """A data folder with a blocking list of so many random PDQ hashes."""
    text = settings_text() + f"\n[people]\nkey_per_minute = {_PER_MINUTE}\n"
    NewFolder(folder).make(text, filled=make_database, ledger_name="benchmark/ledger")
    settings = read_settings(folder, environ={})
    with Store.open(settings.database_url) as store:
        _fill(store, entries, np.random.default_rng(seed))
        with store.write() as conn:
            made = keys.create(
                conn, label="benchmark", service="benchmark", scopes=_SCOPES, by=CONSOLE,
                at=utc_now(), random=secrets.token_bytes,
            )  # fmt: skip
    return Prepared(settings=settings, key=made.secret)


def _fill(store: Store, count: int, rng: np.random.Generator) -> None:
    category, schemes = Category(scheme="listed", code="listed"), built_in()
    with store.write() as conn:
        made = create_list(conn, name="generated", mode=Mode.BLOCKING, at=utc_now())
    for start in range(0, count, _AT_ONCE):
        hashes = rng.bytes(32 * min(_AT_ONCE, count - start))
        entries = [
            Entry(
                id=f"e{start + place // 32}",
                signals=(EntrySignal(signal=PdqHash(hashes[place : place + 32]), quality=100),),
                category=category,
            )
            for place in range(0, len(hashes), 32)
        ]
        with store.write() as conn:
            number = next_number(conn, COUNTER)
            insert_entries(conn, entries, list_number=made.number, schemes=schemes, number=number, at=utc_now())


class Measured:
    """A server that runs, and what it uses."""

    def __init__(self, process: subprocess.Popen[str], port: int, start_seconds: float) -> None:
        self._process = process
        self.port = port
        self.start_seconds = start_seconds

    def cpu_seconds(self) -> float:
        """User and system time of all its processes so far, decode workers among them."""
        total = 0
        for number in self.processes():
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(fields[place]) for place in (11, 12, 13, 14))
        return total / _TICKS

    def memory_mb(self) -> float:
        """The memory of all its processes: the sum of their proportional set sizes, in 10^6 bytes."""
        total = 0
        for number in self.processes():
            found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{number}/smaps_rollup").read_text(), re.M)
            total += int(found[1]) if found else 0
        return total * 1024 / 1e6

    def processes(self) -> list[int]:
        """The ids of the server's processes."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = entry.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.parent.name)] = int(fields[1])
        found = [self._process.pid]
        for number in found:
            found += [child for child, parent in parents.items() if parent == number]
        return found


@contextmanager
def running(settings: Settings, *arguments: str) -> Iterator[Measured]:
    """A server process for the length of a block. Raises UnavailableError when it does not start."""
    began = time.monotonic()
    with (settings.data / "log").open("w") as log:
        process = subprocess.Popen(  # noqa: S603  our own interpreter, our own arguments
            [sys.executable, "-m", "rempart", "serve", "--data", str(settings.data), "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        assert process.stdout is not None
        found = re.search(r":(\d+)\s*$", process.stdout.readline())
        if found is None:
            raise UnavailableError("The server did not start.", hint=(settings.data / "log").read_text()[-500:])
        yield Measured(process, int(found[1]), time.monotonic() - began)
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
