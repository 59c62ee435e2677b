"""The register of orders, one order, and the log of disclosures, to be read; and the form of a new order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import NotFoundError, RefusedError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.orders import disclosures, reading, seeing, taking
from rempart.reports.orders.values import Named, OrderForm, OrderKind, RecipientClass, Taken, Topic, named
from rempart.server.orders import links
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.orders.contexts import DisclosuresPage, NewOrderPage, OrderPage, OrdersPage
from rempart.server.pages.orders.moments import ZONES, moment_of
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import Typed, asked, chosen, place, service_of, typed
from rempart.server.service import Service

_STATES = ("live", "closed", "all")
_FIELDS = (
    "kind", "authority", "reference", "contact", "authority_class", "country", "topic", "received", "received_zone",
    "stated", "stated_zone", "about", "text",
)  # fmt: skip
_DONE = frozenset(
    {
        "order_taken",
        "order_twin",
        "order_receipt",
        "order_more_time",
        "order_contest",
        "order_contest_ended",
        "order_handed",
        "order_destroy",
        "order_release",
        "order_close",
    }
)
_MOST_ABOUT = 64 << 10


@for_people(Permission.ORDERS_READ)
async def orders_page(request: Request, pages: Pages, who: Principal) -> Response:
    """What is to be done, the first due first; or what is closed."""
    service, state = service_of(request), chosen(request, "state", _STATES) or _STATES[0]
    after = asked(request, "from", most=120) or None
    message = "done.order_taken" if request.query_params.get("done") == "order_taken" else ""
    return render(request, await run_in_threadpool(_register, service, who, state, after), who=who, message=message)


@for_people(Permission.ORDERS_READ)
async def order_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One order."""
    done = request.query_params.get("done", "")
    page = await run_in_threadpool(page_of, service_of(request), who, place(request, "order"))
    return render(request, page, who=who, message=f"done.{done}" if done in _DONE else "")


@for_people(Permission.ORDERS_READ)
async def disclosures_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Who was given what, the newest first."""
    before = asked(request, "from", most=120)
    return render(request, await run_in_threadpool(_disclosures, service_of(request), who, before), who=who)


@for_people(Permission.ORDERS_KEEP)
async def new_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The form of a new order."""
    return render(request, _new(service_of(request), Typed()), who=who)


@for_people(Permission.ORDERS_KEEP, back=2)
async def take(request: Request, pages: Pages, who: Principal) -> Response:
    """Enter it, and begin with what it asks for."""
    form, service = await form_of(request), service_of(request)
    try:
        taken = await run_in_threadpool(_take, service, who, form)
    except RempartError as err:
        laws = [str(one) for one in form.getlist("law")]
        return again(request, _new(service, typed(form, *_FIELDS, most=_MOST_ABOUT), laws), err, who=who)
    done = "order_twin" if taken.twins else "order_taken"
    seen = await run_in_threadpool(_is_seen, service, who, taken.order)
    return RedirectResponse(f"/orders/{taken.order}?done={done}" if seen else "/orders?done=order_taken", 303)


def page_of(service: Service, who: Principal, order: str, typed_: Mapping[str, str] | None = None) -> OrderPage:
    """The page of one order. Raises NotFoundError also where one of its cases is kept from `who`."""
    at = service.clock()
    with service.store.read() as conn:
        file = reading.whole(conn, order, who, vault=service.vault, at=at)
    return OrderPage(
        file=file, now=at, may_keep=who.may(Permission.ORDERS_KEEP), may_cases=who.may(Permission.CASES_READ),
        may_destroy=who.may(Permission.EVIDENCE_DESTROY), zones=ZONES, typed=Typed() if typed_ is None else typed_,
    )  # fmt: skip


def _register(service: Service, who: Principal, state: str, after: str | None) -> OrdersPage:
    with service.store.read() as conn:
        found = reading.register(
            conn, who, keyring=service.vault.keyring, at=service.clock(), state=state, after=after
        )  # fmt: skip
    return OrdersPage(lines=found.lines, next=found.next or "", state=state, may_keep=who.may(Permission.ORDERS_KEEP))


def _disclosures(service: Service, who: Principal, before: str) -> DisclosuresPage:
    with service.store.read() as conn:
        found, last = disclosures.page(conn, who, keyring=service.vault.keyring, before=before or None)
    return DisclosuresPage(rows=found, next=last or "")


def _new(service: Service, given: Mapping[str, str], laws: Sequence[str] = ()) -> NewOrderPage:
    return NewOrderPage(typed=given, chosen=tuple(laws), zones=ZONES, service=service.settings.notices.service)


def _take(service: Service, who: Principal, form: FormData) -> Taken:
    told = _form(form, service.settings.notices.service)
    with service.store.write() as conn:
        return taking.take(
            conn, told, who, service=service.settings.notices.service, vault=service.vault, links=links(),
            at=service.clock(),
        )  # fmt: skip


def _form(form: FormData, service: str) -> OrderForm:
    kind, topic, class_ = field(form, "kind"), field(form, "topic"), field(form, "authority_class")
    if kind not in set(OrderKind) or topic not in set(Topic) or class_ not in set(RecipientClass):
        raise RefusedError("A choice is missing.", hint="Say what is asked for, what it is about, and who asks.")
    return OrderForm(
        kind=OrderKind(kind), authority=field(form, "authority"), reference=field(form, "reference"),
        received=_received(form), country=field(form, "country").strip().upper(),
        authority_class=RecipientClass(class_), topic=Topic(topic), about=_about(field(form, "about"), service),
        regimes=tuple(str(one) for one in form.getlist("law")), stated=moment_of(form, "stated"),
        contact=field(form, "contact"), text=field(form, "text"),
    )  # fmt: skip


def _received(form: FormData) -> datetime:
    found = moment_of(form, "received")
    if found is None:
        raise RefusedError("When it came is missing.", hint="The time runs from then.")
    return found


def _about(text: str, service: str) -> tuple[Named, ...]:
    return tuple(named(line, service=service) for line in text.splitlines() if line.strip())


def _is_seen(service: Service, who: Principal, order: str) -> bool:
    """Whether who entered an order may see it: it may have led to a case that is kept from them."""
    with service.store.read() as conn:
        try:
            seeing.seen(conn, order, who)
        except NotFoundError:
            return False
    return True
