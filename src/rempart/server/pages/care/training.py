"""Practice: the panel and the steps of a case on drawn pictures, and calm answers."""

from __future__ import annotations

import secrets
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.care import practice
from rempart.cases.care.practice import PICTURES, Answer
from rempart.cases.care.teams import Team, team
from rempart.cases.records import training as records
from rempart.cases.records.training import RunRow
from rempart.cases.sight.grants import purpose_of, seconds_for
from rempart.cases.sight.showing import stamp_of
from rempart.errors import NotFoundError, RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.care.contexts import TrainingPage, TrainingsPage
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.sight.contexts import RevealPage
from rempart.server.pages.sight.panel import AT_EASE, Pane, Panel, Shown
from rempart.server.pages.sight.pictures import HEADERS
from rempart.server.service import Service
from rempart.signals.derivatives import Derivative, Step

_MOST_RUNS = 20


@for_people(Permission.CARE)
async def trainings_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What practice is, and one's own runs."""
    service: Service = request.app.state.service
    return render(request, await run_in_threadpool(_runs, service, who), who=who)


@for_people(Permission.CARE)
async def begin(request: Request, pages: Pages, who: Principal) -> Response:
    """Begin a run."""
    service: Service = request.app.state.service
    row = await run_in_threadpool(_begin, service, who)
    return RedirectResponse(f"/training/{row.id}", 303)


@for_people(Permission.CARE)
async def training_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The picture whose turn it is, or what came of the last one."""
    service: Service = request.app.state.service
    query = request.query_params
    page = await run_in_threadpool(
        _page, service, who, request.path_params["run"], look=query.get("look", ""), told="told" in query
    )
    return render(request, page, who=who)


@for_people(Permission.CARE)
async def reveal_page(request: Request, pages: Pages, who: Principal) -> Response:
    """As for an original of a case."""
    service: Service = request.app.state.service
    look_at = request.query_params.get("look", "")
    page = await run_in_threadpool(_reveal, service, who, request.path_params["run"], look=look_at)
    return render(request, page, who=who)


@for_people(Permission.CARE)
async def look(request: Request, pages: Pages, who: Principal) -> Response:
    """Ask for a step."""
    service: Service = request.app.state.service
    form, run_id = await form_of(request), request.path_params["run"]
    step, item = field(form, "step"), field(form, "item")
    if step not in list(Step) or not item.isdigit():
        raise RefusedError("There is no such step.", hint="Use one of the buttons.")
    look_at = quote(f"{item}-{step}")
    if step != Step.ORIGINAL:
        return RedirectResponse(f"/training/{run_id}?look={look_at}#pictures", 303)
    try:
        purpose_of(field(form, "purpose"), field(form, "words"))
    except RefusedError as err:
        return again(request, await run_in_threadpool(_reveal, service, who, run_id, look=""), err, who=who)
    return RedirectResponse(f"/training/{run_id}/reveal/{item}?look={look_at}", 303)


@for_people(Permission.CARE)
async def cover(request: Request, pages: Pages, who: Principal) -> Response:
    """Nothing is kept of a look at a drawing; the page without it is all there is to do."""
    if "text/html" not in request.headers.get("accept", ""):
        return Response(status_code=204)
    return RedirectResponse(f"/training/{quote(request.path_params['run'], safe='')}#pictures", 303)


@for_people(Permission.CARE)
async def picture(request: Request, pages: Pages, who: Principal) -> Response:
    """A drawing at a step."""
    service: Service = request.app.state.service
    item, _, step = request.path_params["look"].partition("-")
    if step not in list(Step) or not (item.isascii() and item.isdigit() and len(item) < 3):
        return Response(status_code=404, headers=HEADERS)
    made = await run_in_threadpool(_picture, service, who, request.path_params["run"], int(item), Step(step))
    return Response(made.data, media_type=made.media_type, headers=HEADERS)


@for_people(Permission.CARE)
async def answer(request: Request, pages: Pages, who: Principal) -> Response:
    """Keep an answer, and say what was drawn."""
    service: Service = request.app.state.service
    form, run_id = await form_of(request), request.path_params["run"]
    given = Answer(
        code=field(form, "code"), kind=field(form, "kind"), confidence=field(form, "confidence"),
        step=field(form, "step"),
    )  # fmt: skip
    number = field(form, "number")
    try:
        await run_in_threadpool(_answer, service, who, run_id, int(number) if number.isdigit() else 0, given)
    except NotFoundError:
        raise
    except RefusedError as err:
        page = await run_in_threadpool(_page, service, who, run_id, look="", told=False)
        return again(request, page, err, who=who)
    return RedirectResponse(f"/training/{run_id}?told=1", 303)


def _runs(service: Service, who: Principal) -> TrainingsPage:
    with service.store.read() as conn:
        return TrainingsPage(runs=records.of_person(conn, who.id, most=_MOST_RUNS), pictures=PICTURES)


def _begin(service: Service, who: Principal) -> RunRow:
    with service.store.write() as conn:
        return practice.start(conn, who, seed=secrets.randbelow(practice.MOST_SEED), at=service.clock())


def _page(service: Service, who: Principal, run_id: str, *, look: str, told: bool) -> TrainingPage:
    with service.store.read() as conn:
        row, rules = practice.own_run(conn, run_id, who), team(conn)
    answers = practice.told(row)
    number = len(answers) + 1
    over = number > PICTURES
    panel = None if over or told else _panel(row, number, rules, look=look)
    step = panel.panes[0].shown.step if panel and panel.panes[0].shown else ""
    return TrainingPage(
        run=row.id, number=min(number, PICTURES), pictures=PICTURES, panel=panel, step=step, over=over,
        told=answers[-1] if answers and (told or over) else None, answers=answers, codes=practice.CODES,
        kinds=practice.KINDS, confidence=practice.CONFIDENCE,
    )  # fmt: skip


def _reveal(service: Service, who: Principal, run_id: str, *, look: str) -> RevealPage:
    with service.store.read() as conn:
        row, rules = practice.own_run(conn, run_id, who), team(conn)
    panel = _panel(row, min(len(row.answers) + 1, PICTURES), rules, look=look)
    return RevealPage(panel=panel, pane=panel.panes[0], pseudonym=who.pseudonym)


def _panel(row: RunRow, number: int, rules: Team, *, look: str) -> Panel:
    root = f"/training/{row.id}"
    item, _, step = look.partition("-")
    seconds = seconds_for(Step(step), rules.reveal_seconds) if step in list(Step) else 0
    shown = Shown(grant=look, step=step, address=f"{root}/pictures/{look}", seconds=seconds)
    pane = Pane(
        number=number, item=number, copies=1, hindrance="", shown=shown if seconds and item == str(number) else None
    )
    return Panel(
        root=root, place="training", may_look=True, holds=True, panes=(pane,), more=0, care=AT_EASE,
        derivative_seconds=seconds_for(Step.SKETCH, rules.reveal_seconds), reveal_seconds=rules.reveal_seconds,
    )  # fmt: skip


def _picture(service: Service, who: Principal, run_id: str, number: int, step: Step) -> Derivative:
    with service.store.read() as conn:
        row = practice.own_run(conn, run_id, who)
    return practice.picture(row, number, step, stamp=stamp_of(who.pseudonym, service.clock()))


def _answer(service: Service, who: Principal, run_id: str, number: int, given: Answer) -> None:
    with service.store.write() as conn:
        practice.answer(conn, run_id, who, number, given, at=service.clock())
