"""Looking at one report: all that is known of it, exactly what is sent, and its receipts."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.doors import Pages, for_people
from rempart.server.pages.rendering import render
from rempart.server.pages.reports.acting import DONE, asked
from rempart.server.pages.reports.reading import preview_page, receipt_page, report_page


@for_people(Permission.REPORTS_READ)
async def report(request: Request, pages: Pages, who: Principal) -> Response:
    """One report."""
    done = request.query_params.get("done", "")
    page = await run_in_threadpool(report_page, request.app.state.service, who, asked(request))
    return render(request, page, who=who, message=f"report_done.{done}" if done in DONE else "")


@for_people(Permission.REPORTS_READ)
async def preview(request: Request, pages: Pages, who: Principal) -> Response:
    """What is sent, to the letter."""
    page = await run_in_threadpool(preview_page, request.app.state.service, who, asked(request))
    return render(request, page, who=who)


@for_people(Permission.REPORTS_READ)
async def receipt(request: Request, pages: Pages, who: Principal) -> Response:
    """What the service answered when it was finished."""
    run = request.path_params["run"][:8]
    page = await run_in_threadpool(receipt_page, request.app.state.service, who, asked(request), run)
    return render(request, page, who=who)
