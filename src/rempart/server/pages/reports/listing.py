"""The outbox: every report, how it stands and why; and what waits, for the home page."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.cybertip import production, visibility
from rempart.reports.cybertip.values import Environment
from rempart.reports.cybertip.visibility import Show
from rempart.server.pages.doors import Pages, for_people
from rempart.server.pages.rendering import render
from rempart.server.pages.reports.contexts import OutboxPage, Where
from rempart.server.service import Service
from rempart.server.switching import target_of


@for_people(Permission.REPORTS_READ)
async def outbox_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Reports, the youngest first; all, or those that wait for somebody, or that are over."""
    asked = request.query_params
    page = await run_in_threadpool(_outbox, request.app.state.service, who, asked.get("show", ""), asked.get("before"))
    return render(request, page, who=who)


def reports_waiting(pages: Pages, who: Principal) -> tuple[tuple[str, int], ...]:
    """What waits for people, for the home page: drafts, those that need a lead, those that one person confirmed."""
    with pages.access.store.read() as conn:
        found = visibility.waiting(conn, who)
    return tuple((one.value, found[one]) for one in (Show.PEOPLE, Show.TROUBLE, Show.ALONE) if found[one])


def where_now(service: Service, switch: production.Switch) -> Where:
    """Where reports go now."""
    return Where(environment=Environment(service.settings.cybertip.environment), switch=switch)


def _outbox(service: Service, who: Principal, asked: str, before: str | None) -> OutboxPage:
    known = {one.value: one for one in Show}
    show = known.get(asked, Show.ALL)
    with service.store.read() as conn:
        found = visibility.listed(conn, who, show=show, before=None if before is None else before[:40])
        counts = visibility.waiting(conn, who)
        switch = production.switch(conn, target_of(service.settings))
    return OutboxPage(
        where=where_now(service, switch), show=show, rows=found.rows, reviews=found.reviews, counts=counts,
        next=found.next or "", now=service.clock(),
    )  # fmt: skip
