"""What holds for every request, in one pure-ASGI layer outside everything else: limits, CSRF, headers, a request id.

Cross-site requests are told by what browsers say themselves (Sec-Fetch-Site, else Origin), so forms need no tokens.
A request that brings an `Authorization` header is not a browser's own doing and is not asked.
"""

from __future__ import annotations

import asyncio
import html
import itertools
import re
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rempart.server.pages.texts import LANGUAGES, texts
from rempart.server.problems import problem
from rempart.settings import Settings

Refusal = tuple[int, str, str]
"""Status, what is wrong, what to do."""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADER_BYTES, _HEADER_COUNT = 32 << 10, 100
_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"
)
_API = (
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_PAGE = (
    (b"content-security-policy", _CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), browsing-topics=()"),
)
_NOTICE_CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; media-src blob:; img-src data:; "
    "connect-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types notice-hash"
)
"""For the public pages: what they show and run is this site's, and no script of theirs can send anything."""
_NOTICE = (
    (b"content-security-policy", _NOTICE_CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), browsing-topics=()"),
    (b"x-dns-prefetch-control", b"off"),
    (b"cache-control", b"no-store"),
)
_NOTICE_FILE = ((b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"), *_NOTICE[1:])
_NOTICE_PATHS = re.compile(r"/notice(/.*)?|/files/notice[-.].*")
"""The public pages, and their files: a worker has the policy that its own file comes with, which lets it load nothing
at all, from this site neither."""
_PUBLISHED = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src data:; connect-src 'none'; form-action 'none'; "
        b"frame-ancestors 'none'; base-uri 'none'",
    ),
    *(header for header in _NOTICE[1:] if header[0] != b"cache-control"),
)
_PUBLISHED_PATHS = re.compile(r"/transparency")
"""The public figures: a page that runs nothing, and that browsers may keep for a while."""
_HSTS = (b"strict-transport-security", b"max-age=31536000")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`public_url` is the address that browsers show, empty when it is the one they ask. A body has `body_bytes` at
    most (`notice_bytes` where it goes to the public pages) and `body_seconds` to arrive, but for paths in `own`, whose
    routes read it within limits of their own."""

    public_url: str = ""
    body_bytes: int = 4 << 20
    notice_bytes: int = 16 << 10
    body_seconds: float = 30.0
    own: re.Pattern[str] | None = None


def security_limits(settings: Settings) -> Limits:
    """The limits of a deployment; uploads and imports are read by their routes, in bounded memory."""
    server = settings.server
    own = re.compile(
        r"/v1/(check(/.*)?|gate/(reference|output)|stamp|items/.+/content|lists/[^/]+/entries:import)"
        r"|/lists/[^/]+/import|/items/search"
    )
    return Limits(public_url=server.public_url, body_seconds=server.body_seconds, own=own)


@dataclass(slots=True)
class _Asked:
    """What the headers of a request say, as far as it matters here."""

    size: int = 0
    length: int | None = None
    chunked: bool = False
    cookie: bool = False
    authorized: int = 0
    page: bool = False
    site: bytes = b""
    origin: bytes = b""
    host: bytes = b""


class Security:
    """The layer itself: `app.add_middleware(Security, limits=…)`, outermost."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self.app, self.limits = app, limits
        address = urlsplit(limits.public_url)
        self._scheme, self._own = address.scheme.encode(), address.netloc.lower().encode()
        secure = address.scheme == "https"
        # Random once, then counted: asking the system each time would hand the processor to other threads.
        self._run, self._count = secrets.token_hex(4), itertools.count()
        kinds = (_API, _PAGE, _NOTICE, _NOTICE_FILE, _PUBLISHED)
        sealed = ((*one, _HSTS) if secure else one for one in kinds)
        self._api, self._page, self._notice, self._file, self._published = sealed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        asked = _read(scope["headers"])
        request_id = f"{self._run}{next(self._count) & 0xFFFFFFFF:08x}"
        scope.setdefault("state", {})["request_id"] = request_id
        path = scope["path"]
        notice = _NOTICE_PATHS.fullmatch(path) is not None
        headers = self._page if asked.page else self._api
        if notice:
            headers = self._file if path.startswith("/files/") else self._notice
        elif _PUBLISHED_PATHS.fullmatch(path):
            headers = self._published
        answer = _Answer(send, request_id.encode(), headers, sole=notice)
        refusal = self._refusal(scope, asked, notice=notice)
        if refusal is not None:
            await answer.refuse(refusal, scope, receive, page=asked.page)
            return
        if (asked.length or asked.chunked) and not (self.limits.own and self.limits.own.fullmatch(path)):
            most = self.limits.notice_bytes if notice else self.limits.body_bytes
            if (asked.length or 0) > most:
                await answer.refuse(_too_large(most), scope, receive, page=asked.page)
                return
            receive = _Body(receive, answer, self.limits, scope, most=most, page=asked.page)
        try:
            await self.app(scope, receive, answer)
        except ClientDisconnect:
            return  # nobody is there any more, or the answer was given above

    def _refusal(self, scope: Scope, asked: _Asked, *, notice: bool) -> Refusal | None:
        if asked.size > _HEADER_BYTES or len(scope["headers"]) > _HEADER_COUNT:
            return 431, "The headers of this request are too large.", "Send at most 100 headers of 32 KiB together."
        if asked.length is not None and asked.length < 0:
            return 400, "The length of the body cannot be read.", "Send Content-Length as digits."
        if asked.authorized > 1:
            return 400, "There is more than one Authorization header.", "Send one: a key is one service's."
        if notice and not asked.site and asked.origin in (b"", b"null"):
            return None  # no session goes with these forms, and older browsers say no more than this under no-referrer
        if scope["method"] not in _SAFE and not asked.authorized and self._foreign(asked):
            return (
                403,
                "This request did not come from a page of this site.",
                "Open the page here and send its form again; a program sends a key instead of a cookie.",
            )
        return None

    def _foreign(self, asked: _Asked) -> bool:
        if asked.site:
            return asked.site != b"same-origin"
        if asked.origin:
            return not self._is_own(asked.origin, asked.host)
        return asked.cookie

    def _is_own(self, origin: bytes, host: bytes) -> bool:
        """Where people use https, a page of the same name without it may be anybody's on the way to them."""
        scheme, _, place = origin.partition(b"://")
        if self._own and place == self._own:
            return scheme == self._scheme
        return place == host


class _Answer:
    """The way out: adds what every answer has, and keeps a second answer from being sent. `sole`: nothing is kept by
    browsers, neither files nor cookies, whatever was said of it."""

    __slots__ = ("_headers", "_request_id", "_send", "_sole", "refused", "started")

    def __init__(
        self, send: Send, request_id: bytes, headers: tuple[tuple[bytes, bytes], ...], *, sole: bool = False
    ) -> None:
        self._send, self._request_id, self._headers, self._sole = send, request_id, headers, sole
        self.started = self.refused = False

    async def __call__(self, message: Message) -> None:
        if self.refused:
            return
        if message["type"] == "http.response.start":
            self.started = True
            message = self._dressed(message)
        await self._send(message)

    async def refuse(self, refusal: Refusal, scope: Scope, receive: Receive, *, page: bool) -> None:
        """Answer instead of the application; what it says afterwards is dropped."""
        if not self.started:
            status, detail, hint = refusal
            if self._sole and page:
                answer = _notice_page(status)
            else:
                answer = _page(status, detail, hint) if page else problem(status, detail, hint=hint, close=True)
            await answer(scope, receive, self)
        self.refused = True

    def _dressed(self, message: Message) -> Message:
        given = list(message.get("headers", ()))
        if self._sole:
            given = [header for header in given if header[0].lower() not in (b"set-cookie", b"cache-control")]
        names = {name for name, _ in given}
        given += [header for header in self._headers if header[0] not in names]
        names |= {name for name, _ in self._headers}
        if b"x-request-id" not in names:
            given.append((b"x-request-id", self._request_id))
        if b"cache-control" not in names:
            given.append((b"cache-control", b"no-store"))
        return {**message, "headers": given}


class _Body:
    """The way in: counts what comes and how long it takes, and hangs up on what is too much or too slow."""

    __slots__ = ("_answer", "_deadline", "_limits", "_most", "_page", "_receive", "_scope", "_seen", "_whole")

    def __init__(
        self, receive: Receive, answer: _Answer, limits: Limits, scope: Scope, *, most: int, page: bool
    ) -> None:
        self._receive, self._answer, self._limits, self._most, self._page = receive, answer, limits, most, page
        self._scope = scope
        self._deadline = asyncio.get_running_loop().time() + limits.body_seconds
        self._seen, self._whole = 0, False

    async def __call__(self) -> Message:
        if self._answer.refused:
            return {"type": "http.disconnect"}
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            seconds = f"{self._limits.body_seconds:g}"
            late = 408, f"The body did not arrive within {seconds} s.", "Send it again, faster."
            return await self._hang_up(late)
        if message["type"] == "http.request":
            self._seen += len(message.get("body", b""))
            self._whole = not message.get("more_body", False)
            if self._seen > self._most:
                return await self._hang_up(_too_large(self._most))
        return message

    async def _hang_up(self, refusal: Refusal) -> Message:
        await self._answer.refuse(refusal, self._scope, self._receive, page=self._page)
        return {"type": "http.disconnect"}


def _read(headers: list[tuple[bytes, bytes]]) -> _Asked:
    asked = _Asked()
    for name, value in headers:
        asked.size += len(name) + len(value)
        match name:
            case b"host":
                asked.host = value.lower()
            case b"accept":
                asked.page = b"text/html" in value
            case b"cookie":
                asked.cookie = True
            case b"authorization":
                asked.authorized += 1
            case b"sec-fetch-site":
                asked.site = value
            case b"origin":
                asked.origin = value.lower()
            case b"content-length":
                asked.length = int(value) if value.isdigit() and len(value) < 16 else -1
            case b"transfer-encoding":
                asked.chunked = True
    return asked


def _too_large(limit: int) -> Refusal:
    return 413, f"The body has more than {limit} bytes.", "Send less at a time."


def _page(status: int, detail: str, hint: str) -> Response:
    title = HTTPStatus(status).phrase
    told = f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><h1>{title}</h1>"
    return HTMLResponse(
        f"{told}<p>{html.escape(detail)}</p><p>{html.escape(hint)}</p></html>", status, {"connection": "close"}
    )


def _notice_page(status: int) -> Response:
    """The same for the public pages, in each language: what a body holds is not read to find out which."""
    key = "notice.stray.too_long" if status == 413 else "notice.stray.not_read"
    told = "".join(f"<p lang={lang}>{html.escape(texts(lang).say(key))}</p>" for lang in LANGUAGES)
    titles = html.escape(texts("en").say("notice.page_title"))
    return HTMLResponse(
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{titles}</title><h1>{titles}</h1>{told}</html>",
        status, {"connection": "close"},
    )  # fmt: skip
