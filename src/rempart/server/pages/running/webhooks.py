"""Webhooks: where services are told, their secrets, and what became of each message."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.cases import webhooks
from rempart.cases.records import webhooks as records
from rempart.cases.records.webhooks import Endpoint
from rempart.errors import RefusedError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import keys
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.rendering import render
from rempart.server.pages.running.asking import PAGE, Typed, asked, good, place, service_of, typed, whole
from rempart.server.pages.running.contexts_running import HookRow, MessageRow, WebhookPage, WebhooksPage
from rempart.server.service import Service
from rempart.server.targets import check_target

_MANAGE = Permission.WEBHOOKS_MANAGE
_MOST_HOURS = 720
_DONE = frozenset({"hook_enabled", "hook_disabled", "hook_deleted", "hook_retried"})


@for_people(_MANAGE)
async def webhooks_page(request: Request, pages: Pages, who: Principal) -> Response:
    """All of them, or those of a service."""
    page = await run_in_threadpool(_all, service_of(request), sought=asked(request, "service", most=200))
    return render(request, page, who=who, message=_message(request))


@for_people(_MANAGE, proved=True)
async def add(request: Request, pages: Pages, who: Principal) -> Response:
    """Make one and show its secret, this once."""
    form, service = await form_of(request), service_of(request)

    def run() -> str:
        name, url = good(field(form, "service").strip(), most=200), field(form, "url").strip()
        if not name:
            raise RefusedError("The service is missing.", hint="Name the service that is told.")
        check_target(url)
        with service.store.write() as conn:
            return webhooks.add_endpoint(
                conn, service=name, url=url, keyring=service.vault.keyring, by=who, at=service.clock(),
                random=secrets.token_bytes,
            )[1]  # fmt: skip

    try:
        secret = await run_in_threadpool(run)
    except RempartError as err:
        page = await run_in_threadpool(_all, service, form=typed(form, "service", "url"))
        return again(request, page, err, who=who)
    return render(request, await run_in_threadpool(_all, service, secret=secret), who=who)


@for_people(_MANAGE)
async def webhook_page(request: Request, pages: Pages, who: Principal) -> Response:
    """One of them, with its messages."""
    before = asked(request, "before", most=60)
    page = await run_in_threadpool(_one, service_of(request), place(request, "hook"), who, before=before)
    return render(request, page, who=who, message=_message(request))


@for_people(_MANAGE, proved=True)
async def rotate(request: Request, pages: Pages, who: Principal) -> Response:
    """A new secret, shown this once."""
    form, service, hook = await form_of(request), service_of(request), place(request, "hook")

    def run() -> str:
        hours = whole(field(form, "hours"), most=_MOST_HOURS)
        with service.store.write() as conn:
            return webhooks.rotate(
                conn, hook, overlap=webhooks.OVERLAP if hours is None else timedelta(hours=hours),
                keyring=service.vault.keyring, by=who, at=service.clock(), random=secrets.token_bytes,
            )  # fmt: skip

    try:
        secret = await run_in_threadpool(run)
    except RempartError as err:
        page = await run_in_threadpool(_one, service, hook, who, form=typed(form, "hours"))
        return again(request, page, err, who=who)
    return render(request, await run_in_threadpool(_one, service, hook, who, secret=secret), who=who)


@for_people(_MANAGE, proved=True)
async def set_state(request: Request, pages: Pages, who: Principal) -> Response:
    """Pause it, or go on."""
    form, hook = await form_of(request), place(request, "hook")
    enabled = field(form, "state") == "enabled"

    def change(conn: Connection, service: Service) -> None:
        webhooks.set_state(conn, hook, enabled=enabled, by=who, at=service.clock())

    return await _changed(request, who, form, change, "hook_enabled" if enabled else "hook_disabled")


@for_people(_MANAGE, proved=True)
async def delete(request: Request, pages: Pages, who: Principal) -> Response:
    """Delete it with its secrets."""
    service, hook = service_of(request), place(request, "hook")

    def run() -> None:
        with service.store.write() as conn:
            webhooks.remove(conn, hook, by=who, at=service.clock())

    await run_in_threadpool(run)
    return RedirectResponse("/webhooks?done=hook_deleted", 303)


@for_people(_MANAGE, proved=True)
async def retry(request: Request, pages: Pages, who: Principal) -> Response:
    """Send messages again that were given up."""
    form = await form_of(request)
    chosen = [good(one, most=60) for one in form.getlist("message") if isinstance(one, str)]

    def change(conn: Connection, service: Service) -> None:
        webhooks.retry(conn, chosen, by=who, at=service.clock())

    return await _changed(request, who, form, change, "hook_retried")


@for_people(_MANAGE, proved=True)
async def replay(request: Request, pages: Pages, who: Principal) -> Response:
    """Send what was decided after a number again."""
    form, service, hook = await form_of(request), service_of(request), place(request, "hook")

    def run() -> tuple[int, int | None]:
        after = whole(field(form, "after"))
        if after is None:
            raise RefusedError("A number is expected here.", hint="Write digits only, or leave the field empty.")
        with service.store.write() as conn:
            return webhooks.replay(conn, hook, after=after, by=who, at=service.clock())

    try:
        count, following = await run_in_threadpool(run)
    except RempartError as err:
        page = await run_in_threadpool(_one, service, hook, who, form=typed(form, "after"))
        return again(request, page, err, who=who)
    page = await run_in_threadpool(_one, service, hook, who, replayed=count, following=following)
    return render(request, page, who=who)


async def _changed(
    request: Request, who: Principal, form: FormData, change: Callable[[Connection, Service], None], done: str
) -> Response:
    service, hook = service_of(request), place(request, "hook")

    def run() -> None:
        with service.store.write() as conn:
            change(conn, service)

    try:
        await run_in_threadpool(run)
    except RempartError as err:
        return again(request, await run_in_threadpool(_one, service, hook, who), err, who=who)
    return RedirectResponse(f"/webhooks/{hook}?done={done}", 303)


def _all(service: Service, *, sought: str = "", secret: str = "", form: Typed | None = None) -> WebhooksPage:
    with service.store.read() as conn:
        found = records.endpoints(conn, service=sought or None)
        names = sorted({key.service for key in keys.every(conn)})
        rows = tuple(_row(conn, one) for one in found)
    return WebhooksPage(rows=rows, sought=sought, services=tuple(names), secret=secret, typed=form or Typed())


def _one(
    service: Service,
    hook: str,
    who: Principal,
    *,
    before: str = "",
    secret: str = "",
    replayed: int | None = None,
    following: int | None = None,
    form: Typed | None = None,
) -> WebhookPage:
    with service.store.read() as conn:
        row = webhooks.own_endpoint(conn, hook, by=who)
        found = records.messages_of(conn, row.id, most=PAGE + 1, before=before or None)
        messages = tuple(
            MessageRow(message=one, attempts=records.attempts_of(conn, one.id)[-5:]) for one in found[:PAGE]
        )
        shown = _row(conn, row)
    return WebhookPage(
        row=shown, messages=messages, next=found[PAGE - 1].id if len(found) > PAGE else "", secret=secret,
        replayed=replayed, following=following, typed=form or Typed(hours="24"),
    )  # fmt: skip


def _row(conn: Connection, one: Endpoint) -> HookRow:
    counts = records.counts_of(conn, one.id)
    return HookRow(
        endpoint=one, waiting=counts.get("waiting", 0), delivered=counts.get("delivered", 0),
        given_up=counts.get("given_up", 0),
    )  # fmt: skip


def _message(request: Request) -> str:
    done = request.query_params.get("done", "")
    return f"done.{done}" if done in _DONE else ""
