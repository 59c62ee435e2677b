"""What a lead does about an order: receipt, more time, contest, what was handed over, destruction, release, its end."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.approvals import Approval
from rempart.reports.orders import answering, destroying
from rempart.reports.orders.values import Outcome, What
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.orders.moments import moment_of
from rempart.server.pages.orders.register import page_of
from rempart.server.pages.running.asking import place, service_of, typed
from rempart.server.service import Service

_FIELDS = ("why", "until", "until_zone", "recipient", "note", "answer", "outcome")
Step = Callable[[Connection, str], object]


@for_people(Permission.ORDERS_KEEP, back=2)
async def receipt(request: Request, pages: Pages, who: Principal) -> Response:
    """The authority was told of the receipt."""
    at = service_of(request).clock()
    return await _done(request, who, "receipt", lambda conn, order: answering.acknowledge(conn, order, who, at=at))


@for_people(Permission.ORDERS_KEEP, back=2)
async def more_time(request: Request, pages: Pages, who: Principal) -> Response:
    """The authority gave more time."""
    service, form = service_of(request), await form_of(request)

    def step(conn: Connection, order: str) -> None:
        until = moment_of(form, "until")
        if until is None:
            raise RefusedError("The new end is missing.", hint="Give date, time and offset.")
        answering.extend(
            conn, order, who, until=until, why=field(form, "why"), keyring=service.vault.keyring, at=service.clock()
        )

    return await _done(request, who, "more_time", step, form)


@for_people(Permission.ORDERS_KEEP, back=2)
async def contest(request: Request, pages: Pages, who: Principal) -> Response:
    """The order is contested."""
    service, form = service_of(request), await form_of(request)

    def step(conn: Connection, order: str) -> None:
        answering.contest(
            conn, order, who, why=field(form, "why"), keyring=service.vault.keyring, at=service.clock()
        )  # fmt: skip

    return await _done(request, who, "contest", step, form)


@for_people(Permission.ORDERS_KEEP, back=2)
async def contest_ended(request: Request, pages: Pages, who: Principal) -> Response:
    """How a contest ended."""
    service, form = service_of(request), await form_of(request)

    def step(conn: Connection, order: str) -> None:
        upheld = field(form, "upheld")
        if upheld not in ("yes", "no"):
            raise RefusedError("Say yes or no.", hint="Use one of the two buttons.")
        answering.contested(conn, order, who, upheld=upheld == "yes", at=service.clock())

    return await _done(request, who, "contest_ended", step, form)


@for_people(Permission.ORDERS_KEEP, back=2)
async def handed_over(request: Request, pages: Pages, who: Principal) -> Response:
    """Something was handed over by other ways than a package."""
    service, form = service_of(request), await form_of(request)

    def step(conn: Connection, order: str) -> None:
        words = [str(one) for one in form.getlist("what")]
        answering.disclose(
            conn, order, who, what=[What(one) for one in words if one in set(What)], recipient=field(form, "recipient"),
            note=field(form, "note"), keyring=service.vault.keyring, at=service.clock(),
        )  # fmt: skip

    return await _done(request, who, "handed", step, form)


@for_people(Permission.EVIDENCE_DESTROY, back=2, proved=True)
async def destroy(request: Request, pages: Pages, who: Principal) -> Response:
    """Ask for a second person to destroy what no hold stands on."""
    service, form = service_of(request), await form_of(request)

    def step(conn: Connection, order: str) -> None:
        if field(form, "sure") != "yes":
            raise RefusedError("Nothing was asked.", hint="Tick that you have read the request.")
        destroying.ask(conn, order, who, vault=service.vault, at=service.clock())

    return await _done(request, who, "destroy", step, form)


@for_people(Permission.EVIDENCE_HOLD, back=2, proved=True)
async def release(request: Request, pages: Pages, who: Principal) -> Response:
    """End the holds that the order placed."""
    service, form = service_of(request), await form_of(request)

    def step(conn: Connection, order: str) -> None:
        answering.release(conn, order, who, why=field(form, "why"), vault=service.vault, at=service.clock())

    return await _done(request, who, "release", step, form)


@for_people(Permission.ORDERS_KEEP, back=2)
async def close(request: Request, pages: Pages, who: Principal) -> Response:
    """The end of an order, with what its authority was answered."""
    service, form = service_of(request), await form_of(request)

    def step(conn: Connection, order: str) -> None:
        outcome = field(form, "outcome")
        if outcome not in set(Outcome):
            raise RefusedError("A choice is missing.", hint="Say how the order ended.")
        answering.close(
            conn, order, who, outcome=Outcome(outcome), answer=field(form, "answer"), vault=service.vault,
            at=service.clock(),
        )  # fmt: skip

    return await _done(request, who, "close", step, form)


def decide(
    service: Service, pages: Callable[[], Pages], approval: Approval, who: Principal, approve: bool, reason: str
) -> None:
    """Second a destruction, or not. Blocks."""
    with service.store.write() as conn:
        destroying.decide(
            conn, approval, who, approve=approve, reason=reason, vault=service.vault, at=service.clock(),
            alone_after=pages().alone_after,
        )  # fmt: skip


async def _done(
    request: Request, who: Principal, done: str, step: Step, form: FormData | None = None
) -> Response:  # fmt: skip
    service, order = service_of(request), place(request, "order")

    def write() -> None:
        with service.store.write() as conn:
            step(conn, order)

    try:
        await run_in_threadpool(write)
    except RempartError as err:
        given = None if form is None else typed(form, *_FIELDS)
        page = await run_in_threadpool(lambda: page_of(service, who, order, given))
        return again(request, page, err, who=who)
    return RedirectResponse(f"/orders/{order}?done=order_{done}", 303)
