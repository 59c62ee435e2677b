"""Delivering webhook messages: one attempt for each call, kept in a log, tried again for days.

A message is a row written with its decision, so that none is sent without one. An attempt that was answered but not yet
written down when the process died is made again with the same id: receivers get a message at least once.
"""

from __future__ import annotations

import random
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

import anyio
import httpx
from sqlalchemy import Connection

from rempart import __version__
from rempart.cases.records import decisions
from rempart.cases.records import webhooks as records
from rempart.cases.signatures import signed_headers
from rempart.cases.webhooks import message_body, signing_secrets
from rempart.clock import Clock
from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault.keyring import Keyring
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.drafting import wanted
from rempart.server.targets import Address, Network, check_target, reachable
from rempart.store.engine import Store
from rempart.store.jobs import Job, RetryLater

GIVE_UP_AFTER = timedelta(days=5)
TOTAL_SECONDS = 15.0
_FIRST_DELAY = 5.0
_LONGEST_DELAY = 8 * 3600.0
_LONGEST_REST = 60.0
_GONE = 410


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one attempt: the status, or why there is none."""

    status: int | None = None
    error: str | None = None
    retry_after: float | None = None

    @property
    def accepted(self) -> bool:
        """True for any status from 200 to 299."""
        return self.status is not None and 200 <= self.status < 300


class Delivery:
    """The handler of `webhook.deliver` jobs. `listed` are private networks that the operator allows as targets."""

    def __init__(
        self,
        store: Store,
        *,
        keyring: Keyring,
        clock: Clock,
        listed: Sequence[Network] = (),
        seconds: float = TOTAL_SECONDS,
        jitter: Callable[[], float] = random.random,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._keyring, self._clock, self._listed = store, keyring, clock, tuple(listed)
        self._seconds, self._jitter, self._steady = seconds, jitter, steady
        self._resting: dict[str, tuple[float, int]] = {}
        self._trying: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, job: Job) -> None:
        """Make one attempt. RetryLater when it failed and time is left."""
        now = self._clock()
        with self._store.read() as conn:
            message = records.message(conn, job.payload["message"])
            if message is None or message.state != "waiting":
                return
            endpoint = records.endpoint(conn, message.endpoint)
            body = _body(conn, message.decision)
            secrets = signing_secrets(conn, message.endpoint, keyring=self._keyring, at=now)
        if endpoint is None or endpoint.state != "enabled" or body is None:
            self._settle(job, message, "given_up")
            return
        self._wait_while_it_rests(endpoint.id)
        headers = signed_headers(body, message=message.id, at=now, secrets=secrets)
        with self._turn(endpoint):
            started = self._steady()
            answer = self.post(endpoint.url, body, headers)
            took = self._steady() - started
        self._after(job, message, endpoint, answer, took)

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one signed body; never raises for what the other side does."""
        return anyio.run(self._post, url, body, dict(headers))

    async def _post(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        try:
            with anyio.fail_after(self._seconds):
                return await self._sent(url, body, headers)
        except TimeoutError:
            return Answer(error="timed out")
        except RefusedError as err:
            return Answer(error=err.message)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as err:
            return Answer(error=type(err).__name__)

    async def _sent(self, url: str, body: bytes, headers: dict[str, str]) -> Answer:
        parts = check_target(url)
        host = parts.hostname or ""
        address = await self._address(host, parts.port or (443 if parts.scheme == "https" else 80))
        target = httpx.URL(url)
        named = target.netloc.decode("ascii")
        sent = headers | {
            "host": named,
            "content-type": "application/json",
            "user-agent": f"rempart/{__version__}",
        }
        secure = ssl.create_default_context() if parts.scheme == "https" else False
        # The address that was checked is the one that is used: the name is not looked up a second time.
        async with httpx.AsyncClient(
            verify=secure, trust_env=False, follow_redirects=False, timeout=self._seconds
        ) as client:
            request = client.build_request(
                "POST", target.copy_with(host=str(address)), content=body, headers=sent,
                extensions={"sni_hostname": host},
            )  # fmt: skip
            answer = await client.send(request, stream=True)
            await answer.aclose()
        return Answer(status=answer.status_code, retry_after=_retry_after(answer.headers.get("retry-after")))

    async def _address(self, host: str, port: int) -> Address:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [ip_address(str(one[4][0]).partition("%")[0]) for one in found]
        if not addresses or not all(reachable(host, one, listed=self._listed) for one in addresses):
            raise RefusedError("not a public address")
        return addresses[0]

    def _wait_while_it_rests(self, endpoint: str) -> None:
        """An endpoint that has just failed is not tried with its other messages too."""
        with self._lock:
            until, _ = self._resting.get(endpoint, (0.0, 0))
        left = until - self._steady()
        if left > 0:
            raise RetryLater(timedelta(seconds=left + self._jitter()), "the endpoint has just failed")

    @contextmanager
    def _turn(self, endpoint: records.Endpoint) -> Iterator[None]:
        """Of a service's endpoints that failed last, one is tried at a time: those that never answer, however many they
        are, hold up a single thread of those that all services share."""
        with self._lock:
            doubtful = endpoint.id in self._resting
            if doubtful and endpoint.service in self._trying:
                raise RetryLater(timedelta(seconds=1 + self._jitter()), "another endpoint of its service is tried")
            if doubtful:
                self._trying.add(endpoint.service)
        try:
            yield
        finally:
            if doubtful:
                with self._lock:
                    self._trying.discard(endpoint.service)

    def _rest(self, endpoint: str, *, failed: bool) -> None:
        with self._lock:
            _, times = self._resting.pop(endpoint, (0.0, 0))
            if failed:
                rest = min(_LONGEST_REST, 2.0**times)
                self._resting[endpoint] = (self._steady() + rest, min(times + 1, 10))

    def _after(
        self, job: Job, message: records.Message, endpoint: records.Endpoint, answer: Answer, took: float
    ) -> None:
        now = self._clock()
        attempt = {
            "message": message.id, "at": now, "status": answer.status, "error": answer.error and answer.error[:200],
            "milliseconds": int(took * 1000),
        }  # fmt: skip
        self._rest(endpoint.id, failed=not answer.accepted)
        over = answer.accepted or answer.status == _GONE or now - message.created >= GIVE_UP_AFTER
        if not over:
            with self._store.write() as conn:
                job.guard(conn)
                records.add_attempt(conn, attempt)
            raise RetryLater(self._delay(message.attempts, answer), answer.error or f"status {answer.status}")
        with job.finishing() as conn:
            records.add_attempt(conn, attempt)
            state = "delivered" if answer.accepted else "given_up"
            records.change_message(conn, message.id, state=state, settled=now)
            if answer.status == _GONE:
                self._disable(conn, endpoint, now)

    def _delay(self, attempts: int, answer: Answer) -> timedelta:
        delay = min(_FIRST_DELAY * 3.0 ** min(attempts, 20), _LONGEST_DELAY)
        if answer.retry_after is not None:
            delay = min(max(delay, answer.retry_after), _LONGEST_DELAY)
        return timedelta(seconds=delay * (0.8 + 0.4 * self._jitter()))

    def _settle(self, job: Job, message: records.Message, state: str) -> None:
        with job.finishing() as conn:
            records.change_message(conn, message.id, state=state, settled=self._clock())

    def _disable(self, conn: Connection, endpoint: records.Endpoint, now: datetime) -> None:
        records.change_endpoint(conn, endpoint.id, state="disabled", why="it answered 410 Gone", changed=now)
        leaf = Leaf(action="webhook.disabled", actor=SYSTEM.pseudonym, subject=f"webhook:{endpoint.id}")
        append(conn, leaf, at=now)


def _body(conn: Connection, told: str) -> bytes | None:
    """What is told of a decision, or of a report that waits for what its service knows; None where nothing is."""
    if told.startswith(wanted.PREFIX):
        return wanted.body_of(conn, told)
    decision = decisions.find(conn, told)
    return None if decision is None or decision.erased else message_body(decision)


def _retry_after(value: str | None) -> float | None:
    """The seconds of a Retry-After header; a date there is ignored."""
    return float(value) if value is not None and value.isdigit() and len(value) <= 6 else None
