"""Somebody may be in danger now."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.cases.work import moves
from rempart.cases.work import settings as work_settings
from rempart.cases.work.emergency import guidance
from rempart.cases.work.queue import visible
from rempart.errors import RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.desk.acting import asked, to_case
from rempart.server.pages.desk.contexts import DangerPage
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import language, render
from rempart.server.service import Service


@for_people(Permission.CASES_READ)
async def danger_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What to do now, and the button that puts the case on top."""
    return render(request, await run_in_threadpool(_page, request, who, ""), who=who)


@for_people(Permission.CASES_ASSESS, back=2)
async def say_danger(request: Request, pages: Pages, who: Principal) -> Response:
    """The case goes to the top, the operator is told, one person may act."""
    service: Service = request.app.state.service
    reason, case_id = field(await form_of(request), "reason"), asked(request)

    def say() -> None:
        with service.store.write() as conn:
            moves.danger(conn, case_id, who, reason=reason, at=service.clock(), alarm=service.alarms.danger)

    try:
        await run_in_threadpool(say)
    except RempartError as err:
        return again(request, await run_in_threadpool(_page, request, who, reason[:2_000]), err, who=who)
    return to_case(case_id, done="danger")


def _page(request: Request, who: Principal, reason: str) -> DangerPage:
    service: Service = request.app.state.service
    with service.store.read() as conn:
        case = visible(conn, asked(request), who)
        _, rules = work_settings.current(conn)
    emergency = rules.emergency
    return DangerPage(
        case_id=case.id, danger=case.danger,
        guidance=guidance(language=who.language or language(request), countries=emergency.countries),
        contacts=emergency.contacts, may=who.may(Permission.CASES_ASSESS) and case.state == "open", reason=reason,
    )  # fmt: skip
