"""Asking a time-stamping authority over HTTP (RFC 3161 section 3.4); off unless the operator names one."""

from __future__ import annotations

import httpx

from rempart import __version__
from rempart.errors import RefusedError, TimestampUnavailableError

SECONDS = 15.0
LARGEST = 64 << 10
_HEADERS = {
    "Content-Type": "application/timestamp-query",
    "Accept": "application/timestamp-reply",
    "User-Agent": f"rempart/{__version__}",
}


class Authority:
    """A time-stamping authority; calling it with a request's bytes gives the answer's.

    Raises TimestampUnavailableError for whatever goes wrong on the way: a later checkpoint is stamped.
    """

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        if not url.startswith(("https://", "http://")):
            raise RefusedError(f"{url!r} is no address of a time-stamping authority.", hint="Write https://…")
        self._url, self._seconds = url, seconds

    def __call__(self, request: bytes) -> bytes:
        try:
            with httpx.Client(timeout=self._seconds, follow_redirects=False, trust_env=False) as client:
                with client.stream("POST", self._url, content=request, headers=_HEADERS) as answer:
                    return self._body(answer)
        except httpx.HTTPError as err:
            raise TimestampUnavailableError(
                f"The time-stamping authority did not answer ({type(err).__name__})."
            ) from err

    def _body(self, answer: httpx.Response) -> bytes:
        if answer.status_code != httpx.codes.OK:
            raise TimestampUnavailableError(f"The time-stamping authority answered with status {answer.status_code}.")
        body = b""
        for part in answer.iter_bytes():
            body += part
            if len(body) > LARGEST:
                raise TimestampUnavailableError(
                    "The time-stamping authority's answer is no time stamp: it is too long."
                )
        return body
