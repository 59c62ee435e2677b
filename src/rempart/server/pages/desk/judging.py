"""Answering a case: the form, taking an answer back, confirming alone, and what lies beside it."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rempart.cases.assessing import answering
from rempart.cases.assessing import near as beside
from rempart.cases.assessing.values import (
    LONGEST_LOOK,
    Assessment,
    Confidence,
    Decision,
    ImageKind,
    Origin,
    OriginBasis,
)
from rempart.cases.work import claims
from rempart.cases.work import settings as work_settings
from rempart.cases.work.queue import visible
from rempart.errors import RefusedError, RempartError
from rempart.lists.entry import Category
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.desk import drafts
from rempart.server.pages.desk.acting import asked, to_case
from rempart.server.pages.desk.drafts import Draft
from rempart.server.pages.desk.queue import to_next
from rempart.server.pages.desk.showing import case_page, known_schemes
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.service import Service

_ASSESS = Permission.CASES_ASSESS
_MOST_ITEM = 2**63


async def _absent(request: Request, pages: Pages) -> None:
    """The form came in a session that has ended: nothing typed is lost."""
    await drafts.keep_for_the_absent(request, pages, asked(request), drafts.typed_in(await form_of(request)))


@for_people(_ASSESS, back=2, absent=_absent)
async def answer(request: Request, pages: Pages, who: Principal) -> Response:
    """Give an answer, and go on to the next case or stay."""
    service: Service = request.app.state.service
    form, case_id = await form_of(request), asked(request)
    draft = drafts.typed_in(form)
    try:
        await run_in_threadpool(_assess, service, pages, who, case_id, form, draft)
    except RempartError as err:
        await run_in_threadpool(_keep, service, pages, who, case_id, draft)
        page = await run_in_threadpool(case_page, request, pages, who, case_id, typed=draft)
        return again(request, page, err, who=who)
    if field(form, "then") == "stay":
        return to_case(case_id, done="answered")
    return await run_in_threadpool(to_next, service, who, queue_name=field(form, "queue"), after=case_id)


@for_people(_ASSESS, back=2, absent=_absent)
async def keep_draft(request: Request, pages: Pages, who: Principal) -> Response:
    """Keep what is typed; modules ask for this while somebody types."""
    form, case_id = await form_of(request), asked(request)
    service: Service = request.app.state.service
    kept = await run_in_threadpool(_keep, service, pages, who, case_id, drafts.typed_in(form))
    if "text/html" in request.headers.get("accept", ""):
        return to_case(case_id)
    return JSONResponse({"kept": kept})


@for_people(_ASSESS, back=2)
async def drop_draft(request: Request, pages: Pages, who: Principal) -> Response:
    """Drop what was kept."""
    service: Service = request.app.state.service
    case_id = asked(request)

    def drop() -> None:
        with service.store.write() as conn:
            visible(conn, case_id, who)
            drafts.drop(conn, case_id, who.id)

    await run_in_threadpool(drop)
    return to_case(case_id)


@for_people(_ASSESS, back=2)
async def undo(request: Request, pages: Pages, who: Principal) -> Response:
    """Take an answer back while it has not taken effect; what was typed is in the form again."""
    service: Service = request.app.state.service
    form, case_id = await form_of(request), asked(request)

    def take_back() -> None:
        with service.store.write() as conn:
            at = service.clock()
            visible(conn, case_id, who)
            answering.undo(conn, field(form, "outcome")[:40], who, at=at, case_id=case_id)

    try:
        await run_in_threadpool(take_back)
        await run_in_threadpool(_claim_again, service, who, case_id)
    except RempartError as err:
        page = await run_in_threadpool(case_page, request, pages, who, case_id)
        return again(request, page, err, who=who)
    return to_case(case_id, done="undone")


@for_people(_ASSESS, back=2)
async def confirm_alone(request: Request, pages: Pages, who: Principal) -> Response:
    """Confirm what nobody seconded."""
    service: Service = request.app.state.service
    case_id = asked(request)

    def confirm() -> None:
        with service.store.write() as conn:
            answering.confirm_alone(conn, case_id, who=who, at=service.clock(), alone_after=pages.alone_after)

    try:
        await run_in_threadpool(confirm)
    except RempartError as err:
        page = await run_in_threadpool(case_page, request, pages, who, case_id)
        return again(request, page, err, who=who)
    return to_case(case_id, done="confirmed_alone")


@for_people(_ASSESS, back=2, absent=_absent)
async def search_near(request: Request, pages: Pages, who: Principal) -> Response:
    """Look for what looks alike among what services host."""
    service: Service = request.app.state.service
    form, case_id = await form_of(request), asked(request)
    draft = drafts.typed_in(form)
    try:
        await run_in_threadpool(_search, service, pages, who, case_id, field(form, "token"), draft)
    except RempartError as err:
        page = await run_in_threadpool(case_page, request, pages, who, case_id, typed=draft)
        return again(request, page, err, who=who)
    return to_case(case_id, done="near_searched", at="near")


@for_people(_ASSESS, back=2, absent=_absent)
async def answer_near(request: Request, pages: Pages, who: Principal) -> Response:
    """Say of one thing that looks alike whether it is the same."""
    service: Service = request.app.state.service
    form, case_id = await form_of(request), asked(request)
    draft = drafts.typed_in(form)
    try:
        item = await run_in_threadpool(_near, service, pages, who, case_id, form, draft)
    except RempartError as err:
        page = await run_in_threadpool(case_page, request, pages, who, case_id, typed=draft)
        return again(request, page, err, who=who)
    return to_case(case_id, done="near_answered", at=f"near-{item}")


def assessment_of(form: FormData, *, at: datetime) -> Assessment:
    """The answer in a form. Raises RefusedError."""
    decisions = [field(form, "main"), *(one for one in form.getlist("more") if isinstance(one, str))]
    scheme, _, code = field(form, "category").partition(":")
    note = field(form, "origin_note").strip()
    bases = [one for one in form.getlist("origin") if isinstance(one, str)]
    listed = field(form, "list_id") if Decision.ADD_TO_LIST in decisions else ""
    blocked = form.getlist("accounts") if Decision.BLOCK_ACCOUNT in decisions else []
    try:
        return Assessment(
            decisions=frozenset(Decision(one) for one in decisions if one),
            category=Category(scheme=scheme, code=code) if code else None,
            image_kind=ImageKind(field(form, "image_kind")) if field(form, "image_kind") else None,
            origin=tuple(Origin(basis=OriginBasis(one), note=note if n == 0 else "") for n, one in enumerate(bases)),
            confidence=Confidence(field(form, "confidence") or "sure"), rationale=field(form, "rationale").strip(),
            list_id=listed or None, accounts=tuple(_number(one) for one in blocked), seconds=_seconds(form, at=at),
        )  # fmt: skip
    except ValueError as err:
        raise RefusedError("The form could not be read.", hint="Open the page again and send it once more.") from err


def _assess(service: Service, pages: Pages, who: Principal, case_id: str, form: FormData, draft: Draft) -> None:
    at = service.clock()
    with service.store.write() as conn:
        given = assessment_of(form, at=at)
        _, rules = work_settings.current(conn)
        visible(conn, case_id, who)
        answering.assess(
            conn, case_id, given, who=who, token=field(form, "token"), at=at, schemes=known_schemes(service, rules),
            alone_after=pages.alone_after,
        )  # fmt: skip
        drafts.keep(conn, pages.entry.box, case_id, who.id, draft, at=at)  # for whoever takes the answer back


def _keep(service: Service, pages: Pages, who: Principal, case_id: str, draft: Draft) -> bool:
    with service.store.write() as conn:
        visible(conn, case_id, who)
        return drafts.written(draft) and drafts.keep(conn, pages.entry.box, case_id, who.id, draft, at=service.clock())


def _claim_again(service: Service, who: Principal, case_id: str) -> None:
    """Whoever takes an answer back goes on with the case, where nobody else has it by then."""
    try:
        with service.store.write() as conn:
            claims.claim(conn, case_id, who, at=service.clock())
    except RefusedError:
        return


def _search(service: Service, pages: Pages, who: Principal, case_id: str, token: str, draft: Draft) -> None:
    with service.store.write() as conn:
        at = service.clock()
        claims.require(conn, case_id, who, token, at=at)
        if drafts.written(draft):
            drafts.keep(conn, pages.entry.box, case_id, who.id, draft, at=at)
    beside.propose(service.store, service.items, case_id, who=who, clock=service.clock)


def _near(service: Service, pages: Pages, who: Principal, case_id: str, form: FormData, draft: Draft) -> int:
    said, _, number = field(form, "near").partition(":")
    item, at = _number(number), service.clock()
    with service.store.write() as conn:
        claims.require(conn, case_id, who, field(form, "token"), at=at)
        (beside.confirm if said == "confirm" else beside.reject)(conn, case_id, item, who=who, at=at)
        if drafts.written(draft):
            drafts.keep(conn, pages.entry.box, case_id, who.id, draft, at=at)
    return item


def _number(text: object) -> int:
    found = int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20 else -1
    if not 0 < found < _MOST_ITEM:
        raise RefusedError("There is no such item.", hint="Open the case again.")
    return found


def _seconds(form: FormData, *, at: datetime) -> int | None:
    """How long the form was open; unknown where the clock or the form says something else."""
    text = field(form, "opened")
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        return None
    spent = at.timestamp() - int(text)
    return int(spent) if 0 <= spent <= timedelta(seconds=LONGEST_LOOK).total_seconds() else None


TABLE = (
    ("POST", "/cases/{case}/assess", answer),
    ("POST", "/cases/{case}/draft", keep_draft),
    ("POST", "/cases/{case}/draft/drop", drop_draft),
    ("POST", "/cases/{case}/undo", undo),
    ("POST", "/cases/{case}/alone", confirm_alone),
    ("POST", "/cases/{case}/near", answer_near),
    ("POST", "/cases/{case}/near/search", search_near),
)
