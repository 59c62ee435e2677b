"""From a declared context to a page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any

from babel.dates import format_date, format_datetime
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from rempart.clock import iso
from rempart.errors import RempartError
from rempart.people.principal import Principal
from rempart.server.pages.contexts import Context
from rempart.server.pages.navigation import Navigation, navigation
from rempart.server.pages.texts import LANGUAGES, Texts, preferred, texts

_TYPES: Mapping[str, str] = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FILES: Mapping[str, str] = {
    one.name: _TYPES[one.name[one.name.rindex(".") :]]
    for one in (resources.files("rempart.server.pages") / "files").iterdir()
}
"""Style sheets, modules and pictures of the pages, with their media types."""
_LANG_COOKIE = "rempart_lang"
SHORTCUTS_COOKIE = "rempart_keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around every page. `fresh`: the person proved lately who they are, and may do grave things;
    `shortcuts`: keys of one letter are listened to."""

    lang: str
    here: str
    navigation: Navigation
    signed_in: bool
    other_languages: tuple[tuple[str, str], ...]
    fresh: bool = False
    shortcuts: bool = True
    message: str = ""
    error: str = ""
    remedy: str = ""


def render(
    request: Request,
    context: Context,
    *,
    who: Principal | None = None,
    lang: str | None = None,
    status: int = 200,
    message: str = "",
    error: RempartError | None = None,
) -> Response:
    """The page of a context. `message` is a key of the texts that says what was just done; `error` what went wrong."""
    words = texts(lang or (who.language if who and who.language else language(request)))
    said, remedy = words.told(error) if error is not None else ("", "")
    here = request.url.path
    frame = Frame(
        lang=words.lang,
        here=here,
        navigation=navigation(who, here),
        signed_in=who is not None,
        fresh=who is not None and request.app.state.access.fresh(who),
        shortcuts=shortcuts(request),
        other_languages=() if who is not None else tuple(one for one in LANGUAGES.items() if one[0] != words.lang),
        message=words.say(message) if message else "",
        error=said,
        remedy=remedy,
    )
    answer = shown(context, frame, words, status=status)
    if request.query_params.get("lang") == words.lang:
        answer.set_cookie(_LANG_COOKIE, words.lang, max_age=31_536_000, samesite="lax", httponly=True)
    return answer


def shown(context: Context, frame: object, words: Texts, *, status: int = 200) -> Response:
    """A context in its template, with what stands around it, in a language."""
    template = environment().get_template(f"{context.template}.html")
    return HTMLResponse(template.render(page=context, frame=frame, **_words(words)), status)


def language(request: Request) -> str:
    """The language of somebody who is not signed in: asked for, chosen before, or preferred by the browser."""
    for found in (request.query_params.get("lang"), request.cookies.get(_LANG_COOKIE)):
        if found in LANGUAGES:
            return str(found)
    return preferred(request.headers.get("accept-language", ""))


def shortcuts(request: Request) -> bool:
    """Whether keys of one letter are listened to in this browser; whoever dictates turns them off."""
    return request.cookies.get(SHORTCUTS_COOKIE) != "off"


@cache
def file(name: str) -> bytes:
    """A style sheet or module. KeyError for any other name."""
    FILES[name]
    return (resources.files("rempart.server.pages") / "files" / name).read_bytes()


@cache
def address_of(name: str) -> str:
    """Where a file is, with its digest, so that browsers may keep it for good."""
    return f"/files/{name}?v={hashlib.sha256(file(name)).hexdigest()[:12]}"


def _key(frame: Frame, letter: str | int, *, press: bool = False) -> Markup:
    """The attributes of an element that has a key; `press` where the key presses it, for what decides nothing."""
    if not frame.shortcuts:
        return Markup()
    told = Markup(' data-key="{0}" aria-keyshortcuts="{0}"').format(letter)
    return told + Markup(" data-press") if press else told


def _category_of(say: Callable[[str], str], scheme: str | None, code: str | None = None) -> Markup:
    """A category as it is written everywhere, `uk-abc:C`; one whose scheme says it all in words, and once. Both may
    stand in `scheme`, with a blank between them."""
    if code is None:
        scheme, _, code = (scheme or "").partition(" ")
    if not scheme:
        return Markup()
    if scheme == code == "listed":
        return escape(say("category.listed"))
    return Markup("<code>{}</code>").format(f"{scheme}:{code}" if code and code != scheme else scheme)


@cache
def environment() -> Environment:
    """The templates, for what is no page of the server itself too."""
    made = Environment(
        loader=PackageLoader("rempart.server.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["address_of"] = address_of
    made.globals["key"] = _key
    made.globals["category_of"] = _category_of
    return made


def _words(words: Texts) -> dict[str, Any]:
    def moment(value: datetime, *, seconds: bool = False) -> Markup:
        shown = format_datetime(value, "d MMM y, HH:mm:ss" if seconds else "d MMM y, HH:mm", locale=words.lang)
        return Markup('<time datetime="{}">{} UTC</time>').format(iso(value), shown)

    def day(value: date) -> Markup:
        shown = format_date(value, "EEE d MMM y", locale=words.lang)
        return Markup('<time datetime="{}">{}</time>').format(f"{value:%Y-%m-%d}", shown)

    return {
        "day": day,
        "say": words.say,
        "count": words.count,
        "number": words.number,
        "moment": moment,
        "sentence": words.sentence,
    }
