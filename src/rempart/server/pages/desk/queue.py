"""The queue: what waits, and taking the next one."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.records import showing
from rempart.cases.work import claims, queue
from rempart.cases.work import settings as work_settings
from rempart.errors import ConflictError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.server.pages.contexts import DeskRow
from rempart.server.pages.desk.colleagues import colleagues
from rempart.server.pages.desk.contexts import QueuePage
from rempart.server.pages.desk.undoing import undoable
from rempart.server.pages.doors import Pages, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.together import Became
from rempart.server.service import Service

_DONE = frozenset({"answered", "undone", "released", "handed_over", "held", "escalated", "no_next"})
_LOOKS = ("none", "look")
_MOST_TRIES = 20


@for_people(Permission.CASES_READ)
async def queue_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What waits for this person, the most urgent first."""
    service: Service = request.app.state.service
    asked = dict(request.query_params)
    done = asked.get("done", "")
    page = await run_in_threadpool(queue_of, service, who, asked)
    return render(request, page, who=who, message=f"done.{done}" if done in _DONE else "")


@for_people(Permission.CASES_ASSESS)
async def take_next(request: Request, pages: Pages, who: Principal) -> Response:
    """Claim the case that comes next, and open it."""
    service: Service = request.app.state.service
    form = await form_of(request)
    return await run_in_threadpool(to_next, service, who, queue_name=field(form, "queue"))


def to_next(service: Service, who: Principal, *, queue_name: str = "", after: str = "") -> Response:
    """The way to the next case, claimed; to the queue where nothing waits. `after` is the case just answered."""
    told = {"after": after} if after else {}
    for _ in range(_MOST_TRIES):
        at = service.clock()
        with service.store.write() as conn:
            found = queue.next_for(conn, who, queue_name or None, at=at)
            if found is None:
                break
            try:
                claims.claim(conn, found, who, at=at)
            except ConflictError:  # somebody was quicker
                continue
        return RedirectResponse(f"/cases/{found}{'?' + urlencode(told) if told else ''}", 303)
    told |= {"done": "answered" if after else "no_next"} | ({"queue": queue_name} if queue_name else {})
    return RedirectResponse(f"/cases?{urlencode(told)}", 303)


def waiting(pages: Pages, who: Principal) -> DeskRow:
    """What waits at the desk, for the home page."""
    at = pages.access.clock()
    with pages.access.store.read() as conn:
        found = queue.page(conn, who, at=at, most=1)
        mine = showing.claimed(conn, who.id, at=at)
    return DeskRow(open=found.total, no_look=sum(one.no_look for one in found.counts), mine=mine, oldest=found.oldest)


def asked_in(form: FormData) -> Mapping[str, str]:
    """What page of the queue a form stood on."""
    return {name: field(form, name) for name in ("queue", "look", "held", "from") if field(form, name)}


def queue_of(
    service: Service, who: Principal, asked: Mapping[str, str], *, became: tuple[Became, ...] = ()
) -> QueuePage:
    """A page of the queue, with what became of cases that were dealt with together. Blocks."""
    at = service.clock()
    look, name = asked.get("look", ""), asked.get("queue", "")[:40]
    held = asked.get("held") == "1"
    with service.store.read() as conn:
        found = queue.page(
            conn, who, at=at, queue=name or None, look=look if look in _LOOKS else None, held=held,
            after=asked.get("from"),
        )  # fmt: skip
        mine = showing.claimed(conn, who.id, at=at)
        undo = undoable(conn, service, who, asked.get("after", ""))
        lead, assess = who.may(Permission.CASES_LEAD), who.may(Permission.CASES_ASSESS)
        others = colleagues(persons.everyone(conn), who) if assess and found.rows else ()
        queues = queue.queues(conn, who) if lead else {}
        _, rules = work_settings.current(conn)
    return QueuePage(
        rows=found.rows, counts=found.counts, oldest=found.oldest, next=found.next or "", queue=name,
        look=look if look in _LOOKS else "", held=held, start=asked.get("from", ""), may_assess=assess, may_lead=lead,
        may_open=who.may(Permission.CASES_OPEN), mine=mine, undo=undo, colleagues=others,
        queues=tuple(queues.items()), became=became, restored=rules.restored,
    )  # fmt: skip
