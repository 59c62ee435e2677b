"""A CyberTipline to rehearse with: a real HTTP server on this machine that follows the documented rules.

It keeps numbers, digests and times of what it is sent (see `shelf`) and no content; with `remember` it also keeps the
documents, in memory, for whoever wants to look at what arrived. It can be as bad as a service is on a bad day, one call
at a time: see `misbehaving`.
"""

from __future__ import annotations

import hmac
import secrets
import threading
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from rempart.clock import Clock, utc_now
from rempart.reports.cybertip.document.checking import problems_of_xml
from rempart.reports.cybertip.document.editions import DEFAULT, Edition
from rempart.reports.cybertip.service.book import Book, Rules
from rempart.reports.cybertip.service.handling import BASE, Handler
from rempart.reports.cybertip.service.misbehaving import Plan
from rempart.reports.cybertip.service.schema import Schema
from rempart.reports.cybertip.service.shelf import Folder, Held, Memory, Stage

USER = "rehearsal"


class RehearsalServer(ThreadingHTTPServer):
    """The server. `user` and `password` are what it is asked with; `url` is its base address.

    `hang` is for how many seconds it keeps a connection that it does not answer, `pause` how long it waits between two
    bytes when it is slow. With `keep` its reports and what is planned lie in that folder. `said` holds what it was
    sent, by report. `schema` is what it gives at /xsd; without one there is nothing.
    """

    daemon_threads = True

    def __init__(
        self, *, user: str = USER, password: str = "", port: int = 0, clock: Clock = utc_now, keep: Path | None = None,
        plan: Iterable[str] = (), hang: float = 60.0, pause: float = 0.05, remember: bool = False,
        rules: Rules | None = None, schema: bytes = b"",
    ) -> None:  # fmt: skip
        self.plan = Plan(keep / "plan" if keep else None)
        self.plan.add(plan)
        super().__init__(("127.0.0.1", port), Handler)
        self.user, self.password = user, password or secrets.token_urlsafe(18)
        self.hang, self.pause, self.revoked = hang, pause, False
        self.calls: list[str] = []
        self.said: dict[str, list[bytes]] = defaultdict(list)
        self.over = threading.Event()
        self.schema = schema
        self._remember = remember
        self.book = Book(Folder(keep) if keep else Memory(), clock=clock, rules=rules or own_rules)

    @property
    def url(self) -> str:
        """The base address, as `Connection` takes it."""
        return f"http://127.0.0.1:{self.server_address[1]}{BASE}"

    def misbehave(self, behaviours: Iterable[str]) -> None:
        """Behave so at the next calls. Raises RefusedError for one that is not known."""
        self.plan.add(behaviours)

    @property
    def finished(self) -> tuple[Held, ...]:
        """The reports that are filed."""
        return tuple(one for one in self.book.reports() if one.stage is Stage.FINISHED)

    def knows(self, header: str) -> bool:
        """Whether an Authorization header is right."""
        wanted = b"Basic " + b64encode(f"{self.user}:{self.password}".encode())
        return not self.revoked and hmac.compare_digest(header.encode("latin-1", "replace"), wanted)

    def remember(self, number: str | None, xml: bytes) -> None:
        """Keep a document that was taken, when that is wanted."""
        if self._remember and number is not None:
            self.said[number].append(xml)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up is part of what is rehearsed here."""


@contextmanager
def running(server: RehearsalServer) -> Iterator[RehearsalServer]:
    """A server that is there for the length of a block."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def own_rules(xml: bytes, kind: str, now: datetime) -> tuple[str, ...]:
    """What is wrong with a document by the rule table of this house."""
    return tuple(rules_of(DEFAULT)(xml, kind, now))


def rules_of(edition: Edition, schema: Schema | None = None) -> Rules:
    """The rule table in an edition, and where there is one the service's own schema: what a report is refused for."""

    def rules(xml: bytes, kind: str, now: datetime) -> tuple[str, ...]:
        found = tuple(str(one) for one in problems_of_xml(xml, kind, now=now, edition=edition))
        return found or (schema.problems(xml) if schema else ())

    return rules
