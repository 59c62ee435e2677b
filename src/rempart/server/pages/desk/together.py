"""Several cases at once, from the queue: more or less urgent, elsewhere, to somebody, given back. Never a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from rempart.cases.records.cases import Case
from rempart.cases.work import claims, moves
from rempart.cases.work.queue import visible
from rempart.errors import ConflictError, RefusedError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.pages.desk.queue import asked_in, queue_of
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.together import Became, chosen, each
from rempart.server.service import Service

MOST = 50
_NO_CASE = "case_none"
Act = Callable[[Connection, str, Principal, FormData, datetime], object]


@for_people(Permission.CASES_ASSESS)
async def together(request: Request, pages: Pages, who: Principal) -> Response:
    """Do one thing with the chosen cases, and say of each what became of it."""
    service: Service = request.app.state.service
    form = await form_of(request, most=MOST + 20)
    try:
        became = await run_in_threadpool(_done, service, who, form)
    except RefusedError as err:
        return again(request, await run_in_threadpool(queue_of, service, who, asked_in(form)), err, who=who)
    page = await run_in_threadpool(queue_of, service, who, asked_in(form), became=became)
    return render(request, page, who=who)


def _done(service: Service, who: Principal, form: FormData) -> tuple[Became, ...]:
    act = _ACTS.get(field(form, "do"))
    if act is None:
        raise RefusedError("It is not said what to do.", hint="Choose one of the buttons.")
    cases = chosen(form, "case", most=MOST)
    return each(cases, partial(_one, service, act, who, form))


def _one(service: Service, act: Act, who: Principal, form: FormData, case_id: str) -> None:
    sane = case_id if case_id.isascii() and case_id.isprintable() and len(case_id) <= 40 else _NO_CASE
    with service.store.write() as conn:
        act(conn, sane, who, form, service.clock())


def _priority(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    wanted = field(form, "priority")
    moves.set_priority(conn, case_id, who, int(wanted) if wanted in ("1", "2", "3") else 0, at=at)


def _move(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    moves.to_queue(conn, case_id, who, field(form, "to_queue")[:40], at=at)


def _hand_over(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    claims.hand_over(conn, case_id, who, field(form, "to")[:40], note="", at=at)


def _release(conn: Connection, case_id: str, who: Principal, form: FormData, at: datetime) -> None:
    case: Case = visible(conn, case_id, who, lock=True)
    if case.claimed_by != who.id or case.state != "open":
        raise ConflictError(
            "You have not claimed this case, or not any more.", hint="Only cases of your own can be given back."
        )
    claims.release(conn, case_id, who, at=at)


_ACTS: Mapping[str, Act] = {"priority": _priority, "move": _move, "hand_over": _hand_over, "release": _release}
