"""What became of a notice, for whoever has its number and its secret; taking it back, and complaining.

The secret comes by POST alone and is kept nowhere: each form on the page carries it along.
"""

from __future__ import annotations

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.errors import NotFoundError, RefusedError, RempartError, TooManyRequestsError
from rempart.intake.notices import complaints, reading, withdrawal
from rempart.intake.notices.tickets import number_of
from rempart.intake.notices.values import Track
from rempart.intake.notices.views import NoticeView
from rempart.server.access import Access
from rempart.server.noticing import writer_of
from rempart.server.pages.doors import status_of
from rempart.server.pages.notice.contexts import CasePage, LetterShown, NumberPage
from rempart.server.pages.notice.helplines import helplines
from rempart.server.pages.notice.showing import for_the_person, form_of, language, show, waits
from rempart.server.pages.notice.telling import WHYS
from rempart.server.pages.texts import texts
from rempart.server.service import Service

_NO_NUMBER = "follow"
"""Stands in the address where a number would."""


@for_the_person
async def number_page(request: Request, service: Service) -> Response:
    """Asks for the secret, and for the number where the address has none."""
    return show(request, NumberPage(number=_number(request)), lang=language(request, {}))


@for_the_person
async def case_page(request: Request, service: Service) -> Response:
    """What became of a notice, after what was asked for was done: nothing, taking it back, complaining."""
    form = await form_of(request)
    lang = language(request, form)
    number, secret = form.get("number", "") or _number(request), form.get("secret", "")
    access: Access = request.app.state.access
    address = access.address(request)
    try:
        view = await run_in_threadpool(_look, service, number, secret, address)
    except (NotFoundError, TooManyRequestsError) as err:
        return _again(request, err, number=number, lang=lang)
    doing, problem, remedy = form.get("do", "look"), "", ""
    if doing in ("withdraw", "complain"):
        try:
            view = await run_in_threadpool(_do, service, view, doing, form, secret, address)
        except RefusedError as err:
            problem, remedy = texts(lang).told(err)
            doing = f"ask-{doing}"
    page = CasePage(
        view=view, secret=secret, doing=doing, text=form.get("text", ""), problem=problem, remedy=remedy,
        letters=_letters(view), most=complaints.MOST_TEXT, whys=WHYS,
        help=helplines(service.settings.notices, lang, child=view.track is Track.CHILD),
    )  # fmt: skip
    return show(request, page, lang=lang, status=422 if problem else 200, in_form=True)


def _look(service: Service, number: str, secret: str, address: str) -> NoticeView:
    return reading.by_number(
        service.store, number, secret, keyring=service.vault.keyring, address=address, at=service.clock()
    )


def _do(
    service: Service, view: NoticeView, doing: str, form: Mapping[str, str], secret: str, address: str
) -> NoticeView:
    """Take it back or complain, and look again."""
    writer = writer_of(service.settings, service.vault.keyring)
    with service.store.write() as conn:
        if doing == "withdraw":
            withdrawal.withdraw(conn, view.id, writer=writer, at=service.clock())
        else:
            complaints.complain(conn, view.id, form.get("text", ""), writer=writer, at=service.clock())
    return _look(service, view.number, secret, address)


def _again(request: Request, err: RempartError, *, number: str, lang: str) -> Response:
    """The same two fields, and what was wrong."""
    words = texts(lang)
    said, remedy = words.told(err)
    if isinstance(err, TooManyRequestsError):
        said, remedy = words.say("notice.stray.tries"), waits(words, err.retry_after)
    page = NumberPage(number=number_of(number) if number.strip() else "", problem=said, remedy=remedy)
    return show(request, page, lang=lang, status=status_of(err))


def _letters(view: NoticeView) -> tuple[LetterShown, ...]:
    """The letters that were written, the youngest first."""
    found = (LetterShown(kind=one.kind, at=one.at, text=one.text) for one in view.letters)
    return tuple(sorted(found, key=lambda one: one.at, reverse=True))


def _number(request: Request) -> str:
    text = str(request.path_params["number"])
    return "" if text == _NO_NUMBER else number_of(text)
