"""The entries of a list, for curators: looked for, added one at a time, withdrawn together."""

from __future__ import annotations

from urllib.parse import urlencode

from pydantic import ValidationError
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.lists import entry_records
from rempart.lists.entry import Opinion
from rempart.lists.entry_records import LiveEntry, LiveList
from rempart.lists.ingest import Wishes, found_list
from rempart.lists.lookup import asked_signals
from rempart.lists.schemes import built_in
from rempart.lists.staging_records import ChangeSet, State
from rempart.lists.vocabulary import guess_signal
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.api.list_forms import NewEntry, shown_entry
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import (
    PAGE,
    Typed,
    asked,
    chosen,
    good,
    number,
    place,
    reason_of,
    service_of,
    typed,
    whole,
)
from rempart.server.pages.running.contexts_lists import EntriesPage
from rempart.server.service import Service
from rempart.signals.values import SignalKind

_NEW = ("type", "value", "quality", "ref", "scheme", "code", "opinion", "source", "tags", "restore", "accept_flagged")
_STATES = {"live": False, "withdrawn": True}
_DONE = frozenset({"entry_added", "entries_withdrawn"})


@for_people(Permission.LISTS_ENTRIES)
async def entries_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Entries by reference, signal or category, or all in order."""
    done = request.query_params.get("done", "")
    message = f"done.{done}" if done in _DONE else ""
    sought = Typed({
        "ref": asked(request, "ref"),
        "signal": asked(request, "signal", most=200),
        "scheme": chosen(request, "scheme", built_in()),
        "code": asked(request, "code", most=64),
        "state": chosen(request, "state", _STATES),
    })  # fmt: skip
    page = await run_in_threadpool(
        _entries, service_of(request), place(request, "list"), who, sought=sought, after=number(request, "after")
    )
    return render(request, page, who=who, message=message)


@for_people(Permission.LISTS_CHANGE)
async def add(request: Request, pages: Pages, who: Principal) -> Response:
    """One entry, typed in."""
    form, service, list_id = await form_of(request), service_of(request), place(request, "list")

    def run() -> ChangeSet:
        with service.store.read() as conn:
            live = found_list(conn, list_id)
        wishes = Wishes(restore=bool(field(form, "restore")), accept_flagged=bool(field(form, "accept_flagged")))
        entry = _new_entry(form).entry(service.curation.intake.options(live, wishes))
        return service.curation.add(list_id, [entry], wishes, by=who)

    try:
        done = await run_in_threadpool(run)
    except RempartError as err:
        page = await run_in_threadpool(_entries, service, list_id, who, form=typed(form, *_NEW))
        return again(request, page, err, who=who)
    if done.state is State.STAGED:
        return RedirectResponse(f"/lists/{list_id}/changes/{done.id}?done=staged", 303)
    return RedirectResponse(f"/lists/{list_id}/entries?done=entry_added", 303)


@for_people(Permission.LISTS_CHANGE, proved=True)
async def withdraw(request: Request, pages: Pages, who: Principal) -> Response:
    """The chosen entries together, all or none."""
    form, service, list_id = await form_of(request), service_of(request), place(request, "list")
    refs = [one for one in form.getlist("entry") if isinstance(one, str)]

    def run() -> ChangeSet | None:
        if not refs:
            raise RefusedError("No entry was chosen.", hint="Tick the entries to withdraw.")
        return service.curation.withdraw_all(list_id, list(map(good, refs)), by=who, reason=reason_of(form))

    try:
        staged = await run_in_threadpool(run)
    except RempartError as err:
        kept = Typed(typed(form, "reason") | {"chosen": "\n".join(refs)})
        page = await run_in_threadpool(_entries, service, list_id, who, form=kept)
        return again(request, page, err, who=who)
    if staged is not None:
        return RedirectResponse(f"/lists/{list_id}/changes/{staged.id}?done=staged", 303)
    return RedirectResponse(f"/lists/{list_id}/entries?done=entries_withdrawn", 303)


def _entries(
    service: Service,
    list_id: str,
    who: Principal,
    *,
    sought: Typed | None = None,
    after: int = 0,
    form: Typed | None = None,
) -> EntriesPage:
    wanted = sought or Typed()
    with service.store.read() as conn:
        live = found_list(conn, list_id)
        found, following = _found(conn, service, live, wanted, after=after)
        signals = entry_records.signals_of(conn, [one.id for one in found])
    return EntriesPage(
        live=live,
        rows=tuple(shown_entry(one, signals[one.id]) for one in found),
        sought=wanted,
        query=urlencode({name: value for name, value in wanted.items() if value}),
        next=following,
        looked_through=following is not None and len(found) < PAGE,
        schemes=tuple(built_in().values()),
        opinions=tuple(one.value for one in Opinion),
        kinds=tuple(one.value for one in SignalKind),
        at_once=not (live.guarded and live.owner and live.owner != who.id),
        typed=form or Typed(),
    )


def _found(
    conn: Connection, service: Service, live: LiveList, wanted: Typed, *, after: int
) -> tuple[tuple[LiveEntry, ...], int | None]:
    withdrawn = _STATES.get(wanted["state"])
    if wanted["signal"]:
        return _with_signal(conn, service, live, wanted["signal"]), None
    if wanted["scheme"] and not wanted["ref"]:
        return entry_records.of_category(
            conn, live.number, scheme=wanted["scheme"], code=wanted["code"], after=after, limit=PAGE,
            withdrawn=withdrawn,
        )  # fmt: skip
    page = entry_records.entries_page(
        conn, live.number, after=after, limit=PAGE + 1, withdrawn=withdrawn, ref=wanted["ref"] or None
    )
    return page[:PAGE], page[PAGE - 1].id if len(page) > PAGE else None


def _with_signal(conn: Connection, service: Service, live: LiveList, text: str) -> tuple[LiveEntry, ...]:
    """The live entries that a lookup of this very signal finds: digests when equal, PDQ within the radius."""
    try:
        signal = guess_signal(text)
    except RefusedError as err:
        raise RefusedError(
            "That is no signal.", hint="Write it as sha256:…, sha1:…, md5:… or pdq:…, in hexadecimal digits."
        ) from err
    found = service.lists.lookup(asked_signals([signal]), radius=service.settings.check.radius)
    near = [one.entry_id for one in (*found.matches, *found.known_good) if one.list_id == live.id and one.entry_id]
    return entry_records.of_numbers(conn, live.number, near[:PAGE])


def _new_entry(form: FormData) -> NewEntry:
    signal: dict[str, object] = {"type": field(form, "type"), "value": field(form, "value").strip()}
    quality = whole(field(form, "quality"), most=100)
    if quality is not None:
        signal["quality"] = quality
    tags = [tag.strip() for tag in field(form, "tags").split(",")]
    told = {name: field(form, name).strip() for name in ("ref", "scheme", "code", "source")}
    try:
        return NewEntry.model_validate(
            {"signals": [signal], "opinion": field(form, "opinion"), "tags": list(filter(None, tags)), **told}
        )
    except ValidationError as err:
        first = err.errors(include_input=False, include_url=False, include_context=False)[0]
        where = str(first["loc"][-1])
        raise RefusedError(f"This field is not right: {where}.", hint="Shorten it, or choose from the list.") from err
