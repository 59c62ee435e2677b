"""Looking at notices: what waits, one of them whole, and its letters before and after they are written."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.errors import NotFoundError
from rempart.intake.notices import findings, letters, progress, reading
from rempart.intake.notices.letters import LetterKind
from rempart.intake.notices.records import locations
from rempart.intake.notices.values import NoticeState
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.noticing import writer_of
from rempart.server.pages.doors import Pages, for_people
from rempart.server.pages.notices.contexts import LetterPage, NoticePage, NoticesPage
from rempart.server.pages.rendering import render
from rempart.server.service import Service

_ALL = "all"
_DONE = frozenset({"notice_withdrawn", "notice_warned", "notice_unfounded", "notice_switched"})


@for_people(Permission.NOTICES_READ)
async def notices_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Notices that wait, the one due first on top; or those that are over."""
    service: Service = request.app.state.service
    asked = request.query_params
    state = asked.get("state", NoticeState.OPEN.value)
    page = await run_in_threadpool(_queue, service, who, state, asked.get("from"))
    return render(request, page, who=who)


@for_people(Permission.NOTICES_READ)
async def notice_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One notice."""
    service: Service = request.app.state.service
    done = request.query_params.get("done", "")
    page = await run_in_threadpool(page_of, service, who, request.path_params["notice"])
    return render(request, page, who=who, message=f"done.{done}" if done in _DONE else "")


@for_people(Permission.NOTICES_READ)
async def letter_page(request: Request, pages: Pages, who: Principal) -> Response:
    """A letter that was written, or one of a kind (`preview`) as it would be written now."""
    service: Service = request.app.state.service
    params = request.path_params
    page = await run_in_threadpool(_letter, service, who, params["notice"], params["letter"])
    return render(request, page, who=who)


def page_of(service: Service, who: Principal, notice_id: str, **more: object) -> NoticePage:
    """The page of one notice. Raises NotFoundError also where one of its cases is kept from `who`."""
    at = service.clock()
    with service.store.read() as conn:
        file = reading.notice(conn, notice_id, who, keyring=service.vault.keyring, at=at)
        found = findings.of(conn, notice_id)
    return NoticePage(
        file=file, laws=file.laws, checks=file.checks, findings=found, now=at,
        may_decide=who.may(Permission.NOTICES_DECIDE), may_lead=who.may(Permission.NOTICES_LEAD),
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def _queue(service: Service, who: Principal, asked: str, after: str | None) -> NoticesPage:
    at = service.clock()
    known = {one.value: one for one in NoticeState}
    state = asked if asked in known or asked == _ALL else NoticeState.OPEN.value
    with service.store.read() as conn:
        found = reading.open_notices(conn, who, at=at, state=known.get(state), after=after)
    return NoticesPage(lines=found.lines, next=found.next or "", state=state, now=at)


def _letter(service: Service, who: Principal, notice_id: str, name: str) -> LetterPage:
    at, keyring = service.clock(), service.vault.keyring
    with service.store.read() as conn:
        row = reading.visible(conn, notice_id, who)
        written = {one.id: one for one in letters.letters_of(conn, row.id, keyring=keyring)}
        places = locations.of(conn, [row.id])
    kinds = {one.value: one for one in LetterKind}
    writer = writer_of(service.settings, keyring)
    if name in written:
        letter = written[name]
    elif name in kinds:
        letter = progress.preview(kinds[name], row, places, writer=writer, at=at)
    else:
        raise NotFoundError(
            "There is no such letter.", hint="It may have been erased; the page of the notice lists those there are."
        )
    return LetterPage(notice=row.id, number=row.number, letter=letter, written=name in written, kinds=tuple(LetterKind))
