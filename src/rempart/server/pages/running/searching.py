"""Searching hosted items by a signal, or by the signals of a file: with a purpose that auditors read."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.errors import RefusedError, RempartError
from rempart.lists.lookup import asked_of
from rempart.lists.vocabulary import guess_signal
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.bodies import body_of
from rempart.server.multipart import Form, read_form
from rempart.server.pages.doors import Pages, again, for_people
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import Typed, service_of
from rempart.server.pages.running.contexts_items import SearchPage
from rempart.server.searching import Hosting, search_hosted
from rempart.server.service import Service
from rempart.signals.values import Signal

SHORTEST_PURPOSE, LONGEST_PURPOSE = 10, 1_000


@for_people(Permission.ITEMS_SEARCH)
async def search_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What may be searched for, and that it is written down."""
    return render(request, SearchPage(), who=who)


@for_people(Permission.ITEMS_SEARCH)
async def search(request: Request, pages: Pages, who: Principal) -> Response:
    """The nearest items. The file is examined in a decode worker and kept nowhere."""
    service, kind, typed = service_of(request), request.headers.get("content-type", ""), Typed()
    server = service.settings.server
    try:
        async with body_of(request, service.bodies, most=server.body_bytes, seconds=server.body_seconds) as data:
            form = await run_in_threadpool(read_form, data, kind)
            typed |= {name: form.fields.get(name, "").strip()[:LONGEST_PURPOSE] for name in ("purpose", "signal")}
            found, kinds = await run_in_threadpool(_search, service, who, form, typed)
    except RempartError as err:
        return again(request, SearchPage(typed=typed), err, who=who)
    return render(request, SearchPage(hits=found.hits, cut=found.cut, kinds=kinds, typed=typed), who=who)


def _search(service: Service, who: Principal, form: Form, typed: Typed) -> tuple[Hosting, tuple[str, ...]]:
    purpose = typed["purpose"].replace("\0", " ")
    if len(purpose) < SHORTEST_PURPOSE:
        raise RefusedError("A purpose is missing.", hint="Write in a sentence what the search is for.")
    signals = _signals(service, form, typed["signal"])
    found = search_hosted(service, who, signals, purpose=purpose)
    return found, tuple(dict.fromkeys(one.kind.value for one in signals))


def _signals(service: Service, form: Form, text: str) -> Sequence[Signal]:
    if text and form.content:
        raise RefusedError("There are a file and a signal.", hint="Send the one or the other.")
    if form.content:
        found = [one.signal for one in asked_of(service.checker.examined_now(form.content))]
        if not found:
            raise RefusedError("The file could not be examined.", hint="Search by one of its digests instead.")
        return found
    try:
        return [guess_signal(text)]
    except RefusedError as err:
        raise RefusedError(
            "That is no signal.", hint="Write it as sha256:…, sha1:…, md5:… or pdq:…, in hexadecimal digits."
        ) from err
