"""Signing in and out, and proving once more who one is."""

from __future__ import annotations

import json
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from rempart.errors import NotPermittedError, RefusedError, TooManyRequestsError
from rempart.people import sessions
from rempart.people.account import Account
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.persons import Person
from rempart.people.records.sessions import SessionRow
from rempart.people.sessions import Started
from rempart.server.pages.contexts import LinkPage, SignInPage
from rempart.server.pages.doors import Pages, again, entered, field, for_anyone, for_people, form_of, inside
from rempart.server.pages.rendering import render
from rempart.server.waiting import lane_of


@for_anyone()
async def sign_in_page(request: Request, pages: Pages) -> Response:
    """The form; somebody signed in goes on at once."""
    if await _present(request, pages) is not None:
        return RedirectResponse(inside(request.query_params.get("then", "/")), 303)
    return render(request, _sign_in(request, pages))


@for_anyone()
async def sign_in(request: Request, pages: Pages) -> Response:
    """Name, password and code."""
    form = await form_of(request)
    then = inside(field(form, "then"))
    try:
        name, replaced = field(form, "name"), await _replaced(request, pages)
        started = await _with_password(request, pages, form, name=name, replaces=replaced)
    except (RefusedError, TooManyRequestsError) as err:
        return again(request, _sign_in(request, pages, then=then, name=field(form, "name")[:64]), err)
    return entered(pages, started, then)


@for_anyone()
async def passkey_options(request: Request, pages: Pages) -> Response:
    """What the browser needs to use a passkey."""
    token, options = await run_in_threadpool(pages.entry.passkey_options)
    return JSONResponse({"ceremony": token, "options": json.loads(options)})


@for_anyone()
async def passkey_sign_in(request: Request, pages: Pages) -> Response:
    """What the browser signed."""
    form = await form_of(request)
    then = inside(field(form, "then"))
    try:
        started = await run_in_threadpool(
            pages.entry.with_passkey,
            field(form, "ceremony"),
            field(form, "answer"),
            address=pages.access.client(request),
            replaces=await _replaced(request, pages),
        )
    except (RefusedError, TooManyRequestsError) as err:
        return again(request, _sign_in(request, pages, then=then), err)
    return entered(pages, started, then)


@for_people(Permission.OWN_ACCOUNT)
async def prove_page(request: Request, pages: Pages, who: Principal) -> Response:
    """The same form for somebody who is signed in and wants to do something grave."""
    return render(request, await _prove(request, pages, who), who=who)


@for_people(Permission.OWN_ACCOUNT)
async def prove(request: Request, pages: Pages, who: Principal) -> Response:
    """Password and code, or a passkey, once more; a new session takes the place of this one."""
    form = await form_of(request)
    then = inside(field(form, "then"))
    try:
        if field(form, "answer"):
            started = await run_in_threadpool(
                pages.entry.with_passkey,
                field(form, "ceremony"),
                field(form, "answer"),
                address=pages.access.client(request),
                replaces=who.session,
            )
        else:
            name = (await _prove(request, pages, who)).name
            started = await _with_password(request, pages, form, name=name, replaces=who.session)
    except (RefusedError, TooManyRequestsError) as err:
        return again(request, await _prove(request, pages, who, then=then), err, who=who)
    return entered(pages, await _same(pages, who, started), then)


@for_people(Permission.OWN_ACCOUNT, or_enrolling=True)
async def sign_out(request: Request, pages: Pages, who: Principal) -> Response:
    """End this session."""
    row = await _present(request, pages)
    if row is not None:
        await run_in_threadpool(_end, pages, row, who)
    answer = RedirectResponse("/sign-in", 303)
    answer.delete_cookie(pages.access.cookie, path="/", secure=pages.access.secure, httponly=True, samesite="lax")
    answer.headers["clear-site-data"] = '"cache"'
    return answer


@for_anyone(per_minute=60)
async def link_page(request: Request, pages: Pages) -> Response:
    """A one-time link opened: nothing is used up yet, since programs that look at mail open links too."""
    found = await run_in_threadpool(pages.entry.link, request.path_params["token"])
    if found is None:
        return render(request, LinkPage(name=None), status=410)
    link, person = found
    return render(request, LinkPage(name=person.shown_name, enrols=link.purpose == "enrol"), lang=person.language)


@for_anyone(per_minute=60)
async def use_link(request: Request, pages: Pages) -> Response:
    """The button on that page: now it is used up."""
    replaced = await _replaced(request, pages)
    try:
        started = await run_in_threadpool(pages.entry.with_link, request.path_params["token"], replaces=replaced)
    except RefusedError:
        return render(request, LinkPage(name=None), status=410)
    return entered(pages, started, "/set-up" if started.session.stage == "enrolling" else "/")


async def _with_password(request: Request, pages: Pages, form: FormData, *, name: str, replaces: str | None) -> Started:
    """In few threads of their own: hashes are slow on purpose, and whoever sends many shall wait for themselves."""
    address = pages.access.client(request)
    told = {"name": name, "password": field(form, "password"), "code": field(form, "code"), "address": address}
    lane = lane_of(request.app, "sign-ins", threads=4, waiting=100)
    return await lane.run(partial(pages.entry.with_password, **told, replaces=replaces))


def _sign_in(request: Request, pages: Pages, *, then: str | None = None, name: str = "") -> SignInPage:
    then = inside(request.query_params.get("then", "/")) if then is None else then
    return SignInPage(then=then, provider=pages.provider.label if pages.provider else "", name=name)


async def _prove(request: Request, pages: Pages, who: Principal, *, then: str | None = None) -> SignInPage:
    person = await run_in_threadpool(_person, pages, who)
    page = _sign_in(request, pages, then=then, name=person.name)
    provider = page.provider if person.oidc_subject else ""
    return SignInPage(then=page.then, provider=provider, again=True, name=page.name)


async def _same(pages: Pages, who: Principal, started: Started) -> Started:
    if started.person.id == who.id:
        return started
    await run_in_threadpool(_end, pages, started.session, who)
    raise NotPermittedError("That is somebody else's.", hint="Sign out first to sign in as another person.")


async def _present(request: Request, pages: Pages) -> SessionRow | None:
    token = request.cookies.get(pages.access.cookie)
    if token is None:
        return None
    at = pages.access.clock()
    found = await run_in_threadpool(sessions.resolve, pages.access.store, token, at=at, limits=pages.access.limits)
    return found[1] if found else None


async def _replaced(request: Request, pages: Pages) -> str | None:
    row = await _present(request, pages)
    return row.id if row else None


def _person(pages: Pages, who: Principal) -> Person:
    return Account(entry=pages.entry, who=who).person()


def _end(pages: Pages, row: SessionRow, who: Principal) -> None:
    with pages.access.store.write() as conn:
        sessions.end(conn, row, by=who, at=pages.access.clock())
