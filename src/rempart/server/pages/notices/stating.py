"""Statements of reasons: which there are, what they say, and keeping one back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.reasons import delays, statements
from rempart.reports.reasons.values import DELAYS, Cause, State
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.notices.contexts import ReasonPage, ReasonsPage
from rempart.server.pages.rendering import render
from rempart.server.service import Service

_ALL = "all"
_DONE = frozenset({"reason_delayed", "reason_undelayed"})
_CAUSES = tuple(sorted(one.value for one in DELAYS))


@for_people(Permission.NOTICES_LEAD)
async def reasons_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Statements, the youngest first."""
    service: Service = request.app.state.service
    asked = request.query_params
    page = await run_in_threadpool(_list, service, who, asked.get("state", _ALL), asked.get("before"))
    return render(request, page, who=who)


@for_people(Permission.NOTICES_LEAD)
async def reason_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One statement as the uploader reads it, and what keeps it."""
    service: Service = request.app.state.service
    done = request.query_params.get("done", "")
    page = await run_in_threadpool(_page, service, who, request.path_params["reason"])
    return render(request, page, who=who, message=f"done.{done}" if done in _DONE else "")


@for_people(Permission.NOTICES_LEAD)
async def delay(request: Request, pages: Pages, who: Principal) -> Response:
    """Keep a statement back until a day."""
    service, reason, form = request.app.state.service, request.path_params["reason"], await form_of(request)
    cause, days = field(form, "cause"), field(form, "days")

    def step(conn: Connection) -> None:
        if cause not in _CAUSES:
            raise RefusedError("Why the statement is kept back has to be said.", hint="Choose one of the two.")
        if not (days.isascii() and days.isdigit() and 1 <= len(days) <= 3):
            raise RefusedError("For how many days has to be said.", hint=f"From 1 to {delays.LONGEST.days}.")
        at = service.clock()
        until = at + timedelta(days=int(days))
        delays.delay(conn, who, cause=Cause(cause), until=until, why=field(form, "why"), at=at, reason=reason)

    return await _done(request, who, "reason_delayed", step, form)


@for_people(Permission.NOTICES_LEAD)
async def undelay(request: Request, pages: Pages, who: Principal) -> Response:
    """Let a statement go out before its time."""
    service, reason, form = request.app.state.service, request.path_params["reason"], await form_of(request)

    def step(conn: Connection) -> None:
        name = field(form, "delay")
        found = statements.one(conn, reason, who)
        case_id = next((one.case_id for one in found.delays if one.id == name), None)
        own = {"case_id": case_id} if case_id else {"reason": reason}
        delays.undelay(conn, who, name, why=field(form, "why"), at=service.clock(), **own)

    return await _done(request, who, "reason_undelayed", step, form)


async def _done(
    request: Request, who: Principal, done: str, step: Callable[[Connection], None], form: FormData
) -> Response:
    service, reason = request.app.state.service, request.path_params["reason"]

    def write() -> None:
        with service.store.write() as conn:
            step(conn)

    try:
        await run_in_threadpool(write)
    except RempartError as err:
        page = await run_in_threadpool(_page, service, who, reason, form)
        return again(request, page, err, who=who)
    return RedirectResponse(f"/reasons/{reason}?done={done}", 303)


def _list(service: Service, who: Principal, asked: str, before: str | None) -> ReasonsPage:
    known = {one.value: one for one in State}
    state = asked if asked in known else _ALL
    with service.store.read() as conn:
        found = statements.listed(conn, who, before=before, state=known.get(state))
    return ReasonsPage(rows=found.rows, next=found.next or "", state=state)


def _page(service: Service, who: Principal, reason: str, form: FormData | None = None) -> ReasonPage:
    with service.store.read() as conn:
        shown = statements.one(conn, reason, who)
    typed = {} if form is None else {"why": field(form, "why")[:2_000], "days": field(form, "days")[:3]}
    return ReasonPage(shown=shown, now=service.clock(), causes=_CAUSES, most_days=delays.LONGEST.days, **typed)
