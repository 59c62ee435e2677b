"""Asking the CyberTipline over HTTP, one call at a time.

Credentials go to the configured address only, over TLS (or to this machine), never through a proxy of the environment
and never after a redirect. No call is repeated here: whether it may be is for whoever keeps the report's state.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import ip_address
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

from rempart import __version__
from rempart.errors import IncompleteError, RefusedError, TiplineUnavailableError
from rempart.reports.cybertip.service.answers import MOST, Answer, AnswerKind, expecting, read_answer
from rempart.reports.cybertip.service.limits import TimeLimit

SECONDS = 120.0
"""How long a call may take in all; an upload has more, by its size."""
_CONNECT, _SILENCE = 10.0, 60.0
_AFTER_UPLOAD = 600.0
_SLOWEST = 128 << 10
SCHEMA_BYTES = 4 << 20
_XML = "text/xml; charset=utf-8"
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Connection:
    """The service at a base address (`https://…/ispws`), as a context manager.

    Every call gives an `Answer`, also of a refusal. Raises TiplineUnavailableError when no answer came, whose `arrived`
    says whether the request may have; and RefusedError for an address that credentials must not be sent to.
    """

    def __init__(
        self, base_url: str, user: str, password: str, *, seconds: float = SECONDS, silence: float = _SILENCE
    ) -> None:
        self._url = checked_address(base_url)
        self._seconds = seconds
        self._http = httpx.Client(
            timeout=httpx.Timeout(silence, connect=min(_CONNECT, silence)), auth=httpx.BasicAuth(user, password),
            follow_redirects=False, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0),
            headers={
                "User-Agent": f"rempart/{__version__}", "Accept": "text/xml, application/xml",
                "Accept-Encoding": "identity",
            },
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"Connection({self._url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def status(self) -> Answer:
        """Whether it is there and knows these credentials."""
        return self._asked("GET", "/status")

    def schema(self) -> Answer:
        """Its own schema: `ok` with the document as `body`. See `schema.fetch`, which checks it."""
        answer = self._asked("GET", "/xsd", most=SCHEMA_BYTES)
        plain = answer.kind is AnswerKind.UNKNOWN and answer.http == httpx.codes.OK and answer.code is None
        return replace(answer, kind=AnswerKind.OK, description="") if plain and answer.body else answer

    def open(self, xml: bytes) -> Answer:
        """Open a report; `report_id` names it from then on."""
        return expecting(self._posted("/submit", xml, _XML), needs="report_id")

    def upload(self, report_id: str, name: str, chunks: Iterable[bytes | memoryview], size: int) -> Answer:
        """Send one file of `size` bytes as it comes; `md5` is what the service made of it, `sent_md5` what was sent.

        Raises IncompleteError when `chunks` hold less and RefusedError when more; what it raises itself goes through.
        """
        head, tail, kind = _around(report_id, name)
        digest = hashlib.md5(usedforsecurity=False)
        answer = self._asked(
            "POST", "/upload", content=_body(head, _counted(chunks, size, digest), tail), seconds=_for_upload(size),
            headers={"Content-Type": kind, "Content-Length": str(len(head) + size + len(tail))},
        )  # fmt: skip
        return replace(expecting(answer, report_id=report_id, needs="file_id"), sent_md5=digest.hexdigest())

    def describe(self, xml: bytes) -> Answer:
        """Say what there is to say of one file, once."""
        return self._posted("/fileinfo", xml, _XML)

    def finish(self, report_id: str) -> Answer:
        """Finish a report: from then on it is filed, and nothing can be added or taken back."""
        return expecting(self._form("/finish", report_id), report_id=report_id)

    def retract(self, report_id: str) -> Answer:
        """Take back a report that is not finished."""
        return expecting(self._form("/retract", report_id), report_id=report_id)

    def _posted(self, path: str, xml: bytes, kind: str) -> Answer:
        return self._asked("POST", path, content=xml, headers={"Content-Type": kind})

    def _form(self, path: str, report_id: str) -> Answer:
        kind = "application/x-www-form-urlencoded"
        return self._asked("POST", path, content=f"id={_number(report_id)}".encode(), headers={"Content-Type": kind})

    def _asked(
        self, method: str, path: str, *, content: bytes | Iterator[bytes] | None = None,
        headers: Mapping[str, str] | None = None, seconds: float = 0.0, most: int = MOST,
    ) -> Answer:  # fmt: skip
        try:
            with TimeLimit(seconds or self._seconds) as limit, self._http.stream(
                method, self._url + path, content=content, headers=dict(headers or {}), extensions=limit.extensions
            ) as answer:  # fmt: skip
                read = bytearray()
                for part in answer.iter_raw():
                    read += part
                    if len(read) > most:
                        break
        except _BEFORE_SENDING as err:
            raise TiplineUnavailableError(f"{path}: no connection ({type(err).__name__}).", arrived=False) from err
        except httpx.HTTPError as err:
            raise TiplineUnavailableError(f"{path}: no whole answer ({type(err).__name__}).", arrived=True) from err
        status, whole, number = answer.status_code, len(read) <= most, answer.headers.get("request-id", "")
        return read_answer(status, bytes(read[:most]), request_id=number, whole=whole)


def checked_address(url: str) -> str:
    """A base address that credentials may be sent to. Raises RefusedError."""
    parts = urlsplit(url.rstrip("/"))
    if parts.username is not None or parts.query or parts.fragment or not parts.hostname:
        raise RefusedError("The CyberTipline's address is one like https://host/ispws, without credentials in it.")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname)):
        raise RefusedError("The CyberTipline is asked over https; http only on this machine.")
    return url.rstrip("/")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, told from the address alone; names are not looked up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _number(report_id: str) -> str:
    if not (report_id.isascii() and report_id.isdigit()):
        raise RefusedError("A report at the CyberTipline has a number.")
    return report_id


def _around(report_id: str, name: str) -> tuple[bytes, bytes, str]:
    """What stands before and after a file in a multipart body, and the body's type (RFC 7578)."""
    mark = f"rempart-{secrets.token_hex(16)}"
    safe = name.replace("\\", "_").replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A") or "file"
    head = (
        f'--{mark}\r\nContent-Disposition: form-data; name="id"\r\n\r\n{_number(report_id)}\r\n'
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{safe}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode("utf-8", "replace"), f"\r\n--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"


def _body(head: bytes, chunks: Iterator[bytes], tail: bytes) -> Iterator[bytes]:
    yield head
    yield from chunks
    yield tail


def _counted(chunks: Iterable[bytes | memoryview], size: int, digest: hashlib._Hash) -> Iterator[bytes]:
    left = size
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise RefusedError("A file has more bytes than were announced.")
        digest.update(chunk)
        yield chunk if isinstance(chunk, bytes) else bytes(chunk)
    if left:
        raise IncompleteError("A file has fewer bytes than were announced.")


def _for_upload(size: int) -> float:
    return _AFTER_UPLOAD + size / _SLOWEST
