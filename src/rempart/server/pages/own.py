"""One's own way in: setting it up after a link, and changing it later."""

from __future__ import annotations

import json

import segno
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.people import persons
from rempart.people.account import Account
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import sessions as session_records
from rempart.people.tokens import looks_like_token
from rempart.server.pages.contexts import AccountPage, CodePage, SetUpPage
from rempart.server.pages.doors import Pages, again, entered, field, for_people, form_of
from rempart.server.pages.providing import mark
from rempart.server.pages.rendering import SHORTCUTS_COOKIE, render
from rempart.server.pages.texts import LANGUAGES

_OWN = Permission.OWN_ACCOUNT
_DONE = frozenset(
    {"password_set", "code_set", "passkey_added", "passkey_removed", "provider_linked", "provider_unlinked"}
    | {"language_set", "sessions_ended", "shortcuts_set"}
)


@for_people(Permission.ENROL)
async def set_up_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Choose how to sign in from now on."""
    return render(request, await run_in_threadpool(_set_up, pages, who), who=who)


@for_people(Permission.ENROL)
async def set_up(request: Request, pages: Pages, who: Principal) -> Response:
    """Password and first code; then one is signed in."""
    form = await form_of(request)
    ceremony = field(form, "ceremony")
    account = Account(entry=pages.entry, who=who)
    try:
        await run_in_threadpool(account.seed, ceremony)
        await run_in_threadpool(account.set_password, field(form, "password"), field(form, "again"))
        await run_in_threadpool(account.confirm_code, ceremony, field(form, "code"))
    except RempartError as err:
        return again(request, await run_in_threadpool(_set_up, pages, who, ceremony), err, who=who)
    return entered(pages, await run_in_threadpool(account.finish), "/")


@for_people(Permission.ENROL)
async def set_up_passkey(request: Request, pages: Pages, who: Principal) -> Response:
    """A passkey instead; then one is signed in."""
    form = await form_of(request)
    account = Account(entry=pages.entry, who=who)
    try:
        await run_in_threadpool(
            account.add_passkey, field(form, "ceremony"), field(form, "answer"), label=field(form, "label")
        )
    except RempartError as err:
        return again(request, await run_in_threadpool(_set_up, pages, who), err, who=who)
    return entered(pages, await run_in_threadpool(account.finish), "/")


@for_people(_OWN, proved=True, or_enrolling=True)
async def passkey_options(request: Request, pages: Pages, who: Principal) -> Response:
    """What the browser needs to make a passkey."""
    token, options = await run_in_threadpool(Account(entry=pages.entry, who=who).begin_passkey)
    return JSONResponse({"ceremony": token, "options": json.loads(options)})


@for_people(_OWN)
async def account_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One's own account."""
    done = request.query_params.get("done", "")
    message = f"done.{done}" if done in _DONE else ""
    return render(request, await run_in_threadpool(_account, pages, who), who=who, message=message)


@for_people(_OWN, proved=True)
async def password(request: Request, pages: Pages, who: Principal) -> Response:
    """Another password."""
    form = await form_of(request)
    account = Account(entry=pages.entry, who=who)
    try:
        await run_in_threadpool(account.set_password, field(form, "password"), field(form, "again"))
    except RempartError as err:
        return again(request, await run_in_threadpool(_account, pages, who), err, who=who)
    return _done("password_set")


@for_people(_OWN, proved=True)
async def code_page(request: Request, pages: Pages, who: Principal) -> Response:
    """Another authenticator app."""
    return render(request, await run_in_threadpool(_code, pages, who), who=who)


@for_people(_OWN, proved=True)
async def code(request: Request, pages: Pages, who: Principal) -> Response:
    """Its first code puts it in force."""
    form = await form_of(request)
    ceremony = field(form, "ceremony")
    account = Account(entry=pages.entry, who=who)
    try:
        await run_in_threadpool(account.confirm_code, ceremony, field(form, "code"))
    except RempartError as err:
        return again(request, await run_in_threadpool(_code, pages, who, ceremony), err, who=who)
    return _done("code_set")


@for_people(_OWN, proved=True)
async def add_passkey(request: Request, pages: Pages, who: Principal) -> Response:
    """One more passkey."""
    form = await form_of(request)
    account = Account(entry=pages.entry, who=who)
    try:
        await run_in_threadpool(
            account.add_passkey, field(form, "ceremony"), field(form, "answer"), label=field(form, "label")
        )
    except RempartError as err:
        return again(request, await run_in_threadpool(_account, pages, who), err, who=who)
    return _done("passkey_added")


@for_people(_OWN, proved=True)
async def remove_passkey(request: Request, pages: Pages, who: Principal) -> Response:
    """One passkey less."""
    form = await form_of(request)
    text = field(form, "credential")
    try:
        credential = bytes.fromhex(text) if len(text) <= 4096 else b""
        await run_in_threadpool(Account(entry=pages.entry, who=who).remove_passkey, credential)
    except (RempartError, ValueError) as err:
        told = (
            err
            if isinstance(err, RempartError)
            else RefusedError("There is no such passkey.", hint="It may have been removed before.")
        )
        return again(request, await run_in_threadpool(_account, pages, who), told, who=who)
    return _done("passkey_removed")


@for_people(_OWN, proved=True)
async def unlink_provider(request: Request, pages: Pages, who: Principal) -> Response:
    """The identity provider vouches no more."""
    try:
        await run_in_threadpool(Account(entry=pages.entry, who=who).unlink_provider)
    except RempartError as err:
        return again(request, await run_in_threadpool(_account, pages, who), err, who=who)
    return _done("provider_unlinked")


@for_people(_OWN)
async def language(request: Request, pages: Pages, who: Principal) -> Response:
    """The language of the pages."""
    form = await form_of(request)

    def change() -> None:
        with pages.access.store.write() as conn:
            persons.set_language(conn, who.id, field(form, "language"))

    await run_in_threadpool(change)
    return _done("language_set")


@for_people(_OWN)
async def shortcuts(request: Request, pages: Pages, who: Principal) -> Response:
    """Whether keys of one letter are listened to, in this browser."""
    wanted = field(await form_of(request), "shortcuts")
    answer = _done("shortcuts_set")
    if wanted == "off":
        answer.set_cookie(SHORTCUTS_COOKIE, "off", max_age=31_536_000, samesite="lax", httponly=True)
    else:
        answer.delete_cookie(SHORTCUTS_COOKIE, samesite="lax", httponly=True)
    return answer


@for_people(_OWN)
async def end_sessions(request: Request, pages: Pages, who: Principal) -> Response:
    """Sign out everywhere else."""
    await run_in_threadpool(Account(entry=pages.entry, who=who).sign_out_elsewhere)
    return _done("sessions_ended")


def _done(what: str) -> Response:
    return RedirectResponse(f"/account?done={what}", 303)


def _account(pages: Pages, who: Principal) -> AccountPage:
    account = Account(entry=pages.entry, who=who)
    with pages.access.store.read() as conn:
        sessions = session_records.sessions_of(conn, who.id, at=pages.access.clock())
    return AccountPage(
        person=account.person(),
        passkeys=account.passkeys(),
        sessions=len(sessions),
        provider=pages.provider.label if pages.provider else "",
        provider_mark=mark(pages, who),
        languages=tuple(LANGUAGES.items()),
    )


def _set_up(pages: Pages, who: Principal, ceremony: str = "") -> SetUpPage:
    account = Account(entry=pages.entry, who=who)
    token, seed = _seed(account, ceremony)
    person = account.person()
    return SetUpPage(
        name=person.shown_name,
        sign_in_name=person.name,
        ceremony=token,
        seed=_grouped(seed),
        square=square(account.seed_address(seed)),
    )


def _code(pages: Pages, who: Principal, ceremony: str = "") -> CodePage:
    account = Account(entry=pages.entry, who=who)
    token, seed = _seed(account, ceremony)
    return CodePage(ceremony=token, seed=_grouped(seed), square=square(account.seed_address(seed)))


def _seed(account: Account, ceremony: str) -> tuple[str, str]:
    """The seed that is being set up, so that a mistake does not ask for another scan; a new one otherwise."""
    if looks_like_token(ceremony):
        try:
            return ceremony, account.seed(ceremony)
        except RefusedError:
            pass
    return account.begin_code()


def _grouped(seed: str) -> str:
    return " ".join(seed[place : place + 4] for place in range(0, len(seed), 4))


def square(address: str) -> Markup:
    """A QR code as SVG, without a style attribute: the pages' policy allows none."""
    made = segno.make(address, error="m", micro=False)
    return Markup(made.svg_inline(scale=4, border=4, dark="#000", light="#fff", svgclass="square", lineclass=None))  # noqa: S704  our own drawing
