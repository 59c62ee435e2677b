"""The public page of figures: for anybody, in the language they ask for, without any cookie, read or set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from rempart.errors import NotFoundError, RempartError, TooManyRequestsError
from rempart.server.access import DECLARED, Public
from rempart.server.pages.contexts import Context
from rempart.server.pages.doors import Endpoint, status_of
from rempart.server.pages.published.contexts import NothingPage
from rempart.server.pages.rendering import shown
from rempart.server.pages.texts import LANGUAGES, Texts, preferred, texts
from rempart.server.service import Service

PATH = "/transparency"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What stands around the page."""

    lang: str
    other_languages: tuple[tuple[str, str], ...]


def for_anybody(handler: Callable[[Request, Service], Awaitable[Response]]) -> Endpoint:
    """A public page, as often from one address as any page; what goes wrong is told on a page of the same kind."""
    public = Public(per_minute=None)

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        service: Service = request.app.state.service
        try:
            if not service.settings.transparency.published:
                raise NotFoundError("There is no such page.", hint="Go back, and open the page from a link.")
            await public(request)
            return await handler(request, service)
        except RempartError as err:
            said, remedy = words_of(request).told(err)
            status = status_of(err)
            answer = show(request, NothingPage(status=status, problem=said, remedy=remedy), status=status)
            if isinstance(err, TooManyRequestsError):
                answer.headers["retry-after"] = str(int(err.retry_after) + 1)
            return answer

    setattr(endpoint, DECLARED, public)
    return endpoint


def show(request: Request, context: Context, *, status: int = 200) -> Response:
    """A page of this kind."""
    words = words_of(request)
    others = tuple(one for one in LANGUAGES.items() if one[0] != words.lang)
    return shown(context, Around(lang=words.lang, other_languages=others), words, status=status)


def words_of(request: Request) -> Texts:
    """The language that was asked for, or that the browser prefers."""
    asked = request.query_params.get("lang", "")
    return texts(asked if asked in LANGUAGES else preferred(request.headers.get("accept-language", "")))
