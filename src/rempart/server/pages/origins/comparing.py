"""Whether two pictures of a case share pixels, by points and a map of what agrees: a lead, which decides nothing."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.care.teams import team
from rempart.cases.sight import grants
from rempart.cases.sight.evidence import evidence_of
from rempart.cases.sight.grants import Asked, HinderedError
from rempart.cases.work.queue import visible
from rempart.errors import LookOverError, NotFoundError, RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.origins.contexts import ComparePage
from rempart.server.pages.rendering import render
from rempart.server.pages.sight.panel import panel
from rempart.server.service import Service

_PURPOSE = "compare"


@for_people(Permission.EVIDENCE_VIEW)
async def compare_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What a picture may be compared with, and then the figures."""
    service: Service = request.app.state.service
    case_id, item, told = request.path_params["case"], request.path_params["item"], request.query_params
    looks = told.get("one", "")[:40], told.get("two", "")[:40]
    page = await run_in_threadpool(_page, service, who, case_id, item, other=told.get("other", ""), looks=looks)
    return render(request, page, who=who)


@for_people(Permission.EVIDENCE_VIEW)
async def compare(request: Request, pages: Pages, who: Principal) -> Response:
    """Ask for a comparison: two looks are granted, one at each picture."""
    service: Service = request.app.state.service
    case_id, item = request.path_params["case"], request.path_params["item"]
    other = field(await form_of(request), "other")
    try:
        one, two = await run_in_threadpool(_granted, service, who, case_id, item, other)
    except RefusedError as err:
        page = await run_in_threadpool(_page, service, who, case_id, item)
        return again(request, page, err, who=who)
    return RedirectResponse(f"/cases/{case_id}/compare/{item}?other={other}&one={one}&two={two}", 303)


def _page(
    service: Service, who: Principal, case_id: str, item: str, *, other: str = "", looks: tuple[str, str] = ("", "")
) -> ComparePage:
    with service.store.read() as conn:
        case = visible(conn, case_id, who)
    found = panel(service, who, case)
    panes = {str(one.item): one for one in found.panes}
    pane = panes.get(item)
    if pane is None:
        raise NotFoundError("There is no such picture in this case.", hint="Open the case again.")
    result, asked = None, found.holds and all(looks) and other in panes
    if asked:
        try:
            result = service.sight.compared(case_id, looks, items=(pane.item, panes[other].item), who=who)
        except (LookOverError, HinderedError):
            result = None
    return ComparePage(
        panel=found, pane=pane, result=result, other=panes.get(other), over=asked and result is None,
        others=tuple(one for one in found.panes if one is not pane and not one.hindrance),
    )  # fmt: skip


def _granted(service: Service, who: Principal, case_id: str, item: str, other: str) -> tuple[str, str]:
    with service.store.read() as conn:
        case = visible(conn, case_id, who)
    there = {str(one.item): one.item for one in panel(service, who, case).panes}
    if item not in there:
        raise NotFoundError("There is no such picture in this case.", hint="Open the case again.")
    if other not in there or other == item:
        raise RefusedError("Another picture is missing.", hint="Choose the one to compare with.")
    with service.store.write() as conn:
        rules, at = team(conn), service.clock()
        one, two = (
            grants.grant(
                conn, case_id, Asked(item=there[name], step="compare", purpose=_PURPOSE), who=who, at=at,
                evidence=evidence_of(conn, there[name], vault=service.vault), limits=rules.limits,
                reveal_seconds=rules.reveal_seconds,
            ).id
            for name in (item, other)
        )  # fmt: skip
    return one, two
