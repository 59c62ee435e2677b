"""Filling a report in, step by step: each is a part of its document, saved by itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from urllib.parse import quote, urlencode

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import ConflictError, RefusedError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.drafting import editing
from rempart.reports.cybertip.drafting.composing import House
from rempart.reports.cybertip.drafting.facts import Frozen
from rempart.reports.cybertip.drafting.holding import draft_of
from rempart.reports.cybertip.drafting.reading import report_of
from rempart.reports.cybertip.drafting.suggesting import suggestions
from rempart.reports.cybertip.values import EDITABLE
from rempart.server.drafting import house_of
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.origins.showing import said_of
from rempart.server.pages.rendering import language, render
from rempart.server.pages.reports import sections
from rempart.server.pages.reports.acting import asked, version_in
from rempart.server.pages.reports.contexts import Offer, StepPage
from rempart.server.pages.reports.forms import Node, Showing, anchor
from rempart.server.pages.reports.reading import Papers, files_of, papers_of, report_page, wrong_of
from rempart.server.pages.reports.typed import Reader
from rempart.server.pages.reports.wording import choice_of, label_of
from rempart.server.pages.texts import texts
from rempart.server.service import Service

_MOST_FIELDS = 4_000
_NONE: Mapping[str, str] = MappingProxyType({})
Typed = Mapping[str, Sequence[str]]


@for_people(Permission.REPORTS_PREPARE, back=2)
async def step_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The form of one step; `add` and `kind` ask for one more of something."""
    params = request.query_params
    showing = Showing(add=params.get("add", "")[:200], add_kind=params.get("kind", "")[:20])
    page = await run_in_threadpool(_page, request, who, showing)
    done = "report_done.saved" if params.get("done") == "saved" else ""
    return render(request, page, who=who, message=done)


@for_people(Permission.REPORTS_PREPARE, back=4)
async def save(request: Request, pages: Pages, who: Principal) -> Response:
    """Keep what was typed; what cannot be read is named, and the form comes back as it was sent."""
    service: Service = request.app.state.service
    form = await form_of(request, most=_MOST_FIELDS)
    typed, step, report = _typed(form), request.path_params["step"], asked(request)
    reader = Reader(typed=typed)

    def run() -> None:
        with service.store.write() as conn:
            row = report_of(conn, report, who, permission=Permission.REPORTS_PREPARE)
            if row.state not in EDITABLE:
                raise ConflictError("This report is not a draft any more.", hint="Look at it again.")
            tip = sections.filled(draft_of(row, keyring=service.vault.keyring).tip, step, reader)
            if reader.mistakes:
                raise RefusedError("Some of this could not be read.", hint="Each place is marked; nothing was saved.")
            _edit(service, conn, report, tip, form, who)

    try:
        await run_in_threadpool(run)
    except RempartError as err:
        page = await run_in_threadpool(_page, request, who, Showing(), typed, reader.mistakes)
        return again(request, page, err, who=who)
    return RedirectResponse(_after(report, step, form), 303)


@for_people(Permission.REPORTS_PREPARE, back=2)
async def leave_out(request: Request, pages: Pages, who: Principal) -> Response:
    """Leave one file out of the report."""
    number = request.path_params["number"]

    def change(tip: CyberTip) -> CyberTip:
        place = sections.file_of(tip, f"{sections.FILE}-{number}")
        return replace(tip, files=(*tip.files[: place - 1], *tip.files[place:]))

    return await _changed(request, who, change, done="left_out")


@for_people(Permission.REPORTS_PREPARE, back=2)
async def hashes_alone(request: Request, pages: Pages, who: Principal) -> Response:
    """Send no file, their digests alone; or the files after all."""
    return await _changed(request, who, lambda tip: tip, done="hashes")


async def _changed(request: Request, who: Principal, change: Callable[[CyberTip], CyberTip], *, done: str) -> Response:
    service: Service = request.app.state.service
    form, report = await form_of(request), asked(request)
    alone = {"yes": True, "no": False}.get(field(form, "hashes_alone"))

    def run() -> None:
        with service.store.write() as conn:
            row = report_of(conn, report, who, permission=Permission.REPORTS_PREPARE)
            if row.state not in EDITABLE:
                raise ConflictError("This report is not a draft any more.", hint="Look at it again.")
            tip = change(draft_of(row, keyring=service.vault.keyring).tip)
            _edit(service, conn, report, tip, form, who, hash_only=alone)

    try:
        await run_in_threadpool(run)
    except RempartError as err:
        return again(request, await run_in_threadpool(report_page, service, who, report), err, who=who)
    return RedirectResponse(f"/reports/{report}?done={done}", 303)


def _edit(
    service: Service,
    conn: Connection,
    report: str,
    tip: CyberTip,
    form: FormData,
    who: Principal,
    *,
    hash_only: bool | None = None,
) -> None:
    editing.edit(
        conn, report, tip, version=version_in(form), who=who, at=service.clock(), keyring=service.vault.keyring,
        house=house_of(service.settings), hash_only=hash_only,
    )  # fmt: skip


def _page(
    request: Request, who: Principal, showing: Showing, typed: Typed | None = None, mistakes: Mapping[str, str] = _NONE
) -> StepPage:
    service: Service = request.app.state.service
    at, name = service.clock(), request.path_params["step"]
    words = texts(who.language or language(request))
    with service.store.read() as conn:
        row = report_of(conn, asked(request), who, permission=Permission.REPORTS_PREPARE)
        papers = papers_of(conn, service, row, at=at)
        if papers.draft is None or papers.tip is None:
            raise ConflictError("This report is not a draft any more.", hint="Look at it again.")
        number = sections.file_of(papers.tip, name)
        wrong = wrong_of(service, row, papers, at=at)
        files = files_of(conn, row, papers) if number else ()
        evidence = _evidence(conn, papers, number) if number else ()
    house = house_of(service.settings)
    left_out, unknown = sections.unknown_in(house.edition)
    barred = {sections.SAID_TWICE, *unknown} | (set() if house.may_classify else {sections.MAY_CLASSIFY})
    showing = replace(showing, barred=barred, left_out=left_out)
    tip = papers.tip if typed is None else sections.filled(papers.tip, name, Reader(typed=typed, every=True))
    told = {path: [words.say(key)] for path, key in mistakes.items()}
    for one in wrong if typed is None else ():
        if sections.step_of(one.field) == name:
            told.setdefault(one.field, []).append(" ".join(words.told(one.error)))
    nodes, beside = _nodes(tip, name, replace(showing, typed=typed), told)
    steps = sections.steps(papers.tip, wrong)
    place = next(n for n, one in enumerate(steps) if one.name == name)
    return StepPage(
        row=row, step=steps[place], steps=steps, nodes=nodes, beside=beside, file=files[number - 1] if number else None,
        evidence=evidence,
        offers=_offers(papers.frozen, name, house=house),
        next=steps[place + 1].name if place + 1 < len(steps) else "",
    )  # fmt: skip


def _nodes(
    tip: CyberTip, step: str, showing: Showing, told: Mapping[str, Sequence[str]]
) -> tuple[tuple[Node, ...], tuple[str, ...]]:
    """The form with what is wrong at its places, and what is wrong at none of them."""
    placed = sections.wrong_in(sections.nodes(tip, step, showing), told)
    beside = tuple(placed.pop("", ()))
    return sections.nodes(tip, step, replace(showing, wrong=placed)), beside


def _evidence(conn: Connection, papers: Papers, number: int) -> tuple[tuple[str, str], ...]:
    """What people said of how the picture was made, and then what its file says, as keys of words with notes; it sets
    nothing by itself."""
    frozen = papers.frozen
    if frozen is None:
        return ()
    kind = ((f"image_kind.{frozen.image_kind}", ""),) if frozen.image_kind else ()
    held = papers.draft.held.get(papers.tip.files[number - 1].ref) if papers.draft and papers.tip else None
    item = next((one for one in frozen.items if held is not None and one.number == held.item), None)
    told = () if item is None else said_of(conn, item.number, item.origin, item.object)
    return (*kind, *((f"origin.{basis}", note) for basis, note in frozen.origin), *told)


def _offers(frozen: Frozen | None, step: str, *, house: House) -> tuple[Offer, ...]:
    """What people's answers suggest for a step."""
    number = step.partition("-")[2] if step.startswith(sections.FILE) else ""
    found = []
    for one in suggestions(frozen, house=house) if frozen else ():
        path = one.field.replace("files[]", f"files[{number}]") if number else one.field
        if sections.step_of(path) == step:
            word = choice_of(path, one.value)
            found.append(
                Offer(anchor=anchor(path), label=label_of(path), word=word, because=one.because, words=one.words)
            )
    return tuple(found)


def _typed(form: FormData) -> Typed:
    found: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, str):
            found.setdefault(name, []).append(value)
    return found


def _after(report: str, step: str, form: FormData) -> str:
    """Where to go when something was saved: on, or back with one more of something."""
    here = f"/reports/{report}/steps/"
    rows = field(form, "add")[:200]
    if rows:
        more = {"add": rows} | ({"kind": kind} if (kind := field(form, f"{rows}.add_kind")[:20]) else {})
        return f"{here}{quote(step)}?{urlencode(more)}#{anchor(rows)}"
    then = field(form, "then")
    if then == "report":
        return f"/reports/{report}?done=saved"
    known = re.fullmatch(r"[a-z]{1,20}(-[0-9]{1,3})?", then)
    return f"{here}{then if known else quote(step)}?done=saved"
