"""What the team does about a notice besides deciding its cases: a warning, taking back, and who sent it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rempart.errors import RefusedError, RempartError
from rempart.intake.notices import abuse, disclosing, filing, reading, track, withdrawal
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.server.noticing import writer_of
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.notices.cover import cover
from rempart.server.pages.notices.reading import page_of
from rempart.server.pages.rendering import language, render
from rempart.server.pages.texts import texts
from rempart.server.service import Service

Step = Callable[[Connection], object]


@for_people(Permission.NOTICES_DECIDE)
async def unfounded(request: Request, pages: Pages, who: Principal) -> Response:
    """Count a decided notice as one without ground."""
    service, notice = _asked(request)
    at = service.clock()
    return await _done(request, who, "notice_unfounded", lambda conn: abuse.unfounded(conn, notice, who, at=at))


@for_people(Permission.NOTICES_LEAD)
async def warn(request: Request, pages: Pages, who: Principal) -> Response:
    """Warn a sender whose notices had no ground, more than once."""
    service, notice = _asked(request)
    writer, at = writer_of(service.settings, service.vault.keyring), service.clock()
    return await _done(request, who, "notice_warned", lambda conn: abuse.warn(conn, notice, who, writer=writer, at=at))


@for_people(Permission.NOTICES_LEAD)
async def take_back(request: Request, pages: Pages, who: Principal) -> Response:
    """Take a notice back because its sender asks for it by other ways."""
    service, notice = _asked(request)
    form = await form_of(request)
    writer, at = writer_of(service.settings, service.vault.keyring), service.clock()

    def step(conn: Connection) -> None:
        if field(form, "sure") != "yes":
            raise RefusedError("Nothing was taken back.", hint="Tick that the sender asked for it.")
        row = reading.visible(conn, notice, who)
        withdrawal.withdraw(conn, row.id, writer=writer, at=at, by=who)

    return await _done(request, who, "notice_withdrawn", step)


@for_people(Permission.NOTICES_DECIDE)
async def switch_track(request: Request, pages: Pages, who: Principal) -> Response:
    """Say that the person in the picture may have been a child when it was made."""
    service, notice = _asked(request)
    at = service.clock()
    return await _done(request, who, "notice_switched", lambda conn: track.switch(conn, notice, who=who, at=at))


@for_people(Permission.NOTICES_LEAD)
async def whole_file(request: Request, pages: Pages, who: Principal) -> Response:
    """The file on a notice, to be kept; with a purpose, who sent it too."""
    service, notice = _asked(request)
    purpose = field(await form_of(request), "purpose")
    at, words = service.clock(), texts(who.language or language(request))

    def made() -> bytes:
        with service.store.write() as conn:
            return filing.export(
                conn, notice, who, keyring=service.vault.keyring, cover=partial(cover, words=words), at=at,
                purpose=purpose,
            )  # fmt: skip

    data = await run_in_threadpool(made)
    headers = {"content-disposition": f'attachment; filename="{notice}.zip"', "cache-control": "no-store"}
    return Response(data, media_type="application/zip", headers=headers)


@for_people(Permission.NOTIFIERS_READ)
async def tell(request: Request, pages: Pages, who: Principal) -> Response:
    """Show a lead who sent a notice, for a purpose, which is written down."""
    service, notice = _asked(request)
    purpose = field(await form_of(request), "purpose")
    at, keyring = service.clock(), service.vault.keyring

    def step() -> tuple[tuple[str, str], ...]:
        with service.store.write() as conn:
            found = disclosing.read_sender(conn, notice, who, purpose=purpose, keyring=keyring, at=at)
        return tuple(found.items())

    try:
        told = await run_in_threadpool(step)
    except RempartError as err:
        page = await run_in_threadpool(lambda: page_of(service, who, notice, purpose=purpose[:500]))
        return again(request, page, err, who=who)
    page = await run_in_threadpool(lambda: page_of(service, who, notice, told=told))
    return render(request, page, who=who)


async def _done(request: Request, who: Principal, done: str, step: Step) -> Response:
    service, notice = _asked(request)

    def write() -> None:
        with service.store.write() as conn:
            step(conn)

    try:
        await run_in_threadpool(write)
    except RempartError as err:
        page = await run_in_threadpool(lambda: page_of(service, who, notice))
        return again(request, page, err, who=who)
    return RedirectResponse(f"/notices/{notice}?done={done}", 303)


def _asked(request: Request) -> tuple[Service, str]:
    return request.app.state.service, request.path_params["notice"]
