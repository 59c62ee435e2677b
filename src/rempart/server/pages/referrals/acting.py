"""What people do with a referral on its page; seconding is on the page of approvals."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import IO

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from rempart.errors import RefusedError, RempartError
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.orders.values import Ground
from rempart.reports.referrals import drafting, handing
from rempart.reports.referrals.drafting import Wanted
from rempart.reports.referrals.packing import pack
from rempart.server.pages.doors import Pages, again, field, for_people, form_of
from rempart.server.pages.referrals.reading import new_of, page_of
from rempart.server.referring import sender_of, signer_of
from rempart.server.service import Service

_PIECE = 1 << 18
Step = Callable[[Connection], str]
"""Does something; gives the name of what was done."""


@for_people(Permission.REPORTS_PREPARE, back=1)
async def draft(request: Request, pages: Pages, who: Principal) -> Response:
    """Freeze what a case comes to for the recipients that were chosen."""
    service: Service = request.app.state.service
    form = await form_of(request)
    case_id = field(form, "case")[:40]

    def run() -> str:
        known = {one.value: one for one in Ground}
        if field(form, "ground") not in known:
            raise RefusedError("The ground is missing.", hint="Choose why it is handed over.")
        wanted = Wanted(
            case_id=case_id, to=[str(one) for one in form.getlist("to")], content=field(form, "content") == "yes",
            ground=known[field(form, "ground")], order=field(form, "order")[:40],
            language=field(form, "language"), note=field(form, "note"),
        )  # fmt: skip
        with service.store.write() as conn:
            return drafting.draft(
                conn, wanted, who, sender=sender_of(service.settings), keyring=service.vault.keyring,
                at=service.clock(),
            ).id  # fmt: skip

    try:
        referral = await run_in_threadpool(run)
    except RempartError as err:
        page = await run_in_threadpool(new_of, service, who, case_id, form)
        return again(request, page, err, who=who)
    return RedirectResponse(f"/referrals/{referral}?done=referral_drafted", 303)


@for_people(Permission.REPORTS_PREPARE)
async def counted(request: Request, pages: Pages, who: Principal) -> Response:
    """End the referral that waits in a case because the report that was made counts."""
    service: Service = request.app.state.service
    case_id = field(await form_of(request), "case")[:40]

    def run() -> None:
        with service.store.write() as conn:
            handing.count(
                conn, case_id, who, sender=sender_of(service.settings), vault=service.vault, at=service.clock()
            )  # fmt: skip

    try:
        await run_in_threadpool(run)
    except RempartError as err:
        page = await run_in_threadpool(new_of, service, who, case_id)
        return again(request, page, err, who=who)
    return RedirectResponse("/referrals?done=referral_counted", 303)


@for_people(Permission.REPORTS_PREPARE, back=2)
async def ask(request: Request, pages: Pages, who: Principal) -> Response:
    """Ask a second person, or confirm what holds no content."""
    service, referral = _asked(request)

    def step(conn: Connection) -> str:
        asked = drafting.ask(conn, referral, who, at=service.clock())
        return "referral_asked" if asked else "referral_confirmed"

    return await _done(request, who, step)


@for_people(Permission.REPORTS_APPROVE, proved=True, back=2)
async def alone(request: Request, pages: Pages, who: Principal) -> Response:
    """Confirm alone, because somebody is in danger or nobody seconded it in time."""
    service, referral = _asked(request)
    reason = field(await form_of(request), "reason")

    def step(conn: Connection) -> str:
        drafting.confirm_alone(conn, referral, who, reason=reason, at=service.clock())
        return "referral_confirmed"

    return await _done(request, who, step)


@for_people(Permission.REPORTS_APPROVE, back=2)
async def review(request: Request, pages: Pages, who: Principal) -> Response:
    """Note that one has looked at what another person confirmed alone."""
    service, referral = _asked(request)

    def step(conn: Connection) -> str:
        drafting.review(conn, referral, who, at=service.clock())
        return "referral_reviewed"

    return await _done(request, who, step)


@for_people(Permission.REPORTS_PREPARE, back=2)
async def withdraw(request: Request, pages: Pages, who: Principal) -> Response:
    """Take it back."""
    service, referral = _asked(request)
    why = field(await form_of(request), "why")

    def step(conn: Connection) -> str:
        if not why.strip():
            raise RefusedError("A reason is missing.", hint="Say in a sentence why it is taken back.")
        drafting.withdraw(conn, referral, who, why=why, keyring=service.vault.keyring, at=service.clock())
        return "referral_withdrawn"

    return await _done(request, who, step)


@for_people(Permission.REPORTS_PREPARE, back=2)
async def hand_over(request: Request, pages: Pages, who: Principal) -> Response:
    """Note that the recipient has the package."""
    service, referral = _asked(request)
    form = await form_of(request)

    def step(conn: Connection) -> str:
        handing.hand_over(
            conn, referral, who, reference=field(form, "reference"), how=field(form, "how"), vault=service.vault,
            at=service.clock(),
        )  # fmt: skip
        return "referral_handed"

    return await _done(request, who, step)


@for_people(Permission.REPORTS_PREPARE, proved=True, back=2)
async def package(request: Request, pages: Pages, who: Principal) -> Response:
    """Make the sealed package and send it to the browser; on the disk there is never more of it than its sealed form,
    in a file without a name."""
    service, referral = _asked(request)

    def make() -> IO[bytes]:
        out = tempfile.TemporaryFile(dir=service.settings.data)  # noqa: SIM115 - closed when it was sent
        try:
            pack(
                service.vault, referral, out, who, sender=sender_of(service.settings),
                signer=signer_of(service.settings),
            )  # fmt: skip
        except BaseException:
            out.close()
            raise
        out.seek(0)
        return out

    try:
        made = await run_in_threadpool(make)
    except RempartError as err:
        page = await run_in_threadpool(page_of, service, who, referral)
        return again(request, page, err, who=who)
    headers = {"content-disposition": f'attachment; filename="{referral}.age"', "cache-control": "no-store"}
    return StreamingResponse(_pieces(made), media_type="application/octet-stream", headers=headers)


def _pieces(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while piece := made.read(_PIECE):
            yield piece


async def _done(request: Request, who: Principal, step: Step) -> Response:
    service, referral = _asked(request)
    form = await form_of(request)

    def write() -> str:
        with service.store.write() as conn:
            return step(conn)

    try:
        done = await run_in_threadpool(write)
    except RempartError as err:
        page = await run_in_threadpool(page_of, service, who, referral, form)
        return again(request, page, err, who=who)
    return RedirectResponse(f"/referrals/{referral}?done={done}", 303)


def _asked(request: Request) -> tuple[Service, str]:
    return request.app.state.service, request.path_params["referral"]
