"""What people do with a case besides answering it: claim, hand over, hold, escalate, reopen, write down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.quality import looks
from rempart.cases.work import accounts, claims, moves
from rempart.cases.work.accounts import AccountFact
from rempart.errors import RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.desk import drafts
from rempart.server.pages.desk.showing import case_page, hold_until
from rempart.server.pages.doors import Endpoint, Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.service import Service

DONE = frozenset(
    {"claimed", "extended", "noted", "resumed", "reopened", "prioritised", "fact_added", "undone", "barred"}
    | {"near_searched", "near_answered", "answered", "confirmed_alone", "danger", "opened"}
)
Step = Callable[[Connection, str, Principal, FormData, datetime], object]


@for_people(Permission.CASES_READ)
async def case(request: Request, pages: Pages, who: Principal) -> Response:
    """The page of a case."""
    done, case_id = request.query_params.get("done", ""), asked(request)
    if await run_in_threadpool(_has_second_look, pages, who, case_id):
        return RedirectResponse(f"/quality/{case_id}", 303)  # whoever looks again is not told what was decided
    page = await run_in_threadpool(case_page, request, pages, who, case_id)
    return render(request, page, who=who, message=f"case_done.{done}" if done in DONE else "")


def _has_second_look(pages: Pages, who: Principal, case_id: str) -> bool:
    with pages.access.store.read() as conn:
        return looks.holds(conn, case_id, who.id, at=pages.access.clock())


def asked(request: Request) -> str:
    """The case that a request is about."""
    found: str = request.path_params["case"]
    return found if found.isascii() and found.isprintable() and len(found) <= 40 else ""


def to_case(case_id: str, *, done: str = "", after: str = "", at: str = "") -> Response:
    """Back to the page of a case, which says what was done."""
    told = {name: value for name, value in (("done", done), ("after", after)) if value}
    return RedirectResponse(f"/cases/{case_id}{'?' + urlencode(told) if told else ''}{'#' + at if at else ''}", 303)


def _step(permission: Permission, step: Step, *, done: str, leave: bool = False) -> Endpoint:
    """A step on a case that a form asks for. `leave`: the case is somebody else's turn then, so back to the queue."""

    @for_people(permission, back=2)
    async def endpoint(request: Request, pages: Pages, who: Principal) -> Response:
        form, case_id = await form_of(request), asked(request)
        service: Service = request.app.state.service
        draft = drafts.typed_in(form)

        def run() -> None:
            with service.store.write() as conn:
                step(conn, case_id, who, form, service.clock())
                if drafts.written(draft):
                    drafts.keep(conn, pages.entry.box, case_id, who.id, draft, at=service.clock())

        try:
            await run_in_threadpool(run)
        except RempartError as err:
            typed = draft if drafts.written(draft) else None
            page = await run_in_threadpool(case_page, request, pages, who, case_id, typed=typed)
            return again(request, page, err, who=who)
        return RedirectResponse(f"/cases?done={done}", 303) if leave else to_case(case_id, done=done)

    endpoint.__name__ = endpoint.__qualname__ = f"case_{done}"
    return endpoint


def _claim(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    claims.claim(conn, case_id, who, at=at)


def _extend(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    claims.extend(conn, case_id, who, field(form, "token"), at=at)


def _release(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    claims.release(conn, case_id, who, at=at)


def _hand_over(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    claims.hand_over(conn, case_id, who, field(form, "to"), note=field(form, "note"), at=at)


def _hold(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    until = hold_until(field(form, "hours"), at=at)
    moves.hold(conn, case_id, who, until=until, reason=field(form, "reason"), at=at)


def _unhold(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    moves.unhold(conn, case_id, who, at=at)


def _escalate(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    moves.escalate(conn, case_id, who, reason=field(form, "reason"), at=at)


def _reopen(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    moves.reopen(conn, case_id, who, reason=field(form, "reason"), at=at)


def _priority(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    wanted = field(form, "priority")
    moves.set_priority(conn, case_id, who, int(wanted) if wanted in ("1", "2", "3") else 0, at=at)


def _note(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    moves.note(conn, case_id, who, field(form, "text"), at=at)


def _fact(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    accounts.add_fact(conn, case_id, who, fact_of(form), at=at)


def _bar(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    moves.bar(conn, case_id, who, field(form, "person"), at=at)


def fact_of(form: FormData) -> AccountFact:
    """What a form says of an account."""
    return AccountFact(
        kind=field(form, "kind"), text=field(form, "text"), url=field(form, "url"), uploader=field(form, "linked")
    )


_ASSESS, _READ, _LEAD = Permission.CASES_ASSESS, Permission.CASES_READ, Permission.CASES_LEAD
STEPS: tuple[tuple[str, str, Endpoint], ...] = (
    ("POST", "/cases/{case}/claim", _step(_ASSESS, _claim, done="claimed")),
    ("POST", "/cases/{case}/extend", _step(_ASSESS, _extend, done="extended")),
    ("POST", "/cases/{case}/release", _step(_ASSESS, _release, done="released", leave=True)),
    ("POST", "/cases/{case}/hand-over", _step(_ASSESS, _hand_over, done="handed_over", leave=True)),
    ("POST", "/cases/{case}/hold", _step(_ASSESS, _hold, done="held", leave=True)),
    ("POST", "/cases/{case}/unhold", _step(_ASSESS, _unhold, done="resumed")),
    ("POST", "/cases/{case}/escalate", _step(_ASSESS, _escalate, done="escalated", leave=True)),
    ("POST", "/cases/{case}/reopen", _step(_LEAD, _reopen, done="reopened")),
    ("POST", "/cases/{case}/priority", _step(_ASSESS, _priority, done="prioritised")),
    ("POST", "/cases/{case}/notes", _step(_READ, _note, done="noted")),
    ("POST", "/cases/{case}/facts", _step(_ASSESS, _fact, done="fact_added")),
    ("POST", "/cases/{case}/bar", _step(_LEAD, _bar, done="barred")),
)
