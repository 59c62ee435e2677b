"""The generator behind the gate: asked once, within bounds of time and bytes, and never followed anywhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx

from rempart.errors import RefusedError
from rempart.gate.answers import AnswerError, garbage
from rempart.gate.limits import GateLimits
from rempart.gate.tls import tls_for

PASSED_ON = frozenset({"authorization", "openai-organization", "openai-project", "idempotency-key"})
"""Headers of the client that the generator gets. Cookies, addresses and whatever else came stay here."""
GIVEN_BACK = frozenset({"retry-after", "x-request-id", "openai-processing-ms"})
"""Headers of the generator that the client gets."""
_LONGEST_HEADER = 256
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request as the generator gets it: written anew from what was read and checked."""

    method: str = "POST"
    path: str
    content: bytes = b""
    content_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What the generator answered, whole and within its bounds."""

    status: int
    media_type: str
    body: bytes
    headers: Mapping[str, str]


class Upstream:
    """One generator at one address. `key` replaces what clients send to be known by."""

    def __init__(self, url: str, *, limits: GateLimits, key: str | None = None) -> None:
        self._url, self._limits, self._key = _checked(url), limits, key
        self._origin = _origin(urlsplit(self._url))
        self._tls = tls_for(self._url)

    async def send(self, outgoing: Outgoing, headers: Mapping[str, str]) -> Incoming:
        """Ask, and read the whole answer. Raises AnswerError 502 or 504 when there is none."""
        sent = self._passed_on(headers)
        if outgoing.content_type is not None:
            sent["content-type"] = outgoing.content_type
        url = self._url + outgoing.path
        return await self._asked(outgoing.method, url, sent, outgoing.content, most=self._limits.answer_bytes)

    async def fetch(self, url: object, headers: Mapping[str, str]) -> bytes:
        """A picture that an answer names by its address; only where the answer itself came from."""
        place = urljoin(f"{self._url}/", url) if isinstance(url, str) and 0 < len(url) <= 4096 else ""
        try:
            same = place.isprintable() and _origin(urlsplit(place)) == self._origin
        except ValueError:
            same = False
        if not same:
            raise garbage("a picture lies somewhere else")
        answer = await self._asked("GET", place, self._passed_on(headers), b"", most=self._limits.picture_bytes)
        if answer.status != httpx.codes.OK or not answer.body:
            raise garbage("a picture that it names is not there")
        return answer.body

    def _passed_on(self, headers: Mapping[str, str]) -> dict[str, str]:
        sent = {name: value for name, value in headers.items() if name in PASSED_ON}
        if self._key is not None:
            sent["authorization"] = f"Bearer {self._key}"
        return sent | {"accept-encoding": "identity", "user-agent": "rempart-gate"}

    async def _asked(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes, *, most: int
    ) -> Incoming:  # fmt: skip
        seconds = self._limits.upstream_seconds
        try:
            async with asyncio.timeout(seconds), httpx.AsyncClient(
                verify=self._tls, trust_env=False, follow_redirects=False, timeout=httpx.Timeout(seconds, connect=10)
            ) as client, client.stream(method, url, headers=dict(headers), content=content) as answer:  # fmt: skip
                return await _whole(answer, most=most)
        except (TimeoutError, httpx.TimeoutException) as err:
            raise AnswerError(504, "The generator did not answer in time.", code="upstream_timeout") from err
        except (httpx.HTTPError, httpx.InvalidURL) as err:
            raise AnswerError(502, "The generator could not be reached.", code="upstream_unreachable") from err


async def _whole(answer: httpx.Response, *, most: int) -> Incoming:
    if answer.headers.get("content-encoding", "identity").lower() != "identity":
        raise garbage("it is packed, which was not asked for")
    parts, size = [], 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > most:
            raise garbage("it is too long")
        parts.append(part)
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    back = {
        name: value for name, value in answer.headers.items()
        if name in GIVEN_BACK and len(value) <= _LONGEST_HEADER and value.isascii() and value.isprintable()
    }  # fmt: skip
    return Incoming(status=answer.status_code, media_type=media_type, body=b"".join(parts), headers=back)


def _checked(url: str) -> str:
    try:
        origin, place = _origin(urlsplit(url)), urlsplit(url)
    except ValueError:
        origin = None
    if origin is None or place.query or place.fragment or place.username is not None:
        raise RefusedError(f"{url!r} is no address of a generator.", hint="Write for example http://127.0.0.1:7860.")
    if place.path.rstrip("/").endswith("/v1"):
        raise RefusedError("The address of the generator ends before /v1.", hint="Leave /v1 away.")
    return url.rstrip("/")


def _origin(place: SplitResult) -> tuple[str, str, int] | None:
    """Scheme, host and port; None where one is missing, or a name and a password stand there. Raises ValueError."""
    port = place.port or _PORTS.get(place.scheme)
    if place.hostname is None or port is None or place.username is not None or place.password is not None:
        return None
    return place.scheme, place.hostname.lower(), port
