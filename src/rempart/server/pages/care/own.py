"""One's own care page: figures that nobody else is shown, own limits, and stopping at once."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.assessing.outcomes import of_person
from rempart.cases.care.groups import weeks
from rempart.cases.care.meter import DAY, ORIGINAL, measure, seconds_of
from rempart.cases.care.stopping import stop_now
from rempart.cases.care.teams import team
from rempart.cases.records import care
from rempart.cases.records import grants as records
from rempart.cases.records.care import OwnLimits
from rempart.cases.records.grants import GrantRow
from rempart.errors import RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.care.contexts import CarePage, Day, StoppedPage, TeamPage
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.sight.panel import care_of
from rempart.server.service import Service

_DAYS = 7
_OUTCOMES = 20
_MOST = {"reveals_per_day": 10_000, "minutes_per_day": 1_440, "break_after_minutes": 480}


@for_people(Permission.CARE)
async def care_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One's own figures."""
    service: Service = request.app.state.service
    reached = "reached" in request.query_params
    message = "care.saved" if request.query_params.get("done") == "limits" else ""
    return render(request, await run_in_threadpool(_care, service, who, reached), who=who, message=message)


@for_people(Permission.CARE)
async def set_limits(request: Request, pages: Pages, who: Principal) -> Response:
    """Keep one's own limits; an empty field goes by the team's."""
    service: Service = request.app.state.service
    form = await form_of(request)
    try:
        minutes = _number(field(form, "minutes_per_day"), _MOST["minutes_per_day"])
        own = OwnLimits(
            reveals_per_day=_number(field(form, "reveals_per_day"), _MOST["reveals_per_day"]),
            seconds_per_day=minutes and 60 * minutes,
            break_after_minutes=_number(field(form, "break_after_minutes"), _MOST["break_after_minutes"]),
        )
    except RefusedError as err:
        return again(request, await run_in_threadpool(_care, service, who, False), err, who=who)
    await run_in_threadpool(_keep, service, who, own)
    return RedirectResponse("/care?done=limits", 303)


@for_people(Permission.CARE)
async def stop(request: Request, pages: Pages, who: Principal) -> Response:
    """Stop now. Nobody asks why."""
    service: Service = request.app.state.service
    released = await run_in_threadpool(_stop, service, who)
    return RedirectResponse(f"/care/stopped?cases={released}", 303)


@for_people(Permission.CARE)
async def stopped_page(request: Request, pages: Pages, who: Principal) -> Response:
    """After stopping."""
    service: Service = request.app.state.service
    count = request.query_params.get("cases", "0")
    released = int(count) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    contact = await run_in_threadpool(_contact, service)
    return render(request, StoppedPage(released=released, peer_contact=contact), who=who)


@for_people(Permission.CASES_LEAD)
async def team_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What the team had to see, never one person."""
    service: Service = request.app.state.service
    return render(request, await run_in_threadpool(_team, service, who), who=who)


def _care(service: Service, who: Principal, reached: bool) -> CarePage:
    at = service.clock()
    with service.store.read() as conn:
        rules, own = team(conn), care.own(conn, who.id)
        limits = rules.limits.narrowed(own)
        rows = records.since(conn, who.id, at - timedelta(days=_DAYS))
        seen = measure([row for row in rows if row.at >= at - DAY], at=at)
        return CarePage(
            seen=seen, care=care_of(seen, limits), days=_days(rows, at), team=rules.limits, limits=limits, own=own,
            peer_contact=rules.peer_contact,
            outcomes=of_person(conn, who.id, most=_OUTCOMES), leads=who.may(Permission.CASES_LEAD), reached=reached,
        )  # fmt: skip


def _days(rows: tuple[GrantRow, ...], at: datetime) -> tuple[Day, ...]:
    """The last days, today first."""
    found: dict[int, list[tuple[GrantRow, int]]] = defaultdict(list)
    for row in rows:
        used = seconds_of(row, at=at)
        if used is not None:
            found[(at.date() - row.at.date()).days].append((row, used))
    return tuple(
        Day(
            day=at.date() - timedelta(days=ago), looks=sum(row.step != ORIGINAL for row, _ in found[ago]),
            reveals=sum(row.step == ORIGINAL for row, _ in found[ago]),
            minutes=-(-sum(used for _, used in found[ago]) // 60),
        )
        for ago in range(_DAYS)
    )  # fmt: skip


def _keep(service: Service, who: Principal, own: OwnLimits) -> None:
    with service.store.write() as conn:
        care.put(conn, who.id, own)


def _stop(service: Service, who: Principal) -> int:
    with service.store.write() as conn:
        return stop_now(conn, who, at=service.clock())


def _contact(service: Service) -> str:
    with service.store.read() as conn:
        return team(conn).peer_contact


def _team(service: Service, who: Principal) -> TeamPage:
    with service.store.read() as conn:
        return TeamPage(weeks=weeks(conn, reader=who.id, at=service.clock()))


def _number(text: str, most: int) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= most):
        raise RefusedError("A limit is a whole number above 0.", hint="Leave the field empty to go by your team's.")
    return int(text)
