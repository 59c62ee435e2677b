"""Asking that nobody makes generated pictures of one's own photo: by its hash, which the person's own browser makes."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.errors import NotFoundError, RefusedError, TooManyRequestsError
from rempart.intake.generator import protection
from rempart.intake.notices.hashes import read_hashes
from rempart.people.principal import SYSTEM
from rempart.server.access import Access
from rempart.server.pages.notice.contexts import ProtectPage
from rempart.server.pages.notice.showing import for_the_person, form_of, language, show
from rempart.server.pages.texts import LANGUAGES, texts
from rempart.server.service import Service

_PER_MINUTE = 12.0
_MOST_ID = 80


@for_the_person
async def start(request: Request, service: Service) -> Response:
    """The page, where the operator has switched it on."""
    _is_on(service)
    return show(request, ProtectPage(), lang=language(request, {}), in_form=True)


@for_the_person
async def protect(request: Request, service: Service) -> Response:
    """Protects a photo, or takes that back; nothing of whoever asks is kept."""
    _is_on(service)
    form = await form_of(request)
    lang, typed = language(request, form), form.get("signals", "")
    if form.get("go", "").removeprefix("lang-") in LANGUAGES:
        return show(request, ProtectPage(signals=typed), lang=lang, in_form=True)
    access: Access = request.app.state.access
    access.count_address(request, per_minute=_PER_MINUTE)
    try:
        if form.get("go") == "back":
            await run_in_threadpool(_withdraw, service, form.get("photo", ""))
            return show(request, ProtectPage(done="withdrawn"), lang=lang, in_form=True)
        made = await run_in_threadpool(_protect, service, typed)
    except RefusedError as err:
        if isinstance(err, TooManyRequestsError):
            raise
        said, remedy = texts(lang).told(err)
        page = ProtectPage(signals=typed, problem=said, remedy=remedy)
        return show(request, page, lang=lang, status=422, in_form=True)
    return show(request, ProtectPage(done="protected", photo=made), lang=lang, in_form=True)


def _is_on(service: Service) -> None:
    if not service.settings.gate.public_requests:
        raise NotFoundError("There is no such page.", hint="Go back, and open the page from a link.")


def _protect(service: Service, text: str) -> str:
    signals = protection.photo_of(read_hashes(text))
    return protection.protect(service.store, signals, by=SYSTEM, at=service.clock()).id


def _withdraw(service: Service, photo: str) -> None:
    """Only what was asked for here, by nobody in particular: its id is known to whoever asked."""
    protection.withdraw(service.store, photo.strip()[:_MOST_ID], by=SYSTEM, at=service.clock(), asked_by=SYSTEM.id)
