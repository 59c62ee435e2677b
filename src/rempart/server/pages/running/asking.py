"""What a page is asked: words and numbers of an address or a form, cleaned before anything looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from starlette.datastructures import FormData
from starlette.requests import Request

from rempart.errors import NotFoundError, RefusedError
from rempart.server.pages.doors import field
from rempart.server.service import Service

PAGE = 50
"""Rows of a table on one page; a form with a box for each stays within what a form may have."""
LONGEST_REFERENCE = 512
_HIGHEST = (1 << 63) - 1


def service_of(request: Request) -> Service:
    """The running service."""
    found: Service = request.app.state.service
    return found


def place(request: Request, name: str) -> str:
    """An id that stands in the path. Raises NotFoundError for what can be none."""
    found: str = request.path_params[name]
    if len(found) > 100 or not (found.isascii() and found.isprintable()):
        raise NotFoundError("There is nothing of that id.", hint="Go back to the page with the list.")
    return found


def asked(request: Request, name: str, *, most: int = LONGEST_REFERENCE) -> str:
    """A word of the address, without blanks around it. Raises RefusedError for one that nothing can be called."""
    return good(request.query_params.get(name, "").strip(), most=most)


def good(text: str, *, most: int = LONGEST_REFERENCE) -> str:
    """A word that a database can be asked about. Raises RefusedError."""
    if len(text) > most:
        raise RefusedError("That is too long to be looked for.", hint="Shorten it.")
    if not text.isprintable():
        raise RefusedError("That holds control characters.", hint="Type it anew, without line ends.")
    return text


def chosen(request: Request, name: str, among: Mapping[str, object] | tuple[str, ...] | frozenset[str]) -> str:
    """One of some choices, or empty."""
    found = request.query_params.get(name, "")
    return found if found in among else ""


def number(request: Request, name: str) -> int:
    """A number of the address; 0 for none. Raises RefusedError."""
    return whole(request.query_params.get(name, "")) or 0


def whole(text: str, *, most: int = _HIGHEST) -> int | None:
    """A whole number as it was typed, None for an empty field. Raises RefusedError."""
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 19 or int(text) > most:
        raise RefusedError("A number is expected here.", hint="Write digits only, or leave the field empty.")
    return int(text)


def day(request: Request, name: str, *, ends: bool = False) -> datetime | None:
    """A day of the address as a moment: its beginning, or with `ends` that of the next. Raises RefusedError."""
    text = request.query_params.get(name, "").strip()
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
        return datetime(found.year, found.month, found.day, tzinfo=UTC) + timedelta(days=ends)
    except (ValueError, OverflowError) as err:
        raise RefusedError("A day is expected here.", hint="Write it as year-month-day.") from err


class Typed(dict[str, str]):
    """What stands in the fields of a form; a field that is not named is empty."""

    def __missing__(self, _name: str) -> str:
        return ""


def typed(form: FormData, *names: str, most: int = 4_000) -> Typed:
    """What was typed into some fields, to be shown again."""
    return Typed({name: field(form, name)[:most] for name in names})


def reason_of(form: FormData) -> str:
    """Why something is done, as it was typed. Raises RefusedError when nothing was."""
    found = field(form, "reason").replace("\0", " ").strip()[:2000]
    if not found:
        raise RefusedError("A reason is missing.", hint="Write in a sentence why.")
    return found
