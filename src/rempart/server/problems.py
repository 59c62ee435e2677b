"""What goes wrong, told as RFC 9457 problem details that say what to do next.

Routes raise the errors of `rempart.errors`; here each gets its status. `ProblemError` is for what only HTTP knows:
a missing route, a wrong content type, a body that never ends.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from rempart.errors import (
    CertificateError,
    ConflictError,
    IncompleteError,
    NotFoundError,
    NotPermittedError,
    NotSignedInError,
    RefusedError,
    RempartError,
    SettingsError,
    TamperedError,
    TooLargeError,
    TooManyRequestsError,
    UnavailableError,
)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = "2"
_DRAIN_SECONDS = 2.0
_DRAIN_BYTES = 64 << 20
_log = logging.getLogger("rempart.server")

# The nearest class of an error's ancestry decides.
_STATUS: Mapping[type[RempartError], tuple[int, str]] = {
    NotSignedInError: (401, "not-signed-in"),
    NotPermittedError: (403, "not-permitted"),
    NotFoundError: (404, "not-found"),
    ConflictError: (409, "conflict"),
    TooLargeError: (413, "too-large"),
    TooManyRequestsError: (429, "too-many-requests"),
    CertificateError: (503, "unavailable"),
    SettingsError: (503, "unavailable"),
    RefusedError: (422, "refused"),
    IncompleteError: (409, "incomplete"),
    TamperedError: (503, "damaged"),
    UnavailableError: (503, "unavailable"),
    RempartError: (503, "failed"),
}

_HINTS = {
    400: "Send a well-formed request; the OpenAPI document at /openapi.json has every form.",
    404: "Look at the paths in /openapi.json.",
    405: "Use a method that this path has; see /openapi.json.",
    409: "Look at what is there now, and ask again.",
    413: "Send less at a time, or have the operator raise the limit.",
    422: "Change what `detail` names, and send it again.",
    503: "Nothing was answered and nothing is lost; send it again in a moment.",
}


class ProblemError(RefusedError):
    """The request was refused by the server's door."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        hint: str = "",
        slug: str | None = None,
        close: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.slug = slug or HTTPStatus(status).phrase.lower().replace(" ", "-")
        self.close = close
        self.headers = dict(headers or {})


class ProblemResponse(Response):
    """A problem body. With `close`, what the client is still sending is read for a moment and dropped, so that the
    answer reaches it before the connection ends."""

    media_type = MEDIA_TYPE

    def __init__(self, body: Mapping[str, Any], *, headers: Mapping[str, str], close: bool = False) -> None:
        if close:
            headers = {**headers, "Connection": "close"}
        super().__init__(json.dumps(body, ensure_ascii=False).encode(), int(body["status"]), headers)
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._close:
            await super().__call__(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        await _drain(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _drain(receive: Receive) -> None:
    left = _DRAIN_BYTES
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            while left > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return


def problem(
    status: int,
    detail: str,
    *,
    hint: str = "",
    slug: str | None = None,
    close: bool = False,
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> ProblemResponse:
    """The response for one problem: {type, title, status, detail, hint} and what `more` adds."""
    title = HTTPStatus(status).phrase
    body = {
        "type": f"urn:rempart:problem:{slug or title.lower().replace(' ', '-')}",
        "title": title,
        "status": status,
        "detail": detail,
        "hint": hint or _HINTS.get(status, ""),
        **more,
    }
    all_headers = {"Cache-Control": "no-store", **(headers or {})}
    if status in (429, 503):
        all_headers.setdefault("Retry-After", RETRY_AFTER)
    return ProblemResponse(body, headers=all_headers, close=close)


def from_error(err: RempartError) -> ProblemResponse:
    """The problem that an error is. Errors of storage and of damaged data are logged; those of the caller are not."""
    if isinstance(err, ProblemError):
        return problem(
            err.status, err.message, hint=err.hint, slug=err.slug, close=err.close, headers=err.headers
        )  # fmt: skip
    status, slug = status_of(err)
    if status >= 500:
        _log.warning("%s: %s", type(err).__name__, err.message)
    headers: dict[str, str] = {}
    if isinstance(err, TooManyRequestsError):
        headers["Retry-After"] = str(max(1, math.ceil(err.retry_after)))
    elif status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return problem(status, err.message, hint=err.hint, slug=slug, headers=headers)


def status_of(err: RempartError) -> tuple[int, str]:
    """The HTTP status and the last word of the problem type of an error."""
    for ancestor in type(err).__mro__:
        if ancestor in _STATUS:
            return _STATUS[ancestor]
    raise AssertionError("every RempartError has RempartError among its ancestors")


def install(app: FastAPI) -> None:
    """Every error of the app leaves it as a problem."""
    app.add_exception_handler(RempartError, _on_rempart_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_fault)


async def _on_rempart_error(_: Request, err: Exception) -> Response:
    assert isinstance(err, RempartError)
    return from_error(err)


async def _on_invalid(_: Request, err: Exception) -> Response:
    """Where the request is wrong and what was expected there; never what was sent, which may be a signal."""
    assert isinstance(err, RequestValidationError)
    errors = [
        {"where": ".".join(str(part) for part in one.get("loc", ())), "what": str(one.get("msg", ""))}
        for one in err.errors()[:20]
    ]
    first = errors[0] if errors else {"where": "body", "what": "not understood"}
    return problem(
        422,
        f"{first['where']}: {first['what']}.",
        hint="Correct the fields that `errors` names and send it again.",
        slug="invalid",
        errors=errors,
    )


async def _on_http(_: Request, err: Exception) -> Response:
    assert isinstance(err, HTTPException)
    return problem(err.status_code, str(err.detail), headers=err.headers)


async def _on_fault(request: Request, err: Exception) -> Response:
    """A fault of ours: the log gets the type and the place, no value of the request."""
    _log.error("fault in %s %s", request.method, _route_of(request), exc_info=err)
    return problem(
        500,
        "A fault in Rempart itself; nothing was answered.",
        hint="Send the request again; if it stays so, tell the operator the time of this answer.",
        slug="fault",
    )


def _route_of(request: Request) -> str:
    """The route's pattern, never the path itself; for a page the name of what answers."""
    page = getattr(request.scope.get("endpoint"), "__qualname__", "an unknown path")
    return str(getattr(request.scope.get("route"), "path", page))


PROBLEM_SCHEMA: dict[str, Any] = {
    "title": "Problem",
    "description": "RFC 9457 problem details. `detail` says what is wrong, `hint` what to do.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "hint"],
    "properties": {
        "type": {"type": "string", "description": "A stable name of the kind of problem, as a URN."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "what": {"type": "string"}},
                "required": ["where", "what"],
            },
        },
    },
}


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses=` of a route: the problems that it may answer with."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}
