"""All lists, a new one, and the settings of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases import stops
from rempart.cases.quality.precision import of_list
from rempart.cases.stops import Stop
from rempart.errors import RefusedError, RempartError
from rempart.lists import breaker_records, entry_records, staging_records
from rempart.lists.breaker import ENTRY, RULE
from rempart.lists.breaker_records import Trip
from rempart.lists.curation_settings import ListWish
from rempart.lists.entry_records import LiveList
from rempart.lists.growth import USUAL, GrowthLimits
from rempart.lists.ingest import found_list
from rempart.lists.records import Mode
from rempart.lists.schemes import built_in
from rempart.lists.staging_records import ChangeSet
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.server.curating import matched_lately
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import PAGE, Typed, asked, place, service_of, typed, whole
from rempart.server.pages.running.contexts_lists import ListLine, ListsPage, OneListPage, StopRow, TripRow
from rempart.server.service import Service

_WEEK = timedelta(days=7)
_RECENT = 5
_NEW = ("name", "mode", "shared", "scheme", "percent", "rows")
_SETTINGS = (*_NEW, "owner", "feeds", "accept_flagged")


@for_people(Permission.LISTS_READ)
async def lists_page(request: Request, pages: Pages, who: Principal) -> Response:
    """All lists, in the order in which they were made."""
    after = asked(request, "after", most=100)
    return render(request, await run_in_threadpool(_lists, service_of(request), who, after=after), who=who)


@for_people(Permission.LISTS_CHANGE)
async def create(request: Request, pages: Pages, who: Principal) -> Response:
    """An empty list."""
    form, service = await form_of(request), service_of(request)

    def make() -> LiveList:
        return service.curation.create(
            name=field(form, "name").strip(), by=who, mode=_mode(form), shared=bool(field(form, "shared")),
            scheme=field(form, "scheme"), growth=_growth(form),
        )  # fmt: skip

    try:
        made = await run_in_threadpool(make)
    except RempartError as err:
        page = await run_in_threadpool(_lists, service, who, form=typed(form, *_NEW))
        return again(request, page, err, who=who)
    return RedirectResponse(f"/lists/{made.id}?done=list_made", 303)


@for_people(Permission.LISTS_READ)
async def list_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One list."""
    done = request.query_params.get("done", "")
    message = f"done.{done}" if done in _DONE else ""
    return render(
        request, await run_in_threadpool(_one, service_of(request), who, place(request, "list")), who=who,
        message=message,
    )  # fmt: skip


@for_people(Permission.LISTS_CHANGE, proved=True)
async def change(request: Request, pages: Pages, who: Principal) -> Response:
    """Other settings: at once, or staged for a second person."""
    form, service, list_id = await form_of(request), service_of(request), place(request, "list")

    def run() -> ChangeSet | None:
        accept = bool(field(form, "accept_flagged"))
        return service.curation.change(list_id, _wish(form), by=who, accept_flagged=accept)[1]

    try:
        staged = await run_in_threadpool(run)
    except RempartError as err:
        page = await run_in_threadpool(_one, service, who, list_id, form=typed(form, *_SETTINGS))
        return again(request, page, err, who=who)
    if staged is not None:
        return RedirectResponse(f"/lists/{list_id}/changes/{staged.id}?done=staged", 303)
    return RedirectResponse(f"/lists/{list_id}?done=list_changed", 303)


_DONE = frozenset({"list_made", "list_changed"})


def trip_rows(conn: Connection, found: Sequence[Trip], who: Principal) -> tuple[TripRow, ...]:
    """Breakers with what they are about; references of entries for those who may see entries."""
    numbers = [int(one.subject.removeprefix(ENTRY)) for one in found if _is_entry(one.subject)]
    about = entry_records.refs_of(conn, numbers)
    names = _names(conn, [list_id for list_id, _ in about.values()])
    rows = []
    for one in found:
        list_id, ref = about.get(int(one.subject.removeprefix(ENTRY)), ("", "")) if _is_entry(one.subject) else ("", "")
        rows.append(
            TripRow(
                trip=one, list_id=list_id, list_name=names.get(list_id, ""),
                ref=ref if who.may(Permission.LISTS_ENTRIES) else "",
                rule=one.subject.removeprefix(RULE) if one.subject.startswith(RULE) else "",
            )
        )  # fmt: skip
    return tuple(rows)


def stop_rows(conn: Connection, found: Sequence[Stop], who: Principal) -> tuple[StopRow, ...]:
    """Entries that look-back did not act on, with what they are; references for those who may see entries."""
    about = entry_records.refs_of(conn, [one.entry for one in found])
    names = _names(conn, [list_id for list_id, _ in about.values()])
    seen = who.may(Permission.LISTS_ENTRIES)
    return tuple(
        StopRow(
            stop=one, list_id=(here := about.get(one.entry, ("", "")))[0], list_name=names.get(here[0], ""),
            ref=here[1] if seen else "",
        )
        for one in found
    )  # fmt: skip


def _lists(service: Service, who: Principal, *, after: str = "", form: Typed | None = None) -> ListsPage:
    with service.store.read() as conn:
        start = found_list(conn, after).number if after else 0
        found = entry_records.all_lists(conn, after=start, limit=PAGE + 1)
        lines = _lines(conn, service, found[:PAGE])
        attention = len(breaker_records.tripped(conn)) + len(stops.waiting(conn))
    return ListsPage(
        rows=lines,
        next=found[PAGE - 1].id if len(found) > PAGE else "",
        attention=attention,
        may_make=who.may(Permission.LISTS_CHANGE),
        schemes=tuple(built_in().values()),
        typed=form or Typed(percent=str(USUAL.percent), rows=str(USUAL.rows), mode=Mode.OBSERVING.value),
    )


def _lines(conn: Connection, service: Service, found: Sequence[LiveList]) -> tuple[ListLine, ...]:
    at = service.clock()
    hits = matched_lately(conn, found, at=at)
    moved = staging_records.movements(conn, [one.id for one in found], since=at - _WEEK)
    return tuple(ListLine(live=one, hits=hits.get(one.id, 0), moved=moved[one.id]) for one in found)


def _one(service: Service, who: Principal, list_id: str, *, form: Typed | None = None) -> OneListPage:
    with service.store.read() as conn:
        live = found_list(conn, list_id)
        (line,) = _lines(conn, service, [live])
        trips = [one for one in trip_rows(conn, breaker_records.tripped(conn), who) if one.list_id == list_id]
        stopped = [one for one in stop_rows(conn, stops.waiting(conn), who) if one.list_id == list_id]
        owner = persons.by_id(conn, live.owner) if live.owner else None
        changes = staging_records.of_list(conn, list_id, limit=_RECENT)
        precision = of_list(conn, list_id, name=live.name) if who.may(Permission.STATISTICS_READ) else None
    return OneListPage(
        line=line, owner=owner.pseudonym if owner else live.owner, own=live.owner == who.id, changes=changes,
        trips=tuple(trips), stops=tuple(stopped), schemes=tuple(built_in().values()), precision=precision,
        may_change=who.may(Permission.LISTS_CHANGE), may_see_entries=who.may(Permission.LISTS_ENTRIES),
        typed=form or _as_it_is(live),
    )  # fmt: skip


def _as_it_is(live: LiveList) -> Typed:
    return Typed({
        "name": live.name, "mode": live.mode.value, "shared": "yes" if live.shared else "", "scheme": live.scheme,
        "percent": str(live.growth.percent), "rows": str(live.growth.rows), "owner": live.owner,
        "feeds": "\n".join(live.feeds),
    })  # fmt: skip


def _wish(form: FormData) -> ListWish:
    feeds = (line.strip() for line in field(form, "feeds").splitlines())
    return ListWish(
        name=field(form, "name").strip(), mode=_mode(form), shared=bool(field(form, "shared")),
        scheme=field(form, "scheme"), growth=_growth(form), feeds=tuple(dict.fromkeys(filter(None, feeds))),
        owner=field(form, "owner").strip() or None,
    )  # fmt: skip


def _mode(form: FormData) -> Mode:
    found = field(form, "mode")
    if found not in set(Mode):
        raise RefusedError("The mode is missing.", hint="Choose observing or blocking.")
    return Mode(found)


def _growth(form: FormData) -> GrowthLimits:
    percent, rows = whole(field(form, "percent")), whole(field(form, "rows"))
    return GrowthLimits(
        percent=USUAL.percent if percent is None else percent, rows=USUAL.rows if rows is None else rows
    )


def _is_entry(subject: str) -> bool:
    return subject.startswith(ENTRY) and subject.removeprefix(ENTRY).isdigit()


def _names(conn: Connection, lists: Sequence[str]) -> dict[str, str]:
    found = (entry_records.find_list(conn, one) for one in set(lists))
    return {one.id: one.name for one in found if one is not None}
