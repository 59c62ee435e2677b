"""What whole pages of the console cost: the queue of a long one, and a case with all that an honest one has."""

from __future__ import annotations

import http.client
import secrets
import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import uvicorn

from rempart.cases.opening import CaseItem, open_case
from rempart.cases.records import cases as records
from rempart.cases.work import claims
from rempart.items.records import items
from rempart.lists.entry import Opinion
from rempart.lists.lookup import ListMatch
from rempart.people import persons, sessions
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.people.sessions import principal_of
from rempart.server.app import create_app
from rempart.server.runtime import Runtime
from rempart.signals.values import SignalKind

ITEMS, MATCHES = 500, 100
_FIRST = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PageTime:
    """One page over HTTP: medians of the wall time until all of it was there, and of the CPU of this process, in which
    the server and the asker run; kilobytes of the page alone."""

    page: str
    wall_ms: float
    cpu_ms: float
    kilobytes: float


def measured(runtime: Runtime, *, rounds: int) -> tuple[PageTime, ...]:
    """The pages, each so often, after three times that are not counted."""
    cookie, case_id = _prepared(runtime)
    app = create_app(runtime.service, runtime.access)
    object.__setattr__(runtime.access, "address_per_minute", 1_000_000)
    pages = (("the queue", "/cases"), ("one queue", "/cases?queue=queue-3"), ("a case, taken", f"/cases/{case_id}"))
    with _served(app) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        return tuple(_timed(connection, name, path, cookie, rounds) for name, path in pages)


def _prepared(runtime: Runtime) -> tuple[str, str]:
    """A reviewer with a session and a case of theirs: the cookie, and the case's id."""
    service, access = runtime.service, runtime.access
    at = service.clock()
    with service.store.write() as conn:
        person = persons.add(conn, name="bench", roles=[Role.REVIEWER], by=CONSOLE, at=at, random=secrets.token_bytes)
        started = sessions.start(
            conn, person, method="bench", at=at, limits=access.limits, random=secrets.token_bytes
        )  # fmt: skip
        digest = sha256(b"bench").digest()
        items.add(conn, [_item(_FIRST + number, digest) | {"created": at, "checked": at} for number in range(ITEMS)])
        case_id = open_case(
            conn, item=CaseItem(id=_FIRST, service="bench", sha256=digest), matches=[_match(n) for n in range(MATCHES)],
            kind="match", queue="bench", assessors=2, reason="bench", policy_version=1, by=SYSTEM, at=at,
        )  # fmt: skip
        for number in range(1, ITEMS):
            records.add_item(conn, case_id=case_id, item=_FIRST + number, service="bench", added=at)
        claims.claim(conn, case_id, principal_of(person, started.session), at=at)
    return f"{access.cookie}={started.token}", case_id


def _item(number: int, digest: bytes) -> dict[str, Any]:
    return {
        "id": number, "service": "bench", "item_id": f"photo-{number}", "uploader": f"account-{number % 7}",
        "url": None, "published": None, "context": {}, "sha256": digest, "media_type": "image/jpeg", "size": 400_000,
        "verdict": "hold", "decided": None, "request": f"check_{number}", "object": None, "gone": None,
    }  # fmt: skip


def _match(number: int) -> ListMatch:
    schemes = (("uk-abc", "A"), ("iccam", "1"), ("ncmec-industry", "A1"), ("vic-us", "1"))
    scheme, code = schemes[number % len(schemes)]
    return ListMatch(
        list=f"hotline {number}", list_id=f"list_{number}", mode="blocking", entry_id=number, ref=f"entry-{number}",
        signal_kind=SignalKind.PDQ, distance=number % 31, probe="canonical", scheme=scheme, code=code,
        opinion=Opinion.POSITIVE, facet=None,
    )  # fmt: skip


@contextmanager
def _served(app: Any) -> Iterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def _timed(connection: http.client.HTTPConnection, name: str, path: str, cookie: str, rounds: int) -> PageTime:
    wall, cpu, size = [], [], 0
    for number in range(rounds + 3):
        start, busy = time.perf_counter(), time.process_time()
        connection.request("GET", path, headers={"cookie": cookie, "accept": "text/html"})
        answer = connection.getresponse()
        size = len(answer.read())
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        if number >= 3:
            wall.append((time.perf_counter() - start) * 1e3)
            cpu.append((time.process_time() - busy) * 1e3)
    return PageTime(
        page=name, wall_ms=statistics.median(wall), cpu_ms=statistics.median(cpu), kilobytes=size / 1000
    )  # fmt: skip
