"""Second looks: taking the next one, looking, and answering."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.assessing.values import Decision, main_of
from rempart.cases.quality import looks
from rempart.cases.records import showing
from rempart.cases.records import work as work_records
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.work.queue import visible
from rempart.cases.work.settings import current
from rempart.errors import NotFoundError, RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.desk.judging import assessment_of
from rempart.server.pages.desk.showing import known_schemes
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.figures.contexts import Different, LookPage, QualityPage
from rempart.server.pages.rendering import render
from rempart.server.pages.sight.panel import panel_in
from rempart.server.service import Service

MOST_MATCHES, MOST_FACTS = 12, 60
_FIELDS = ("main", "category", "image_kind", "confidence", "rationale")
_DONE = frozenset({"look_answered", "no_look"})


@for_people(Permission.CASES_ASSESS)
async def quality_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What waits for a second look, and for leads what came out differently."""
    done = request.query_params.get("done", "")
    page = await run_in_threadpool(_quality, pages, who)
    return render(request, page, who=who, message=f"done.{done}" if done in _DONE else "")


@for_people(Permission.CASES_ASSESS)
async def take_next(request: Request, pages: Pages, who: Principal) -> Response:
    """Take the next second look."""
    case_id = await run_in_threadpool(_take, pages, who)
    return RedirectResponse(f"/quality/{case_id}" if case_id else "/quality?done=no_look", 303)


@for_people(Permission.CASES_ASSESS)
async def look_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The case as the first person saw it."""
    case_id, look = request.path_params["case"], request.query_params.get("look", "")
    page = await run_in_threadpool(_look, request.app.state.service, who, case_id, look, {})
    return render(request, page, who=who)


@for_people(Permission.CASES_ASSESS)
async def answer(request: Request, pages: Pages, who: Principal) -> Response:
    """Give the answer of a second look."""
    service: Service = request.app.state.service
    case_id, form = request.path_params["case"], await form_of(request)
    try:
        asked = assessment_of(form, at=service.clock())

        def give() -> None:
            with service.store.write() as conn:
                schemes = known_schemes(service, current(conn)[1])
                looks.answer(
                    conn, case_id, asked, who=who, at=service.clock(), vault=service.vault, schemes=schemes
                )  # fmt: skip

        await run_in_threadpool(give)
    except RefusedError as err:
        if isinstance(err, NotFoundError):
            raise
        typed = {name: field(form, name) for name in _FIELDS}
        page = await run_in_threadpool(_look, service, who, case_id, "", typed)
        return again(request, page, err, who=who)
    return RedirectResponse("/quality?done=look_answered", 303)


def _quality(pages: Pages, who: Principal) -> QualityPage:
    at = pages.access.clock()
    with pages.access.store.read() as conn:
        lead = who.may(Permission.CASES_LEAD)
        found = looks.differing(conn, who, at=at) if lead else ()
        offered = looks.next_for(conn, who, at=at)
        own = offered if offered is not None and looks.holds(conn, offered, who.id, at=at) else ""
        return QualityPage(
            waiting=looks.count_for(conn, who, at=at), own=own,
            different=tuple(_different(one) for one in found) if lead else None,
        )  # fmt: skip


def _different(one: looks.Differing) -> Different:
    return Different(
        case_id=one.sample.case_id, done=one.sample.done or one.sample.at, why=one.sample.why, first=_said(one.first),
        second=_said(one.second),
    )  # fmt: skip


def _said(row: AssessmentRow) -> tuple[str, str]:
    """Decision and category of an answer."""
    main = main_of(frozenset(map(Decision, row.decisions)))
    return main.value if main else "", f"{row.scheme} {row.code}" if row.scheme else ""


def _take(pages: Pages, who: Principal) -> str | None:
    at = pages.access.clock()
    with pages.access.store.write() as conn:
        found = looks.next_for(conn, who, at=at)
        if found is not None:
            looks.take(conn, found, who, at=at)
        return found


def _look(service: Service, who: Principal, case_id: str, look: str, typed: dict[str, str]) -> LookPage:
    at = service.clock()
    with service.store.read() as conn:
        _held(conn, case_id, who, service)
        case = visible(conn, case_id, who)
        matches, _ = showing.alike(conn, case_id, most=MOST_MATCHES)
        schemes = known_schemes(service, current(conn)[1])
        return LookPage(
            case=case, items=showing.count_items(conn, case_id), matches=matches, schemes=schemes,
            facts=tuple(work_records.facts_of(conn, case_id))[-MOST_FACTS:] if case.uploader is not None else (),
            panel=panel_in(conn, service, who, case, look=look, place="quality"), said=typed, opened=at,
        )  # fmt: skip


def _held(conn: Connection, case_id: str, who: Principal, service: Service) -> None:
    if not looks.holds(conn, case_id, who.id, at=service.clock()):
        raise NotFoundError("You have no second look at this case.", hint="Take the next one that waits.")
