"""Everybody who may sign in: invited by a one-time link, given roles, deactivated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.people import persons, sessions
from rempart.people.permissions import Permission, Role
from rempart.people.principal import Principal
from rempart.people.records import persons as records
from rempart.people.records import sessions as session_records
from rempart.people.records.persons import Person
from rempart.people.signin import LINK_LIFE, one_time_link
from rempart.server.pages.contexts import PeoplePage, PersonPage
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.texts import LANGUAGES
from rempart.server.pages.together import Became, chosen, each

MANY = 20
"""From so many rows on, a list has a search."""
_LONGEST = 100
MOST_TOGETHER = 200
_TOGETHER: Mapping[str, Callable[..., object]] = {
    "deactivate": persons.deactivate, "reactivate": persons.reactivate, "sign_out": sessions.end_everywhere,
}  # fmt: skip
_MANAGE = Permission.PEOPLE_MANAGE
_DONE = frozenset({"roles_changed", "deactivated", "reactivated", "signed_out"})
Change = Callable[[Connection, datetime], object]


@for_people(Permission.PEOPLE_READ)
async def people_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Everybody, or those whose name has something in it."""
    sought = request.query_params.get("name", "").strip()[:_LONGEST]
    return render(request, await run_in_threadpool(_people, pages, who, sought=sought), who=who)


@for_people(_MANAGE, proved=True)
async def add_person(request: Request, pages: Pages, who: Principal) -> Response:
    """Make an account and show its link, this once."""
    form = await form_of(request)

    def add() -> tuple[Person, str]:
        at = pages.access.clock()
        with pages.access.store.write() as conn:
            person = persons.add(
                conn,
                name=field(form, "name"),
                shown_name=field(form, "shown_name"),
                language=field(form, "language"),
                roles=[role for role in Role if role.value in form.getlist("role")],
                by=who,
                at=at,
                random=pages.access.random,
            )
            return person, _link(conn, pages, request, person, by=who)

    try:
        person, link = await run_in_threadpool(add)
    except RempartError as err:
        return again(request, await run_in_threadpool(_people, pages, who), err, who=who)
    page = await run_in_threadpool(_people, pages, who, link=link, of=person.shown_name)
    return render(request, page, who=who)


@for_people(_MANAGE, proved=True)
async def together(request: Request, pages: Pages, who: Principal) -> Response:
    """Deactivate, reactivate or sign out the chosen people, each by itself, and say what became of each."""
    form = await form_of(request, most=MOST_TOGETHER + 20)
    sought = field(form, "sought")[:_LONGEST]

    def run() -> tuple[Became, ...]:
        act = _TOGETHER.get(field(form, "do"))
        if act is None:
            raise RefusedError("It is not said what to do.", hint="Choose one of the buttons.")
        return each(chosen(form, "person", most=MOST_TOGETHER), lambda person: one(act, person))

    def one(act: Callable[..., object], person: str) -> None:
        with pages.access.store.write() as conn:
            found = persons.found(conn, person if person.isascii() and person.isprintable() else "")
            act(conn, found.id, by=who, at=pages.access.clock())

    try:
        became = await run_in_threadpool(run)
    except RefusedError as err:
        return again(request, await run_in_threadpool(_people, pages, who, sought=sought), err, who=who)
    return render(request, await run_in_threadpool(_people, pages, who, sought=sought, became=became), who=who)


@for_people(Permission.PEOPLE_READ)
async def person_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One person."""
    done = request.query_params.get("done", "")
    message = f"done.{done}" if done in _DONE else ""
    return render(request, await run_in_threadpool(_person, pages, who, _asked(request)), who=who, message=message)


@for_people(_MANAGE, proved=True)
async def set_roles(request: Request, pages: Pages, who: Principal) -> Response:
    """Exactly these roles."""
    form = await form_of(request)
    roles = [role for role in Role if role.value in form.getlist("role")]
    return await _change(
        request,
        pages,
        who,
        "roles_changed",
        lambda conn, at: persons.set_roles(conn, _asked(request), roles, by=who, at=at),
    )


@for_people(_MANAGE, proved=True)
async def make_link(request: Request, pages: Pages, who: Principal) -> Response:
    """A new link, shown this once."""

    def make() -> str:
        with pages.access.store.write() as conn:
            person = persons.found(conn, _asked(request))
            return _link(conn, pages, request, person, by=who)

    try:
        link = await run_in_threadpool(make)
    except RempartError as err:
        return again(request, await run_in_threadpool(_person, pages, who, _asked(request)), err, who=who)
    page = await run_in_threadpool(_person, pages, who, _asked(request), link=link)
    return render(request, page, who=who)


@for_people(_MANAGE, proved=True)
async def deactivate(request: Request, pages: Pages, who: Principal) -> Response:
    """No more signing in."""
    return await _change(
        request, pages, who, "deactivated", lambda conn, at: persons.deactivate(conn, _asked(request), by=who, at=at)
    )


@for_people(_MANAGE, proved=True)
async def reactivate(request: Request, pages: Pages, who: Principal) -> Response:
    """Signing in again."""
    return await _change(
        request, pages, who, "reactivated", lambda conn, at: persons.reactivate(conn, _asked(request), by=who, at=at)
    )


@for_people(_MANAGE, proved=True)
async def sign_out_person(request: Request, pages: Pages, who: Principal) -> Response:
    """End all of a person's sessions."""
    return await _change(
        request,
        pages,
        who,
        "signed_out",
        lambda conn, at: sessions.end_everywhere(conn, _asked(request), by=who, at=at),
    )


async def _change(request: Request, pages: Pages, who: Principal, done: str, change: Change) -> Response:
    person = _asked(request)

    def run() -> None:
        with pages.access.store.write() as conn:
            persons.found(conn, person)
            change(conn, pages.access.clock())

    try:
        await run_in_threadpool(run)
    except RempartError as err:
        return again(request, await run_in_threadpool(_person, pages, who, person), err, who=who)
    return RedirectResponse(f"/people/{person}?done={done}", 303)


def _people(
    pages: Pages, who: Principal, *, link: str = "", of: str = "", sought: str = "", became: tuple[Became, ...] = ()
) -> PeoplePage:
    with pages.access.store.read() as conn:
        everyone = persons.everyone(conn)
    part = sought.casefold()
    return PeoplePage(
        persons=tuple(one for one in everyone if part in f"{one.name} {one.shown_name}".casefold()),
        many=len(everyone) > MANY,
        sought=sought,
        roles=tuple(Role),
        languages=tuple(LANGUAGES.items()),
        may_manage=who.may(_MANAGE),
        link=link,
        link_for=of,
        link_until=pages.access.clock() + LINK_LIFE if link else None,
        became=became,
    )


def _person(pages: Pages, who: Principal, person_id: str, *, link: str = "") -> PersonPage:
    at = pages.access.clock()
    with pages.access.store.read() as conn:
        person = persons.found(conn, person_id)
        passkeys = records.passkeys_of(conn, person.id)
        count = len(session_records.sessions_of(conn, person.id, at=at))
    ways = {
        "way.password": person.password is not None and person.totp_secret is not None,
        "way.passkey": bool(passkeys),
        "way.provider": person.oidc_subject is not None,
    }
    return PersonPage(
        person=person,
        roles=tuple(Role),
        ways=tuple(way for way, there in ways.items() if there),
        sessions=count,
        own=person.id == who.id,
        may_manage=who.may(_MANAGE),
        link=link,
        link_until=at + LINK_LIFE if link else None,
    )


def _asked(request: Request) -> str:
    person: str = request.path_params["person"]
    return person if person.isascii() and person.isprintable() else ""


def _link(conn: Connection, pages: Pages, request: Request, person: Person, *, by: Principal) -> str:
    """A new one-time link as an address; mailed too where mail is set up."""
    at = pages.access.clock()
    token = one_time_link(conn, person, by=by, at=at, random=pages.access.random)
    base = pages.public_url or str(request.base_url)
    link = f"{base.rstrip('/')}/sign-in/link/{token}"
    pages.invite(conn, person, link, at + LINK_LIFE)
    return link
