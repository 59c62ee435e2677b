"""The addresses of the pages."""

from __future__ import annotations

import importlib
from email.utils import formatdate
from itertools import chain

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from rempart.people import persons
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.access import Open, declared
from rempart.server.pages import entering, keyring, own, providing, seconding
from rempart.server.pages import persons as people
from rempart.server.pages.contexts import HomePage
from rempart.server.pages.desk.queue import waiting
from rempart.server.pages.doors import Pages, for_people
from rempart.server.pages.referrals.reading import referrals_waiting
from rempart.server.pages.rendering import FILES, file, render
from rempart.server.pages.reports.listing import reports_waiting


@for_people(Permission.OWN_ACCOUNT, or_enrolling=True)
async def home(request: Request, pages: Pages, who: Principal) -> Response:
    """What is going on."""
    if who.enrolling:
        return RedirectResponse("/set-up", 303)
    if not who.may(Permission.STATUS):
        return RedirectResponse("/account", 303)
    return render(request, await run_in_threadpool(_home, pages, who), who=who)


@declared(Open())
async def static_file(request: Request) -> Response:
    """A style sheet or module; its address has its digest, so it may be kept for good."""
    name = request.path_params["name"]
    if name not in FILES:
        return Response("There is no such file.", 404, media_type="text/plain")
    headers = {"cache-control": "public, max-age=31536000, immutable", "last-modified": formatdate(0, usegmt=True)}
    return Response(file(name), media_type=FILES[name], headers=headers)


def routes() -> list[BaseRoute]:
    """All pages; the application has `Access` at `state.access` and `Pages` at `state.pages`."""
    parts = [importlib.import_module(f"rempart.server.pages.{part}.routes").TABLE for part in PARTS]
    tables = chain(_TABLE, *parts)
    return [Route(path, endpoint, methods=[method]) for method, path, endpoint in tables]


PARTS = (
    "desk",
    "sight",
    "origins",
    "care",
    "figures",
    "running",
    "notice",
    "notices",
    "reports",
    "referrals",
    "orders",
    "published",
)
"""Packages of pages, each with its own `routes.TABLE`, contexts, templates, texts and style sheet."""
_TABLE = (
    ("GET", "/", home),
    ("GET", "/files/{name}", static_file),
    ("GET", "/sign-in", entering.sign_in_page),
    ("POST", "/sign-in", entering.sign_in),
    ("POST", "/sign-in/passkey/options", entering.passkey_options),
    ("POST", "/sign-in/passkey", entering.passkey_sign_in),
    ("GET", "/sign-in/again", entering.prove_page),
    ("POST", "/sign-in/again", entering.prove),
    ("GET", "/sign-in/provider", providing.to_provider),
    ("GET", "/sign-in/provider/back", providing.from_provider),
    ("GET", "/sign-in/link/{token}", entering.link_page),
    ("POST", "/sign-in/link/{token}", entering.use_link),
    ("POST", "/sign-out", entering.sign_out),
    ("GET", "/set-up", own.set_up_page),
    ("POST", "/set-up", own.set_up),
    ("POST", "/set-up/passkey", own.set_up_passkey),
    ("GET", "/account", own.account_page),
    ("POST", "/account/password", own.password),
    ("GET", "/account/code", own.code_page),
    ("POST", "/account/code", own.code),
    ("POST", "/account/passkeys/options", own.passkey_options),
    ("POST", "/account/passkeys", own.add_passkey),
    ("POST", "/account/passkeys/remove", own.remove_passkey),
    ("POST", "/account/provider/remove", own.unlink_provider),
    ("POST", "/account/language", own.language),
    ("POST", "/account/shortcuts", own.shortcuts),
    ("POST", "/account/sessions/end", own.end_sessions),
    ("GET", "/keys", keyring.keys_page),
    ("POST", "/keys", keyring.create_key),
    ("GET", "/keys/{key}", keyring.key_page),
    ("POST", "/keys/{key}/rotate", keyring.rotate_key),
    ("POST", "/keys/{key}/revoke", keyring.revoke_key),
    ("GET", "/people", people.people_page),
    ("POST", "/people", people.add_person),
    ("POST", "/people/together", people.together),
    ("GET", "/people/{person}", people.person_page),
    ("POST", "/people/{person}/roles", people.set_roles),
    ("POST", "/people/{person}/link", people.make_link),
    ("POST", "/people/{person}/deactivate", people.deactivate),
    ("POST", "/people/{person}/reactivate", people.reactivate),
    ("POST", "/people/{person}/sign-out", people.sign_out_person),
    ("GET", "/approvals", seconding.approvals_page),
    ("GET", "/approvals/{approval}", seconding.approval_page),
    ("POST", "/approvals/{approval}", seconding.decide),
)


def _home(pages: Pages, who: Principal) -> HomePage:
    with pages.access.store.read() as conn:
        person = persons.found(conn, who.id)
    rows, lists = pages.status(who)
    return HomePage(
        name=person.shown_name, rows=rows, lists=lists, approvals=seconding.waiting_for(pages, who),
        desk=waiting(pages, who) if who.may(Permission.CASES_READ) else None,
        reports=reports_waiting(pages, who) if who.may(Permission.REPORTS_READ) else (),
        referrals=referrals_waiting(pages, who) if who.may(Permission.REPORTS_READ) else 0,
    )  # fmt: skip
