"""What a second lead is shown, and what they made of it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.quality import oversight
from rempart.cases.records.flags import Flag
from rempart.errors import RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.persons import pseudonyms
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.figures.contexts import FlagPage, FlagRow, OversightPage
from rempart.server.pages.rendering import render

_AT_ONCE = 50


@for_people(Permission.OVERSIGHT)
async def oversight_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Flags that wait, or those that were seen to."""
    state = "seen" if request.query_params.get("state") == "seen" else "new"
    before = request.query_params.get("before") or None
    message = "done.flag_seen" if request.query_params.get("done") == "flag_seen" else ""
    return render(request, await run_in_threadpool(_page, pages, who, state, before), who=who, message=message)


@for_people(Permission.OVERSIGHT)
async def flag_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One flag."""
    return render(request, await run_in_threadpool(_flag, pages, who, request.path_params["flag"], ""), who=who)


@for_people(Permission.OVERSIGHT)
async def acknowledge(request: Request, pages: Pages, who: Principal) -> Response:
    """Say what one made of it."""
    form, flag_id = await form_of(request), request.path_params["flag"]
    said = field(form, "said")
    page = await run_in_threadpool(_flag, pages, who, flag_id, said)

    def write() -> None:
        with pages.access.store.write() as conn:
            oversight.acknowledge(conn, flag_id, who, said=said, at=pages.access.clock())

    try:
        await run_in_threadpool(write)
    except RempartError as err:
        return again(request, page, err, who=who)
    return RedirectResponse("/oversight?done=flag_seen", 303)


def _page(pages: Pages, who: Principal, state: str, before: str | None) -> OversightPage:
    with pages.access.store.read() as conn:
        found = oversight.flags(conn, who, state=state, before=before, most=_AT_ONCE)
        earlier = found[-1].id if len(found) == _AT_ONCE else ""
        return OversightPage(state=state, rows=_rows(conn, found), earlier=earlier)


def _flag(pages: Pages, who: Principal, flag_id: str, said: str) -> FlagPage:
    with pages.access.store.read() as conn:
        return FlagPage(row=_rows(conn, [oversight.flag(conn, flag_id, who)])[0], said=said)


def _rows(conn: Connection, found: Iterable[Flag]) -> tuple[FlagRow, ...]:
    some = tuple(found)
    names = pseudonyms(conn, {name for one in some for name in (one.person, one.by) if name})
    return tuple(
        FlagRow(flag=one, about=names.get(one.person, one.person), by=names.get(one.by or "", "")) for one in some
    )
