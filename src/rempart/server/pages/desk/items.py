"""The items of a case, and what else there is of an uploader: context that nothing is inherited from."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.cases.records import showing as records
from rempart.cases.work.queue import hidden_items, visible
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.desk.acting import asked, to_case
from rempart.server.pages.desk.contexts import ItemsPage
from rempart.server.pages.desk.showing import before_blind
from rempart.server.pages.doors import Pages, for_people
from rempart.server.pages.rendering import render
from rempart.server.service import Service

PAGE = 50


@for_people(Permission.CASES_READ)
async def items_page(request: Request, pages: Pages, who: Principal) -> Response:
    """All items of a case, a page at a time."""
    page = await run_in_threadpool(_items, request.app.state.service, who, asked(request), _from(request))
    return render(request, page, who=who)


@for_people(Permission.CASES_READ)
async def uploader_page(request: Request, pages: Pages, who: Principal) -> Response:
    """An uploader's items on one service; to the case's uploaders where none is named."""
    service: Service = request.app.state.service
    told = request.query_params
    whose = told.get("service", "")[:200], told.get("uploader", "")[:2_000]
    if not all(whose):
        return to_case(asked(request), at="uploaders")
    page = await run_in_threadpool(_uploader, service, who, asked(request), whose, _from(request))
    return render(request, page, who=who)


def _items(service: Service, who: Principal, case_id: str, after: int) -> ItemsPage:
    with service.store.read() as conn:
        case = visible(conn, case_id, who)
        found = records.items_of(conn, case_id, after=after, most=PAGE + 1)
        shown = before_blind(conn, case, who, found[:PAGE])
        in_all = records.count_items(conn, case_id)
    following = shown[-1].id if len(found) > PAGE else None
    return ItemsPage(case_id=case_id, rows=shown, in_all=in_all, next=following)


def _uploader(service: Service, who: Principal, case_id: str, whose: tuple[str, str], after: int) -> ItemsPage:
    """Only of uploaders that the case is about: this is no way to look anybody up."""
    with service.store.read() as conn:
        case = visible(conn, case_id, who)
        about = {(one.service, one.uploader) for one in records.uploaders_of(conn, case_id, most=1_000)}
        about |= {(case.service or "", case.uploader or "")}
        found = records.of_uploader(conn, *whose, after=after, most=PAGE + 1) if whose in about else ()
        kept = hidden_items(conn, [one.id for one in found], who)
        shown = before_blind(conn, case, who, tuple(one for one in found[:PAGE] if one.id not in kept))
    following = found[PAGE - 1].id if len(found) > PAGE else None
    return ItemsPage(
        case_id=case_id, rows=shown, in_all=len(shown), next=following, service=whose[0], uploader=whose[1]
    )


def _from(request: Request) -> int:
    text = request.query_params.get("from", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
