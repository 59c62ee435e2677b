"""Keys of services: made (shown once), rotated, revoked."""

from __future__ import annotations

from datetime import timedelta

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.people import keys, persons
from rempart.people.keys import NewKey
from rempart.people.permissions import Permission, Scope
from rempart.people.principal import CONSOLE, Principal
from rempart.people.records import keys as records
from rempart.people.records.keys import ApiKey
from rempart.server.pages.contexts import KeyPage, KeyRow, KeysPage
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.persons import MANY
from rempart.server.pages.rendering import render


@for_people(Permission.KEYS_READ)
async def keys_page(request: Request, pages: Pages, who: Principal) -> Response:
    """All keys, without their secrets."""
    message = "done.key_revoked" if request.query_params.get("done") == "key_revoked" else ""
    sought = request.query_params.get("name", "").strip()[:100]
    return render(request, await run_in_threadpool(_keys, pages, who, sought=sought), who=who, message=message)


@for_people(Permission.KEYS_MANAGE, proved=True)
async def create_key(request: Request, pages: Pages, who: Principal) -> Response:
    """Make a key and show its secret, this once."""
    form = await form_of(request)

    def create() -> NewKey:
        days = _number(form, "days")
        with pages.access.store.write() as conn:
            return keys.create(
                conn,
                label=field(form, "label"),
                service=field(form, "service"),
                scopes=[scope for scope in Scope if scope.value in form.getlist("scope")],
                life=keys.LIFE if days is None else timedelta(days=min(days, 10_000)),
                per_minute=_number(form, "per_minute"),
                signals_per_day=_number(form, "signals_per_day"),
                by=who,
                at=pages.access.clock(),
                random=pages.access.random,
            )

    try:
        made = await run_in_threadpool(create)
    except RempartError as err:
        return again(request, await run_in_threadpool(_keys, pages, who), err, who=who)
    return render(request, await run_in_threadpool(_keys, pages, who, made), who=who)


@for_people(Permission.KEYS_READ)
async def key_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One key."""
    return render(request, await run_in_threadpool(_key, pages, who, request.path_params["key"]), who=who)


@for_people(Permission.KEYS_MANAGE, proved=True)
async def rotate_key(request: Request, pages: Pages, who: Principal) -> Response:
    """A key in place of this one; both are good for a while."""
    form = await form_of(request)
    key = request.path_params["key"]

    def rotate() -> NewKey:
        overlap = _number(form, "overlap_days")
        with pages.access.store.write() as conn:
            return keys.rotate(
                conn,
                key,
                by=who,
                at=pages.access.clock(),
                random=pages.access.random,
                overlap=timedelta(days=7 if overlap is None else overlap),
            )

    try:
        made = await run_in_threadpool(rotate)
    except RempartError as err:
        return again(request, await run_in_threadpool(_key, pages, who, key), err, who=who)
    pages.access.keys.forget()
    return render(request, await run_in_threadpool(_keys, pages, who, made), who=who)


@for_people(Permission.KEYS_MANAGE, proved=True)
async def revoke_key(request: Request, pages: Pages, who: Principal) -> Response:
    """End a key now."""
    key = request.path_params["key"]

    def revoke() -> None:
        with pages.access.store.write() as conn:
            keys.revoke(conn, key, by=who, at=pages.access.clock())

    try:
        await run_in_threadpool(revoke)
    except RempartError as err:
        return again(request, await run_in_threadpool(_key, pages, who, key), err, who=who)
    pages.access.keys.forget()
    return RedirectResponse("/keys?done=key_revoked", 303)


def _keys(pages: Pages, who: Principal, made: NewKey | None = None, *, sought: str = "") -> KeysPage:
    with pages.access.store.read() as conn:
        found = keys.every(conn)
        names = {person.id: person.shown_name for person in persons.everyone(conn)}
    part = sought.casefold()
    return KeysPage(
        rows=tuple(_row(pages, key, names) for key in found if part in f"{key.label} {key.service}".casefold()),
        many=len(found) > MANY,
        sought=sought,
        scopes=tuple(Scope),
        may_manage=who.may(Permission.KEYS_MANAGE),
        made=made.key if made else None,
        secret=made.secret if made else "",
    )


def _key(pages: Pages, who: Principal, key_id: str) -> KeyPage:
    day = int(pages.access.clock().timestamp()) // 86400
    with pages.access.store.read() as conn:
        found = records.by_id(conn, key_id) if key_id.isascii() and key_id.isprintable() else None
        if found is None:
            raise RefusedError("There is no such key.", hint="Look at the list of keys.")
        names = {person.id: person.shown_name for person in persons.everyone(conn)}
        taken = records.taken(conn, found.id, day=day)
    return KeyPage(row=_row(pages, found, names), may_manage=who.may(Permission.KEYS_MANAGE), taken_today=taken)


def _row(pages: Pages, key: ApiKey, names: dict[str, str]) -> KeyRow:
    at = pages.access.clock()
    ends = min(key.expires, key.revoked) if key.revoked else key.expires
    if key.usable(at):
        state = "ending" if key.revoked or ends - at < timedelta(days=14) else "usable"
    else:
        state = "revoked" if key.revoked and key.revoked <= at else "expired"
    return KeyRow(key=key, state=state, ends=ends, made_by=names.get(key.made_by or "", CONSOLE.pseudonym))


def _number(form: FormData, name: str) -> int | None:
    text = field(form, name).strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise RefusedError("A number is expected here.", hint="Write digits only, or leave the field empty.")
    return int(text)
