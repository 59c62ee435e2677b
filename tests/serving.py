"""A data folder, a key and a real server process, for tests of the service."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from rempart.cli.newfolder import NewFolder, make_database
from rempart.clock import utc_now
from rempart.evidence.ledger.keyfile import open_signer
from rempart.lists.entry import Category, Entry, EntrySignal
from rempart.lists.records import Mode, create_list, insert_entries
from rempart.lists.schemes import built_in
from rempart.people import keys
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE
from rempart.settings import Settings, read_settings
from rempart.signals.values import Signal
from rempart.store.counters import next_number
from rempart.store.engine import Store

SRC = Path(__file__).resolve().parents[1] / "src"
ALL_SCOPES = tuple(Scope)


def make_data(folder: Path, *, database: str = "", more: str = "") -> Settings:
    """A data folder with keys and the whole schema."""
    text = f"[store]\ndatabase = {json.dumps(database)}\n" if database else ""
    NewFolder(folder).make(text + more, filled=make_database, ledger_name="example.org/ledger")
    return read_settings(folder, environ={})


def make_key(store: Store, *scopes: Scope, service: str = "forum", at: datetime | None = None, **limits: Any) -> str:
    """A key of a service; gives its secret."""
    with store.write() as conn:
        made = keys.create(
            conn, label="test", service=service, scopes=scopes, by=CONSOLE, at=at or utc_now(),
            random=secrets.token_bytes, **limits,
        )  # fmt: skip
    return made.secret


def add_list(store: Store, name: str, signals: Sequence[Signal], *, mode: Mode = Mode.BLOCKING) -> None:
    """A list with an entry for each signal, live at once."""
    category = Category(scheme="listed", code="listed")
    entries = [
        Entry(id=f"{name}-{n}", signals=(EntrySignal(signal=signal),), category=category)
        for n, signal in enumerate(signals)
    ]
    with store.write() as conn:
        row = create_list(conn, name=name, mode=mode, at=utc_now())
        number = next_number(conn, "lists")
        insert_entries(
            conn, entries, list_number=row.number, schemes=built_in(), number=number, at=utc_now()
        )  # fmt: skip


class Server:
    """A real `rempart serve` on a free port; `program` is what runs in place of `python -m rempart`."""

    def __init__(
        self,
        settings: Settings,
        *arguments: str,
        environ: dict[str, str] | None = None,
        program: Sequence[str] = ("-m", "rempart"),
    ) -> None:
        self.settings = settings
        self.log: list[str] = []
        command = [sys.executable, *program, "serve", "--data", str(settings.data), "--port", "0", *arguments]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(SRC), **(environ or {})},
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://\S+", line)
        if found is None:
            self.process.wait(60)
            self._end_log()
            raise AssertionError("".join(self.log))
        self.url = found.group()

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def client(self, key: str, **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, **options)

    def stop(self) -> int:
        """Ask it to end, as an operator does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(90)
        self._end_log()
        return code

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self._end_log()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def _end_log(self) -> None:
        self._reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@contextmanager
def serving(settings: Settings, *arguments: str, environ: dict[str, str] | None = None) -> Iterator[Server]:
    """A server for the length of a block; it must end well."""
    server = Server(settings, *arguments, environ=environ)
    try:
        yield server
    except BaseException:
        server.kill()
        print("".join(server.log[-60:]), file=sys.stderr)
        raise
    assert server.stop() == 0, "".join(server.log)


def rempart(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command of its own."""
    return subprocess.run(
        [sys.executable, "-m", "rempart", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(SRC)}, capture_output=True, text=True, timeout=200,
    )  # fmt: skip


def assert_ledger_verifies(settings: Settings) -> None:
    """The whole ledger of a deployment is exported, and an outsider's check finds nothing wrong with it."""
    out = settings.data.parent / f"{settings.data.name}-ledger-{secrets.token_hex(4)}"
    done = rempart("ledger", "checkpoint", "--data", settings.data)
    assert done.returncode == 0, done.stderr
    done = rempart("ledger", "export", out, "--data", settings.data)
    assert done.returncode == 0, done.stderr
    key = open_signer(settings.data / "keys" / "ledger.key").key.line
    done = rempart("ledger", "verify", out, "--key", key, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
