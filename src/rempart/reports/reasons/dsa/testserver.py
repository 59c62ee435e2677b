"""A transparency database to try things on: a real HTTP server that follows the documented rules, on the loopback.

What it takes stays in memory. It can be as bad as a database is on a bad day, one request at a time, by `misbehave`:
`500` answers an error and takes nothing, `timeout_before` never answers and takes nothing, `timeout_after` takes what
was sent and never answers, `close_after` takes it and hangs up, `422` refuses the first statement of a batch for no
reason of its own.
"""

from __future__ import annotations

import hmac
import json
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rempart.errors import RefusedError
from rempart.reports.reasons.dsa.connection import MOST
from rempart.reports.reasons.dsa.rules import problems

BASE = "/api/v1"
BEHAVIOURS = ("500", "timeout_before", "timeout_after", "close_after", "422")
_LARGEST = 8 << 20
_INVALID = "The given data was invalid."
_TAKEN = "The identifier given is not unique within this platform."


class TestServer(ThreadingHTTPServer):
    """The server. `token` is what it is asked with; `statements` is what it has taken, by puid; `requests` counts each
    kind; `hang` is how many seconds it keeps a connection that it does not answer."""

    __test__ = False  # no test of pytest's
    daemon_threads = True

    def __init__(self, *, token: str, port: int = 0, hang: float = 60.0, next_: Iterable[str] = ()) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.token, self.hang = token, hang
        self.statements: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.twice: list[str] = []
        self.lock, self.over = threading.Lock(), threading.Event()
        self._next: list[str] = []
        self.misbehave(next_)

    @property
    def url(self) -> str:
        """What `reasons.database_url` is set to."""
        return f"http://127.0.0.1:{self.server_address[1]}{BASE}"

    def misbehave(self, behaviours: Iterable[str]) -> None:
        """Behave so at the next requests that send something, one after the other. RefusedError for an unknown one."""
        wanted = [str(one) for one in behaviours]
        if not set(wanted) <= set(BEHAVIOURS):
            raise RefusedError(f"A behaviour is one of {', '.join(BEHAVIOURS)}.")
        with self.lock:
            self._next += wanted

    def behaviour(self) -> str:
        """How to behave now; empty: well."""
        with self.lock:
            return self._next.pop(0) if self._next else ""

    def take(self, told: list[Any]) -> tuple[int, dict[str, Any]]:
        """All of some statements, or none: the status and the answer."""
        with self.lock:
            wrong: dict[str, Any] = {}
            seen: set[str] = set()
            for place, one in enumerate(told):
                errors = self._problems(one, seen)
                if errors:
                    wrong[f"statement_{place}"] = errors
            if wrong:
                return 422, {"message": _INVALID, "errors": wrong}
            made = [dict(one) | {"uuid": str(uuid.uuid4())} for one in told]
            for one in made:
                self.statements[one["puid"]] = one
            return 201, {"statements": made}

    def _problems(self, one: Any, seen: set[str]) -> dict[str, Any]:
        if not isinstance(one, dict):
            return {"statement": ["is no object"]}
        errors: dict[str, Any] = dict(problems(one, own=False))
        puid = str(one.get("puid"))
        if puid in self.statements or puid in seen:
            self.twice.append(puid)
            errors["puid"] = [_TAKEN]
            errors["existing"] = {"puid": puid}
        seen.add(puid)
        return errors

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up is part of what is tried here."""


class _Handler(BaseHTTPRequestHandler):
    server: TestServer
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        if not self._known():
            return
        if self.path == "/api/ping":
            self._answer(200, {"message": "pong"})
            return
        for prefix, find in (("/statement/existing-puid/", self._by_puid), ("/statement/", self._by_uuid)):
            if self.path.startswith(BASE + prefix):
                find(self.path.removeprefix(BASE + prefix))
                return
        self._answer(404, {"message": "Not found."})

    def do_POST(self) -> None:
        size = self.headers.get("content-length", "")
        if not size.isdigit() or int(size) > _LARGEST:
            self._answer(413 if size.isdigit() else 411, {"message": "Too large, or of no known length."}, close=True)
            return
        body = self.rfile.read(int(size))
        if len(body) < int(size) or not self._known():
            return
        try:
            told = json.loads(body)
        except (ValueError, RecursionError):
            self._answer(400, {"message": "The body is no JSON."})
            return
        if self.path == "/misbehave":
            self._misbehave(told)
        elif self.path == f"{BASE}/statements":
            self._statements(told)
        elif self.path == f"{BASE}/statement":
            self._statement(told)
        else:
            self._answer(404, {"message": "Not found."})

    def _statements(self, told: Any) -> None:
        some = told.get("statements") if isinstance(told, dict) else None
        if not isinstance(some, list) or not 1 <= len(some) <= MOST:
            errors = {"statements": [f"The statements field is a list of 1 to {MOST}."]}
            self._answer(422, {"message": _INVALID, "errors": errors})
            return
        self._behaving(some)

    def _statement(self, told: Any) -> None:
        status, answer = self.server.take([told])
        if status == 201:
            self._answer(status, answer["statements"][0])
        else:
            errors = answer["errors"]["statement_0"]
            existing = errors.pop("existing", None)
            self._answer(status, {"message": _INVALID, "errors": errors} | ({"existing": existing} if existing else {}))

    def _behaving(self, some: list[Any]) -> None:
        behaviour = self.server.behaviour()
        self.server.requests.append(f"statements {len(some)} {behaviour}".strip())
        if behaviour == "500":
            self._answer(500, {"message": "Server Error"})
            return
        if behaviour == "422":
            self._answer(422, {"message": _INVALID, "errors": {"statement_0": {"decision_facts": ["is not liked"]}}})
            return
        if behaviour != "timeout_before":
            status, answer = self.server.take(some)
        if behaviour in ("timeout_before", "timeout_after"):
            self.close_connection = True
            self.server.over.wait(self.server.hang)
        elif behaviour == "close_after":
            self.close_connection = True
        else:
            self._answer(status, answer)

    def _misbehave(self, told: Any) -> None:
        try:
            self.server.misbehave(told["next"])
        except (RefusedError, TypeError, KeyError) as err:
            self._answer(422, {"message": str(err)})
            return
        self._answer(200, {"message": "As you like."})

    def _by_puid(self, puid: str) -> None:
        self.server.requests.append("existing-puid")
        found = self.server.statements.get(puid)
        if found is None:
            self._answer(404, {"message": "statement of reason not found"})
        else:
            self._answer(302, {"message": "statement of reason found"}, location=f"{BASE}/statement/{found['uuid']}")

    def _by_uuid(self, name: str) -> None:
        found = next((one for one in list(self.server.statements.values()) if one["uuid"] == name), None)
        self._answer(200 if found else 404, found or {"message": "Not found."})

    def _known(self) -> bool:
        given = self.headers.get("authorization", "").encode("latin-1", "replace")
        if hmac.compare_digest(given, f"Bearer {self.server.token}".encode()):
            return True
        self._answer(401, {"message": "Unauthenticated."}, close=True)
        return False

    def _answer(self, status: int, told: Mapping[str, Any], *, location: str = "", close: bool = False) -> None:
        body = json.dumps(told).encode()
        self.close_connection = self.close_connection or close
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Whoever runs it sees what it says at the end, not each request."""


@contextmanager
def running(*, token: str, port: int = 0, hang: float = 60.0, next_: Iterable[str] = ()) -> Iterator[TestServer]:
    """A test server for the length of a block."""
    server = TestServer(token=token, port=port, hang=hang, next_=next_)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
