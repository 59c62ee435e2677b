"""Fetching an item's bytes from where its service shows it: only from origins that the operator listed.

Never by itself: the request has to ask for it. No redirect is followed, a name is resolved once and that very address
is used, and size and time are bounded as those of an upload.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from rempart.errors import SettingsError
from rempart.server.bodies import Share
from rempart.server.problems import ProblemError

_PORTS = {"http": 80, "https": 443}
_PIECE = 1 << 16

Origin = tuple[str, str, int]
"""Scheme, host and port."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetcher:
    """Fetches from `origins` and from nowhere else; `most` bytes in `seconds`. Blocks: not for the event loop."""

    origins: frozenset[Origin]
    most: int
    seconds: float

    def fetch(self, url: str, share: Share) -> bytes:
        """The bytes behind an address, counted against a share of the memory.

        Raises ProblemError: 422 for an address that is not of a listed origin, 424 when it could not be fetched,
        413 when it is too large.
        """
        parts = _parts(url)
        if parts is None or _origin(parts) not in self.origins:
            raise ProblemError(
                422,
                "url: Nothing is fetched from there.",
                hint="Send the bytes, or have the operator list the origin in `check.fetch_origins`.",
                slug="not-fetched",
            )
        deadline = time.monotonic() + self.seconds
        try:
            with _connected(parts, deadline) as connection:
                return self._read(connection, parts, deadline, share)
        except (OSError, http.client.HTTPException) as err:
            raise _failed(f"it could not be fetched ({type(err).__name__})") from err

    def _read(self, connection: socket.socket, parts: SplitResult, deadline: float, share: Share) -> bytes:
        target = parts.path or "/"
        if parts.query:
            target += f"?{parts.query}"
        host = parts.netloc.rpartition("@")[2]
        head = (
            f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\nUser-Agent: rempart\r\nConnection: close\r\n\r\n"
        )
        connection.sendall(head.encode("ascii"))
        answer = http.client.HTTPResponse(connection, method="GET")
        try:
            answer.begin()
            if 300 <= answer.status < 400:
                raise _failed("it leads elsewhere, and redirects are not followed")
            if answer.status != 200:
                raise _failed(f"its server answered {answer.status}")
            return self._body(answer, connection, deadline, share)
        finally:
            answer.close()

    def _body(
        self, answer: http.client.HTTPResponse, connection: socket.socket, deadline: float, share: Share
    ) -> bytes:
        parts: list[bytes] = []
        size = 0
        while piece := answer.read1(_PIECE):
            size += len(piece)
            if size > self.most:
                raise ProblemError(
                    413, f"What is behind the url has more than {self.most} bytes.", hint="Send the signals alone."
                )
            share.grow(len(piece))
            parts.append(piece)
            connection.settimeout(_left(deadline))
        if answer.length:
            raise _failed("it was cut short")
        return b"".join(parts)


def read_origins(texts: Iterable[str]) -> frozenset[Origin]:
    """The origins of a setting: `https://media.example.org`. Raises SettingsError for anything else."""
    found = set()
    for text in texts:
        parts = _parts(text)
        if parts is None or parts.path not in ("", "/") or parts.query or parts.username is not None:
            raise SettingsError(
                f"check.fetch_origins: {text!r} is no origin.", hint="Write them as https://media.example.org."
            )
        found.add(_origin(parts))
    return frozenset(found)


def _parts(url: str) -> SplitResult | None:
    if not url.isascii() or not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    usable = parts.scheme in _PORTS and parts.hostname and parts.username is None and parts.password is None
    return parts if usable else None


def _origin(parts: SplitResult) -> Origin:
    return parts.scheme, parts.hostname or "", parts.port or _PORTS[parts.scheme]


def _connected(parts: SplitResult, deadline: float) -> socket.socket:
    """A connection to the one address that the name has now; what it has later is never asked."""
    _, host, port = _origin(parts)
    family, kind, number, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, number)
    try:
        made.settimeout(_left(deadline))
        made.connect(address)
        if parts.scheme == "https":
            made = ssl.create_default_context().wrap_socket(made, server_hostname=host)
    except BaseException:
        made.close()
        raise
    return made


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _failed(why: str) -> ProblemError:
    return ProblemError(
        424, f"url: Nothing was checked: {why}.", hint="Send the bytes, or try again.", slug="fetch-failed"
    )
