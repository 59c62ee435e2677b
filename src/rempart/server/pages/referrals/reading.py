"""Referrals to be read: those that wait, the list, one of them, and the form for another."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from rempart.cases.records import cases
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.approvals import open_about
from rempart.reports.orders import reading as orders
from rempart.reports.referrals import drafting, reading
from rempart.reports.referrals.routing import Standing
from rempart.reports.referrals.values import State
from rempart.server.pages.doors import Pages, field, for_people
from rempart.server.pages.referrals.contexts import NewReferralPage, ReferralPage, ReferralsPage
from rempart.server.pages.rendering import render
from rempart.server.referring import sender_of
from rempart.server.service import Service

_ALL = "all"
_DONE = frozenset(
    {
        "referral_drafted",
        "referral_asked",
        "referral_confirmed",
        "referral_withdrawn",
        "referral_handed",
        "referral_reviewed",
        "referral_counted",
    }
)
TYPED = ("ground", "order", "language", "note", "content", "why", "how", "reference", "reason")


@for_people(Permission.REPORTS_READ)
async def list_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What waits, and referrals, the youngest first."""
    service: Service = request.app.state.service
    asked = request.query_params
    page = await run_in_threadpool(_list, service, who, asked.get("state", _ALL), asked.get("before"))
    return render(request, page, who=who, message=message_of(request))


@for_people(Permission.REPORTS_PREPARE)
async def new_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Where a case goes, and the form."""
    service: Service = request.app.state.service
    page = await run_in_threadpool(new_of, service, who, request.query_params.get("case", "")[:40])
    return render(request, page, who=who)


@for_people(Permission.REPORTS_READ)
async def referral_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One referral."""
    service: Service = request.app.state.service
    page = await run_in_threadpool(page_of, service, who, request.path_params["referral"])
    return render(request, page, who=who, message=message_of(request))


def referrals_waiting(pages: Pages, who: Principal) -> int:
    """How many decisions to refer wait that a person may know of."""
    with pages.access.store.read() as conn:
        return len(reading.waiting(conn, who))


def message_of(request: Request) -> str:
    """The key of what was just done."""
    done = request.query_params.get("done", "")
    return f"done.{done}" if done in _DONE else ""


def new_of(service: Service, who: Principal, case_id: str, form: FormData | None = None) -> NewReferralPage:
    """The form for a case, filled in as it was sent."""
    sender = sender_of(service.settings)
    with service.store.read() as conn:
        route = reading.route(conn, case_id, who, sender=sender)
        bare = reading.without_address(conn, case_id, who)
        about = tuple((one.id, str(one.kind)) for one in orders.of_case(conn, case_id, who))
        waits = any(one.case_id == case_id for one in reading.waiting(conn, who))
    due = any(one.standing in (Standing.DUE, Standing.REGISTER) for one in route.steps)
    counted = waits and not due and any(one.standing is Standing.COUNTED for one in route.steps)
    to = () if form is None else tuple(str(one) for one in form.getlist("to"))
    return NewReferralPage(
        case_id=case_id, route=route, recipients=sender.recipients, counted=counted, orders=about, bare=bare,
        typed=typed(form), to=to
    )  # fmt: skip


def page_of(service: Service, who: Principal, referral: str, form: FormData | None = None) -> ReferralPage:
    """The page of a referral, its forms filled in as they were sent."""
    with service.store.read() as conn:
        shown = reading.one(conn, referral, who, keyring=service.vault.keyring)
        case = cases.find(conn, shown.row.case_id)
        alone = case is not None and drafting.may_be_alone(conn, shown.row, case, at=service.clock())
        asked = open_about(conn, kind=drafting.KIND, subject=f"referral:{referral}")
    return ReferralPage(
        shown=shown, approval=asked[0].id if asked else "", own=bool(asked) and asked[0].asked_by == who.id,
        may_prepare=who.may(Permission.REPORTS_PREPARE), may_approve=who.may(Permission.REPORTS_APPROVE),
        alone=alone, may_review=shown.unreviewed and who.pseudonym != shown.row.confirmed_by, typed=typed(form),
    )  # fmt: skip


def typed(form: FormData | None) -> dict[str, str]:
    """What was typed into a form that comes back."""
    return {} if form is None else {name: field(form, name)[:4_000] for name in TYPED}


def _list(service: Service, who: Principal, asked: str, before: str | None) -> ReferralsPage:
    known = {one.value: one for one in State}
    state = asked if asked in known else _ALL
    with service.store.read() as conn:
        waiting = reading.waiting(conn, who) if state == _ALL and before is None else ()
        states = [known[state]] if state in known else []
        found = reading.listed(conn, who, states=states, before=before)
    return ReferralsPage(waiting=waiting, rows=found.rows, next=found.next or "", state=state)
