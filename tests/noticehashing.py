"""A page with the hash step behind the server's own layer, which gives it the rules of the public page, and what
Chromium does with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from inprocess import served
from rempart.server.access import Open, declared
from rempart.server.pages.rendering import environment, file
from rempart.server.pages.routes import static_file
from rempart.server.pages.texts import texts
from rempart.server.security import Limits, Security

_PAGE = """{% from "notice/hash.html" import hash_section %}<!doctype html>
<html lang="{{ lang }}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Hash</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{{ address_of('pages.css') }}">
<link rel="stylesheet" href="{{ address_of('notice-hash.css') }}">
<script type="module" src="{{ address_of('notice-hash.js') }}"></script></head>
<body><main><h1>Notice</h1><form method="post" action="/notice/send">{{ hash_section(say) }}
<button name="step" value="hash">Send</button></form></main></body></html>"""


@dataclass
class HashSite:
    """A running site; `asked` are the requests it saw, `bodies` what forms sent it."""

    address: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@contextmanager
def hash_site(*, lang: str = "en", prelude: str = "", bare: str = "") -> Iterator[HashSite]:
    """The step alone, on a free port of the loopback. A `prelude` runs in the worker before anything of ours;
    the path `bare` is answered without rules."""
    site, words = HashSite(), texts(lang)

    @declared(Open())
    async def page(request: Request) -> Response:
        made = environment().from_string(_PAGE).render(say=words.say, lang=lang)
        return HTMLResponse(made)

    @declared(Open())
    async def send(request: Request) -> Response:
        site.bodies.append(await request.body())
        return HTMLResponse("<!doctype html><title>Sent</title>")

    @declared(Open())
    async def worker(request: Request) -> Response:
        return Response(prelude + file("notice-worker.js").decode(), media_type="text/javascript")

    routes = [
        Route("/notice", page),
        *([Route("/files/notice-worker.js", worker)] if prelude else []),
        Route("/files/{name}", static_file),
        Route("/notice/send", send, methods=["POST"]),
    ]
    app = Security(Starlette(routes=routes), limits=Limits())

    async def noted(scope, receive, send):  # type: ignore[no-untyped-def]
        async def without_rules(message):  # type: ignore[no-untyped-def]
            kept = [one for one in message.get("headers", ()) if one[0] != b"content-security-policy"]
            await send(message | ({"headers": kept} if "headers" in message else {}))

        if scope["type"] == "http":
            site.asked.append(scope["path"])
        await app(scope, receive, without_rules if scope["path"] == bare else send)

    with served(noted) as site.address:
        yield site


def opened(browser: Browser, site: HashSite) -> Page:
    """The page, its worker running."""
    page = browser.new_context().new_page()
    with page.expect_worker():
        page.goto(f"{site.address}/notice")
    return page


def hashed(page: Page, data: bytes, *, name: str = "private name.bin") -> tuple[str, str]:
    """Choose a file and wait: the text in the box, and what was said."""
    page.locator("#copy").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": data})
    expect(page.locator("progress")).to_be_hidden(timeout=60_000)
    return page.locator("#signals").input_value(), page.locator("[role=status]").inner_text()
