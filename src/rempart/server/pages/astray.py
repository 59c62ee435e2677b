"""What a browser is shown where no page is: an address that leads nowhere, a form sent elsewhere, a fault of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from rempart.errors import RempartError
from rempart.server.pages.contexts import RefusalPage
from rempart.server.pages.doors import known
from rempart.server.pages.notice.showing import is_public, stray
from rempart.server.pages.rendering import render

Handler = Callable[[Request, Exception], Awaitable[Response]]


def show_pages_for_errors(app: Starlette) -> None:
    """What programs are told as a problem, browsers are shown as a page."""
    unknown: Handler = app.exception_handlers.get(HTTPException, _plain)
    fault: Handler = app.exception_handlers.get(Exception, _plain)

    async def on_http(request: Request, err: Exception) -> Response:
        assert isinstance(err, HTTPException)
        if not _is_for_people(request):
            return await unknown(request, err)
        if err.status_code == 405:
            told = RempartError("This address takes no such request.", hint="Go back, and open the page from a link.")
        elif err.status_code == 404:
            told = RempartError(
                "There is nothing at this address.", hint="Check it letter by letter, or start from the home page."
            )
        else:
            told = RempartError(str(err.detail))
        return await _page(request, err.status_code, told)

    async def on_fault(request: Request, err: Exception) -> Response:
        answer = await fault(request, err)  # logs it
        if not _is_for_people(request):
            return answer
        told = RempartError(
            "A fault in Rempart itself; nothing was done.",
            hint="Try again; if it stays so, tell the operator the time of this page.",
        )
        return await _page(request, 500, told)

    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(Exception, on_fault)


async def _page(request: Request, status: int, told: RempartError) -> Response:
    if is_public(request.url.path):
        return await stray(request, status, told)
    who = await known(request)
    return render(request, RefusalPage(status=status, back="/"), who=who, status=status, error=told)


async def _plain(_request: Request, err: Exception) -> Response:
    return PlainTextResponse("", err.status_code if isinstance(err, HTTPException) else 500)


def _is_for_people(request: Request) -> bool:
    path = request.url.path
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/v1/", "/files/"))
