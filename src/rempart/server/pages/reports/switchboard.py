"""The switch to production: how it stands, asking for it, and switching it off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.approvals import Approval
from rempart.reports.cybertip import production
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.reports.contexts import SwitchPage
from rempart.server.pages.reports.listing import where_now
from rempart.server.service import Service
from rempart.server.switching import checked, target_of

_DONE = frozenset({"production_asked", "production_off"})
_HERE = "/reports/environment"


@for_people(Permission.REPORTS_READ)
async def switch_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Where reports go, and why."""
    done = request.query_params.get("done", "")
    page = await run_in_threadpool(_page, request.app.state.service, who)
    return render(request, page, who=who, message=f"done.{done}" if done in _DONE else "")


@for_people(Permission.REPORTS_LEAD, proved=True, back=2)
async def ask(request: Request, pages: Pages, who: Principal) -> Response:
    """Ask another lead to file for real from now on; the service has to know the credentials."""
    service: Service = request.app.state.service
    await form_of(request)

    def step() -> None:
        told = checked(service)
        with service.store.write() as conn:
            production.ask(conn, who, target_of(service.settings), checked=told, at=service.clock())

    return await _done(request, who, "production_asked", step)


@for_people(Permission.REPORTS_LEAD, proved=True, back=2)
async def switch_off(request: Request, pages: Pages, who: Principal) -> Response:
    """Stop filing for real, at once."""
    service: Service = request.app.state.service
    why = field(await form_of(request), "why")

    def step() -> None:
        with service.store.write() as conn:
            production.switch_off(conn, who, why=why, at=service.clock())

    return await _done(request, who, "production_off", step, why=why)


def decide(
    service: Service, approval: Approval, who: Principal, approve: bool, reason: str, *, alone_after: timedelta | None
) -> None:
    """Second what was asked, or not. Blocks."""
    told = checked(service) if approve else None
    with service.store.write() as conn:
        production.decide(
            conn, approval.id, who, approve, reason, target=target_of(service.settings), checked=told,
            at=service.clock(), alone_after=alone_after,
        )  # fmt: skip


async def _done(request: Request, who: Principal, done: str, step: Callable[[], None], *, why: str = "") -> Response:
    try:
        await run_in_threadpool(step)
    except RempartError as err:
        page = await run_in_threadpool(_page, request.app.state.service, who, why[: production.MOST_WHY])
        return again(request, page, err, who=who)
    return RedirectResponse(f"{_HERE}?done={done}", 303)


def _page(service: Service, who: Principal, why: str = "") -> SwitchPage:
    target = target_of(service.settings)
    with service.store.read() as conn:
        switch = production.switch(conn, target)
    return SwitchPage(where=where_now(service, switch), target=target, may=who.may(Permission.REPORTS_LEAD), why=why)
