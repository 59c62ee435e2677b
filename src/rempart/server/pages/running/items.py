"""Items: looked for by what services and people know of them, shown one at a time, deleted together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases.assessing.viewing import as_before, blind_since, moved_unseen
from rempart.cases.records import cases as case_records
from rempart.cases.records import decisions, webhooks
from rempart.cases.work import queue
from rempart.errors import NotFoundError, RefusedError, RempartError
from rempart.evidence.vault.records import find_object
from rempart.intake.upload_erasure import erase_item
from rempart.items.records import checks, items, search, signals
from rempart.items.records.items import Item
from rempart.items.records.search import Place, Sought
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.policy.facts import Verdict
from rempart.server.pages.doors import Pages, field, for_people, form_of, refusal
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import PAGE, Typed, asked, chosen, day, service_of, whole
from rempart.server.pages.running.contexts_items import CaseLine, ConfirmPage, ItemLine, ItemPage, ItemsPage, Told
from rempart.server.service import Service
from rempart.signals.outcome import Outcome
from rempart.store.schema import from_micros, to_micros

_WORDS = {"service": 200, "item_id": 512, "uploader": 512, "case": 60}
_VERDICTS = tuple(one.value for one in Verdict)
_OUTCOMES = tuple(one.value for one in Outcome)
_SHOWN, _MOST_MOVED = 20, 5_000
_DONE = frozenset({"items_deleted", "items_partly"})


@for_people(Permission.ITEMS_READ)
async def items_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Items that were checked, the last checked first, or those that are looked for."""
    done = request.query_params.get("done", "")
    message = f"done.{done}" if done in _DONE else ""
    words = {name: asked(request, name, most=most) for name, most in _WORDS.items()}
    choices = {"verdict": chosen(request, "verdict", _VERDICTS), "outcome": chosen(request, "outcome", _OUTCOMES)}
    days = {name: asked(request, name, most=10) for name in ("since", "until")}
    limits = day(request, "since"), day(request, "until", ends=True)
    before = _place(asked(request, "before", most=60))
    page = await run_in_threadpool(
        _items, service_of(request), who, Typed(words | choices | days), limits=limits, before=before
    )
    return render(request, page, who=who, message=message)


@for_people(Permission.ITEMS_READ)
async def item_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One item."""
    return render(
        request, await run_in_threadpool(_item, service_of(request), who, _number(request.path_params["item"])), who=who
    )


@for_people(Permission.ITEMS_DELETE, proved=True)
async def delete(request: Request, pages: Pages, who: Principal) -> Response:
    """Forget the chosen items, after a look at what they are."""
    form, service = await form_of(request), service_of(request)
    numbers = list(dict.fromkeys(_number(one) for one in form.getlist("item") if isinstance(one, str)))
    if not 0 < len(numbers) <= PAGE:
        return refusal(request, RefusedError("No item was chosen.", hint="Tick the items to delete."), who=who)
    if field(form, "sure") != "yes":
        return render(request, await run_in_threadpool(_confirm, service, who, numbers), who=who)
    gone = await run_in_threadpool(_delete, service, who, numbers)
    return RedirectResponse(f"/items?done={'items_deleted' if gone == len(numbers) else 'items_partly'}", 303)


def _items(
    service: Service,
    who: Principal,
    sought: Typed,
    *,
    limits: tuple[datetime | None, datetime | None],
    before: Place | None,
) -> ItemsPage:
    with service.store.read() as conn:
        found, following, stretched = _found(conn, sought, who, limits=limits, before=before)
        hidden = queue.hidden_items(conn, [one.id for one in found], who)
        lines = _lines(conn, [one for one in found if one.id not in hidden], who)
    told = {name: value for name, value in sought.items() if value}
    again = "" if following is None else urlencode(told | {"before": _told(following)})
    return ItemsPage(
        rows=lines, sought=sought, anything=bool(told), next=f"/items?{again}" if again else "", stretched=stretched,
        verdicts=_VERDICTS, outcomes=_OUTCOMES, may_delete=who.may(Permission.ITEMS_DELETE),
        may_search=who.may(Permission.ITEMS_SEARCH),
    )  # fmt: skip


def _found(
    conn: Connection,
    sought: Typed,
    who: Principal,
    *,
    limits: tuple[datetime | None, datetime | None],
    before: Place | None,
) -> tuple[Sequence[Item], Place | None, bool]:
    if sought["item_id"]:
        if not sought["service"]:
            raise RefusedError("An item's id is its service's own.", hint="Name the service as well.")
        one = items.find(conn, sought["service"], sought["item_id"])
        return ((one,) if one else ()), None, False
    if sought["case"]:
        hosted = (items.hosted(conn, one) for one in case_records.items_of(conn, sought["case"])[: 10 * PAGE])
        return [one for one in hosted if one is not None and one.gone is None], None, False
    if sought["uploader"] and not sought["service"]:
        raise RefusedError("An uploader is known to one service only.", hint="Name the service as well.")
    moved = moved_unseen(conn, who, most=_MOST_MOVED) if sought["verdict"] else {}
    if moved is None:
        raise RefusedError("Too many cases are open to look for a verdict.", hint="Look by day instead.")
    page = search.page(
        conn,
        Sought(
            service=sought["service"] or None, uploader=sought["uploader"] or None,
            verdict=Verdict(sought["verdict"]) if sought["verdict"] else None,
            outcome=Outcome(sought["outcome"]) if sought["outcome"] else None, since=limits[0], until=limits[1],
            as_if=moved,
        ),
        before=before, most=PAGE,
    )  # fmt: skip
    return page.rows, page.following, page.stretched


def _lines(conn: Connection, found: Sequence[Item], who: Principal) -> tuple[ItemLine, ...]:
    cases: Mapping[int, str] = {}
    if who.may(Permission.CASES_READ):
        cases = case_records.open_with(conn, [one.id for one in found])
    seen = queue.visible_among(conn, set(cases.values()), who) if cases else frozenset()
    lines = []
    for one in as_before(conn, found, who):
        check, case = checks.find(conn, one.request), cases.get(one.id, "")
        outcome = check.outcome.value if check and check.outcome else ""
        lines.append(ItemLine(item=one, outcome=outcome, case=case if case in seen else ""))
    return tuple(lines)


def _item(service: Service, who: Principal, number: int) -> ItemPage:
    with service.store.read() as conn:
        (item,) = as_before(conn, [_hosted(conn, number, who)], who)
        made = search.checks_of(conn, item.id, most=_SHOWN)
        kept = find_object(conn, item.object) if item.object else None
        kinds = Counter(one.signal.kind.value for one in signals.of(conn, item.id))
        reads = who.may(Permission.CASES_READ)
        last = next((one for one in made if one.request == item.request), None)
        cases = _cases(conn, item.id, who) if reads else ()
        told = _decisions(conn, item, {one.id for one in cases}, until=blind_since(conn, item.id, who))
    matches = tuple((last.facts or {}).get("matches", ())) if last and reads else ()
    uploader = {"service": item.service, "uploader": item.uploader} if item.uploader else None
    return ItemPage(
        item=item, context=tuple((name, str(value)) for name, value in item.context.items()),
        kept=kept is not None and kept.destroyed is None, signals=tuple(sorted(kinds.items())), checks=made,
        matches=matches, told=told, cases=cases, uploader_items=f"/items?{urlencode(uploader)}" if uploader else "",
        may_delete=who.may(Permission.ITEMS_DELETE), may_see_lists=who.may(Permission.LISTS_READ),
    )  # fmt: skip


def _hosted(conn: Connection, number: int, who: Principal) -> Item:
    """An item that is still hosted, unless it is in a case that is kept from who asks."""
    item = items.hosted(conn, number)
    if item is None or item.gone is not None or queue.hidden_items(conn, [number], who):
        raise NotFoundError("There is no such item.", hint="It was never checked, or was deleted.")
    return item


def _cases(conn: Connection, item: int, who: Principal) -> tuple[CaseLine, ...]:
    there = case_records.with_item(conn, item)[:_SHOWN]
    seen = queue.visible_among(conn, there, who)
    found = (case_records.find(conn, one) for one in there if one in seen)
    return tuple(
        CaseLine(id=one.id, state=one.state, opened=one.opened, decision=one.decision or "")
        for one in found
        if one is not None
    )


def _decisions(conn: Connection, item: Item, seen: set[str], *, until: datetime | None) -> tuple[Told, ...]:
    """What the service was told; the case behind it only where it may be seen."""
    found = [one for one in decisions.of_item(conn, item.id, most=_SHOWN) if until is None or one.at < until]
    ends = {one.id: one.url for one in webhooks.endpoints(conn, service=item.service)}
    sent = webhooks.messages_about(conn, [one.id for one in found], list(ends)) if found and ends else ()
    return tuple(
        Told(
            decision=one if one.case_id in seen else _without_case(one),
            messages=tuple((ends[each.endpoint], each.state, each.settled) for each in sent if each.decision == one.id),
        )
        for one in found
    )


def _without_case(row: decisions.DecisionRow) -> decisions.DecisionRow:
    values = {name: getattr(row, name) for name in decisions.DecisionRow.__slots__}
    return decisions.DecisionRow(**values | {"case_id": None})


def _confirm(service: Service, who: Principal, numbers: Sequence[int]) -> ConfirmPage:
    with service.store.read() as conn:
        return ConfirmPage(rows=_lines(conn, [_hosted(conn, one, who) for one in numbers], who))


def _delete(service: Service, who: Principal, numbers: Sequence[int]) -> int:
    """How many of them were there still; each goes by itself, so that what is done is done."""
    gone = 0
    for number in numbers:
        try:
            with service.store.read() as conn:
                item = _hosted(conn, number, who)
            erase_item(service.store, item.service, item.item_id, by=who, at=service.clock())
            gone += 1
        except NotFoundError:
            continue
    return gone


def _number(text: str) -> int:
    try:
        found = whole(text)
    except RempartError:
        found = None
    if found is None:
        raise NotFoundError("There is no such item.", hint="It was never checked, or was deleted.")
    return found


def _place(text: str) -> Place | None:
    moment, _, item = text.partition(".")
    if not (moment.isdigit() and item.isdigit() and text.isascii()):
        return None
    try:
        return Place(moment=from_micros(int(moment)), item=whole(item) or 0)
    except (OverflowError, ValueError) as err:
        raise RefusedError("There is no such place to go on from.", hint="Search again.") from err


def _told(place: Place) -> str:
    return f"{to_micros(place.moment)}.{place.item}"
