"""Asking for a picture, being shown it on a page, and covering it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.care.teams import team
from rempart.cases.records.cases import Case
from rempart.cases.sight import grants
from rempart.cases.sight.evidence import evidence_of
from rempart.cases.sight.grants import Asked, HinderedError
from rempart.cases.work.queue import visible
from rempart.errors import BudgetReachedError, LookOverError, NotFoundError, RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.contexts import Context
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.sight.contexts import MetadataPage, PicturesPage, PromptsPage, RevealPage
from rempart.server.pages.sight.panel import DERIVATIVES, panel
from rempart.server.service import Service
from rempart.signals.derivatives import METADATA, PROMPTS, Step

_MOST_ITEM = 2**63
_PLACES = {"pictures": "/cases/{}/pictures", "quality": "/quality/{}"}
"""Pages that have the panel, besides the case's own."""
_OWN_PAGES: Mapping[str, str] = {Step.ORIGINAL: "reveal", METADATA: "metadata", PROMPTS: "prompts"}
"""What is shown on a page of its own, and only for a purpose."""


@for_people(Permission.EVIDENCE_VIEW)
async def pictures_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The pictures of a case, by themselves."""
    service: Service = request.app.state.service
    look_at = request.query_params.get("look", "")
    found = await run_in_threadpool(_pictures, service, who, request.path_params["case"], look_at)
    return render(request, found, who=who)


@for_people(Permission.EVIDENCE_VIEW)
async def reveal_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What an original is asked for with, and then the original."""
    service: Service = request.app.state.service
    item, look_at = _number(request.path_params["item"]), request.query_params.get("look", "")
    page = await run_in_threadpool(_reveal, service, who, request.path_params["case"], item, look_at)
    return render(request, page, who=who)


@for_people(Permission.EVIDENCE_VIEW)
async def metadata_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What a file says of itself is asked for with, and then the names and values."""
    service: Service = request.app.state.service
    item, look_at = _number(request.path_params["item"]), request.query_params.get("look", "")
    page = await run_in_threadpool(_metadata, service, who, request.path_params["case"], item, look_at)
    return render(request, page, who=who)


@for_people(Permission.EVIDENCE_VIEW)
async def prompts_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The words with which somebody had a picture made are asked for with a purpose, and then shown."""
    service: Service = request.app.state.service
    item, look_at = _number(request.path_params["item"]), request.query_params.get("look", "")
    page = await run_in_threadpool(_prompts, service, who, request.path_params["case"], item, look_at)
    return render(request, page, who=who)


@for_people(Permission.EVIDENCE_VIEW)
async def look(request: Request, pages: Pages, who: Principal) -> Response:
    """Ask for a step of a picture."""
    service: Service = request.app.state.service
    form, case_id = await form_of(request), request.path_params["case"]
    item, step = _number(field(form, "item")), _step(form)
    own = _OWN_PAGES.get(step, "")
    asked = Asked(item=item, step=step, purpose=field(form, "purpose") if own else "assess", words=field(form, "words"))
    try:
        granted = await run_in_threadpool(_grant, service, who, case_id, asked)
    except HinderedError:
        return RedirectResponse(_place(form, case_id, item=item, own=own), 303)
    except BudgetReachedError:
        return RedirectResponse("/care?reached=1", 303)
    except RefusedError as err:
        if not own:
            raise
        shown = _SHOWN.get(step, _reveal)
        page = await run_in_threadpool(shown, service, who, case_id, item, "")
        return again(request, page, err, who=who)
    return RedirectResponse(_place(form, case_id, look=granted, item=item, own=own), 303)


@for_people(Permission.EVIDENCE_VIEW)
async def cover(request: Request, pages: Pages, who: Principal) -> Response:
    """Cover a picture, or all of a case. Modules ask without waiting for a page."""
    service: Service = request.app.state.service
    form, case_id = await form_of(request), request.path_params["case"]
    await run_in_threadpool(_cover, service, who, case_id, field(form, "grant"))
    if "text/html" not in request.headers.get("accept", ""):
        return Response(status_code=204)
    return RedirectResponse(_back(form, case_id), 303)


def case_for(service: Service, who: Principal, case_id: str) -> Case:
    """A case that this person may see. Raises NotFoundError."""
    with service.store.read() as conn:
        return visible(conn, case_id, who)


def _pictures(service: Service, who: Principal, case_id: str, look_at: str) -> PicturesPage:
    case = case_for(service, who, case_id)
    return PicturesPage(panel=panel(service, who, case, look=look_at, place="pictures"))


def _reveal(service: Service, who: Principal, case_id: str, item: int, look_at: str) -> RevealPage:
    found = panel(service, who, case_for(service, who, case_id), look=look_at, place="reveal")
    pane = next((one for one in found.panes if one.item == item), None)
    if pane is None:
        raise NotFoundError("There is no such picture in this case.", hint="Open the case again.")
    return RevealPage(panel=found, pane=pane, pseudonym=who.pseudonym)


def _metadata(service: Service, who: Principal, case_id: str, item: int, look_at: str) -> MetadataPage:
    found = _reveal(service, who, case_id, item, "")
    pairs = None
    if look_at and found.panel.holds and not found.pane.hindrance:
        with suppress(LookOverError, HinderedError):
            pairs = service.sight.metadata(case_id, look_at, who=who)
    return MetadataPage(panel=found.panel, pane=found.pane, pairs=pairs, over=bool(look_at) and pairs is None)


def _prompts(service: Service, who: Principal, case_id: str, item: int, look_at: str) -> PromptsPage:
    found = _reveal(service, who, case_id, item, "")
    prompts = None
    if look_at and found.panel.holds and not found.pane.hindrance:
        with suppress(LookOverError, HinderedError):
            prompts = service.sight.prompts(case_id, look_at, who=who)
    return PromptsPage(panel=found.panel, pane=found.pane, prompts=prompts, over=bool(look_at) and prompts is None)


_SHOWN: Mapping[str, Callable[[Service, Principal, str, int, str], Context]] = {
    METADATA: _metadata, PROMPTS: _prompts,
}  # fmt: skip


def _grant(service: Service, who: Principal, case_id: str, asked: Asked) -> str:
    with service.store.write() as conn:
        rules = team(conn)
        granted = grants.grant(
            conn, case_id, asked, evidence=evidence_of(conn, asked.item, vault=service.vault), who=who,
            limits=rules.limits, reveal_seconds=rules.reveal_seconds, at=service.clock(),
        )  # fmt: skip
    return granted.id


def _cover(service: Service, who: Principal, case_id: str, grant_id: str) -> None:
    with service.store.write() as conn:
        grants.cover(conn, who=who, at=service.clock(), case_id=case_id, grant_id=grant_id or None)


def _place(form: FormData, case_id: str, *, look: str = "", item: int, own: str) -> str:
    """Back to the page that was asked from, which shows what was granted; to its `own` page, where it has one."""
    shown = f"?look={look}" if look else ""
    if own:
        return f"/cases/{case_id}/{own}/{item}{shown}"
    return _back(form, case_id, shown=shown)


def _back(form: FormData, case_id: str, *, shown: str = "") -> str:
    if field(form, "place") == "quality":
        return f"/quality/{case_id}{shown}#pictures"
    place = _PLACES.get(field(form, "place"), "/cases/{}").format(case_id)
    return f"{place}{shown}#pictures"


def _step(form: FormData) -> Step | Literal["metadata", "prompts"]:
    if field(form, "step") == METADATA:
        return "metadata"
    if field(form, "step") == PROMPTS:
        return "prompts"
    try:
        step = Step(field(form, "step"))
    except ValueError as err:
        raise RefusedError("There is no such step.", hint="Use one of the buttons.") from err
    assert step is Step.ORIGINAL or step.value in DERIVATIVES
    return step


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) >= _MOST_ITEM:
        raise NotFoundError("There is no such picture in this case.", hint="Open the case again.")
    return int(text)
