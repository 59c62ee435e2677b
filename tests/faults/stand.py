"""A service to do things to: data folder, keys, lists, persons, a webhook receiver, and servers that can be killed."""

import os
import secrets
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from judging import no_window
from listfiles import draw
from rempart.clock import utc_now
from rempart.lists.records import Mode
from rempart.people import persons, sessions
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE
from rempart.signals.values import Signal
from rempart.store.engine import Store
from serving import ALL_SCOPES, SRC, Server, add_list, make_data, make_key
from standstill import resume, stop

BLOCKED, TRIED = "police", "trial"
QUICK = {"REMPART_CHECK__WORKERS": "1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What the blocking list holds from the beginning."""

    digests: tuple[Signal, ...]
    pictures: tuple[Signal, ...]


class Group(Server):
    """A server with all its processes: it is killed, stopped and continued as a whole."""

    def stand_still(self) -> None:
        """Stop every process of the server; those that a process began just then, too."""
        for _ in range(2):
            stop(members(self.process.pid))

    def go_on(self) -> None:
        """The end of standing still."""
        resume(members(self.process.pid))

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        super().kill()
        wait_until_alone(self.process.pid)


class Stand:
    """Everything around the server. `server` is the one that runs now; a killed one is replaced by `start`."""

    def __init__(self, home: Path, *, database: str = "", more: str = "", listed: Listed | None = None) -> None:
        home.mkdir(exist_ok=True)
        self.home = home
        self.settings = make_data(home / "data", database=database, more=more)
        with self.store() as store:
            self.key = make_key(store, *ALL_SCOPES)
            known = listed or Listed(digests=(), pictures=())
            add_list(store, BLOCKED, [*known.digests, *known.pictures])
            add_list(store, TRIED, [draw(1).pdq()], mode=Mode.OBSERVING)
            no_window(store)
            self.tokens: dict[str, str] = {}
            for name, role in _PERSONS.items():
                with store.write() as conn:
                    persons.add(conn, name=name, roles=[role], by=CONSOLE, at=utc_now(), random=secrets.token_bytes)
        for name in _PERSONS:
            self.sign_in(name)

    @property
    def data(self) -> Path:
        return self.settings.data

    def store(self) -> Store:
        """The database, as another process sees it."""
        return Store.open(self.settings.database_url)

    def start(self, *arguments: str, environ: dict[str, str] | None = None, clock: Path | None = None) -> Group:
        """A server that listens. With `clock` it is as many seconds off as that file says."""
        program = ("-m", "rempart") if clock is None else (str(Path(__file__).with_name("launcher.py")), str(clock))
        return Group(self.settings, *arguments, environ={**QUICK, **(environ or {})}, program=program)

    def begin(self, environ: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """A server that nobody waits for: to be killed while it starts."""
        return subprocess.Popen(
            [sys.executable, "-m", "rempart", "serve", "--data", str(self.data), "--port", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, **QUICK, "PYTHONPATH": str(SRC), **(environ or {})},
        )  # fmt: skip

    def sign_in(self, name: str, *, ahead: int = 0) -> None:
        """A new session of a person, begun by a clock that is so many seconds ahead."""
        at = utc_now() + timedelta(seconds=ahead)
        with self.store() as store, store.write() as conn:
            self.tokens[name] = sessions.start(
                conn, persons.named(conn, name), method="passkey", at=at, limits=sessions.Limits(),
                random=secrets.token_bytes,
            ).token  # fmt: skip

    def person(self, name: str, url: str, **options: Any) -> httpx.Client:
        """A browser in which `lead`, `curator` or `second` is signed in."""
        return httpx.Client(
            base_url=url, cookies={"rempart": self.tokens[name]}, timeout=30,
            headers={"sec-fetch-site": "same-origin", "accept": "application/json"}, **options,
        )  # fmt: skip


_PERSONS = {
    "reviewer": Role.REVIEWER,
    "lead": Role.LEAD,
    "curator": Role.CURATOR,
    "second": Role.CURATOR,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMINISTRATOR,
}


def members(group: int) -> list[int]:
    """The processes of a process group or session that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if fields[0] not in "ZX" and str(group) in (fields[2], fields[3]):
                found.append(int(entry.name))
    return found


def children(parent: int) -> list[int]:
    """The direct children of a process that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if fields[0] not in "ZX" and int(fields[1]) == parent:
                found.append(int(entry.name))
    return found


def wait_until_alone(group: int, seconds: float = 60.0) -> None:
    """Wait until no process of a killed server is left: decode workers end with it."""
    deadline = time.monotonic() + seconds
    while left := members(group):
        assert time.monotonic() < deadline, f"these outlived their server: {left}"
        time.sleep(0.02)
