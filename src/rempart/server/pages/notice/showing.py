"""How the public pages are reached and shown: for anybody, in the language they ask for, without any cookie, read or
set, whoever is signed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from rempart.errors import NotFoundError, RefusedError, RempartError, TooManyRequestsError
from rempart.server.access import DECLARED, Public
from rempart.server.pages import doors
from rempart.server.pages.contexts import Context
from rempart.server.pages.doors import Endpoint, status_of
from rempart.server.pages.notice.contexts import StrayPage
from rempart.server.pages.rendering import shown
from rempart.server.pages.texts import LANGUAGES, Texts, preferred, texts
from rempart.server.service import Service
from rempart.settings import NoticesSettings

PREFIX = "/notice"
_MOST_FIELDS = 24
_FORM = "notice_form"
"""Where a request keeps its form, for the page that says what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """What stands around every public page. `leave`: where the link for leaving fast leads; `in_form`: the language is
    changed by the form of the page, so that nothing typed is lost."""

    lang: str
    leave: str
    other_languages: tuple[tuple[str, str], ...]
    in_form: bool


PublicHandler = Callable[[Request, Service], Awaitable[Response]]


def for_the_person(handler: PublicHandler) -> Endpoint:
    """A public page, as often from one address as any page; what goes wrong is told on a page of the same kind, and
    what was answered so far comes along."""
    public = Public(per_minute=None)

    @wraps(handler)
    async def endpoint(request: Request) -> Response:
        try:
            _is_there(request.app.state.service)
            await public(request)
            return await handler(request, request.app.state.service)
        except RempartError as err:
            await _quietly(request)
            return await stray(request, status_of(err), err)

    setattr(endpoint, DECLARED, public)
    return endpoint


def _is_there(service: Service) -> None:
    if not service.settings.notices.enabled:
        raise NotFoundError("There is no such page.", hint="Go back, and open the page from a link.")


def is_public(path: str) -> bool:
    """Whether an address belongs to these pages; those of the console begin alike."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def show(request: Request, context: Context, *, lang: str, status: int = 200, in_form: bool = False) -> Response:
    """A public page. Nothing of it is kept by browsers, and nothing in it may be kept for them."""
    settings: NoticesSettings = request.app.state.service.settings.notices
    others = tuple(one for one in LANGUAGES.items() if one[0] != lang)
    door = Door(lang=lang, leave=settings.leave, other_languages=others, in_form=in_form)
    return shown(context, door, texts(lang), status=status)


async def stray(request: Request, status: int, err: RempartError) -> Response:
    """The page for what went wrong, with a way on."""
    form: dict[str, str] = getattr(request.state, _FORM, {})
    words = texts(language(request, form))
    said, remedy = words.told(err)
    if isinstance(err, TooManyRequestsError):
        said, remedy = words.say("notice.stray.wait"), waits(words, err.retry_after)
    elif status in (404, 405):
        said, remedy = words.say("notice.stray.nothing"), words.say("notice.stray.begin")
    elif status >= 500:
        said, remedy = words.say("notice.stray.fault"), words.say("notice.stray.later")
    carried = form.get("notice") or form.get("so_far", "")
    begin = request.app.state.service.settings.notices.enabled
    page = StrayPage(
        status=status, problem=said, remedy=remedy if begin else "", so_far=carried if begin else "", begin=begin
    )  # fmt: skip
    answer = show(request, page, lang=words.lang, status=status)
    if isinstance(err, TooManyRequestsError):
        answer.headers["retry-after"] = str(int(err.retry_after) + 1)
    return answer


def waits(words: Texts, seconds: float) -> str:
    """A delay in words, no shorter than it is."""
    return words.count("notice.wait_seconds", int(seconds) + 1)


def language(request: Request, form: dict[str, str]) -> str:
    """The language that was asked for, that the form was in, or that the browser prefers."""
    for found in (request.query_params.get("lang"), form.get("go", "").removeprefix("lang-"), form.get("language")):
        if found in LANGUAGES:
            return str(found)
    return preferred(request.headers.get("accept-language", ""))


async def form_of(request: Request) -> dict[str, str]:
    """The fields of a form, each once. Raises RefusedError for what is no form."""
    setattr(request.state, _FORM, {})
    found = await doors.form_of(request, most=_MOST_FIELDS)
    fields = {name: value for name, value in found.items() if isinstance(value, str)}
    setattr(request.state, _FORM, fields)
    return fields


async def _quietly(request: Request) -> None:
    """Read a form that nobody has read yet: on the way to saying what went wrong, nothing else shall."""
    if request.method == "POST" and not hasattr(request.state, _FORM):
        with suppress(RefusedError):
            await form_of(request)
