"""The way of a notice: one step after the other, everything shown before it is sent, and then the number."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from rempart.errors import RefusedError, TooManyRequestsError
from rempart.intake.notices import abuse
from rempart.intake.notices.values import Submitted, preview
from rempart.server.access import Access
from rempart.server.noticing import sending_of
from rempart.server.pages.notice import steps
from rempart.server.pages.notice.answers import Answers, read, written
from rempart.server.pages.notice.contexts import ReviewPage, SentPage, StepPage
from rempart.server.pages.notice.helplines import helplines
from rempart.server.pages.notice.showing import for_the_person, form_of, language, show
from rempart.server.pages.notice.steps import Problem, Step
from rempart.server.pages.notice.telling import HOURS, asking, laws, notice_of
from rempart.server.pages.texts import LANGUAGES, texts
from rempart.server.service import Service


@for_the_person
async def start(request: Request, service: Service) -> Response:
    """The first step."""
    answers = Answers(language=language(request, {}), once=secrets.token_hex(16))
    return _show(request, service, Step.WHO, answers)


@for_the_person
async def step(request: Request, service: Service) -> Response:
    """What was answered in one step, and the step that was asked for: the next, the one before, or any."""
    form = await form_of(request)
    answers = read(form.get("so_far", ""))
    answers = answers if answers.once else replace(answers, once=secrets.token_hex(16))
    here, going = _step(form.get("step", "")), form.get("go", "next")
    answers = steps.answered(here, answers, form)
    if going.removeprefix("lang-") in LANGUAGES:
        return _show(request, service, here, replace(answers, language=going.removeprefix("lang-")))
    if going == "back":
        return _show(request, service, steps.before(here, answers), answers)
    if going.startswith("to-"):
        return _show(request, service, _step(going.removeprefix("to-")), answers)
    if wrong := steps.problems(here, answers):
        return _show(request, service, here, answers, problems=wrong)
    return _show(request, service, steps.after(here, answers), answers)


def _step(name: str) -> Step:
    return Step(name) if name in set(Step) else Step.WHO


@for_the_person
async def send(request: Request, service: Service) -> Response:
    """What was shown is taken in; then the number and the secret are shown."""
    form = await form_of(request)
    answers = read(form.get("notice", ""))
    if steps.wrong(answers):
        return _show(request, service, Step.REVIEW, answers)
    access: Access = request.app.state.access
    sending = sending_of(service.settings, service.store, service.vault.keyring)
    try:
        sent = await run_in_threadpool(
            sending.send, notice_of(answers), text=written(answers.kept()), once=answers.once,
            address=access.address(request), at=service.clock(),
        )  # fmt: skip
    except RefusedError as err:
        if isinstance(err, TooManyRequestsError):
            raise
        return _review(request, service, answers, error=err)
    await _slowly(request, service)
    return show(request, _sent(request, service, answers, sent), lang=answers.language)


async def _slowly(request: Request, service: Service) -> None:
    """A notice is never refused for those that came before it from the same place; its answer waits."""
    access: Access = request.app.state.access
    wait = await run_in_threadpool(
        abuse.pause, service.store, keyring=service.vault.keyring, address=access.address(request), at=service.clock()
    )
    await asyncio.sleep(wait.total_seconds())


def _sent(request: Request, service: Service, answers: Answers, sent: Submitted) -> SentPage:
    base = service.settings.server.public_url or str(request.base_url)
    kept = answers.kept()
    return SentPage(
        number=sent.number, secret=sent.secret, due=sent.due, hours=HOURS, child=kept.child,
        address=f"{base.rstrip('/')}/notice/{sent.number}", contact=kept.contact,
        laws=laws(sent.regimes, kept.language, short=kept.short),
        help=helplines(service.settings.notices, kept.language, child=kept.short),
    )  # fmt: skip


def _show(
    request: Request, service: Service, step: Step, answers: Answers, *, problems: tuple[Problem, ...] = ()
) -> Response:
    """One step; a step that is not on this person's way leads to the first that has to be put right."""
    way = steps.way(answers)
    if step is Step.REVIEW and (found := steps.wrong(answers)):
        step, problems = found[0], tuple(found[1])
    if step is Step.REVIEW:
        return _review(request, service, answers)
    step = step if step in way else way[0]
    settings, lang = service.settings.notices, answers.language
    page = StepPage(
        step=step, answers=answers, so_far=written(answers), number=way.index(step) + 1, of=len(way),
        problems=problems, hours=HOURS, room=steps.room(answers),
        typing=steps.typing(answers), asking=asking(settings.regimes, answers.role, lang),
        help=helplines(settings, lang, child=True) if answers.short and step is not Step.WHO else (),
    )  # fmt: skip
    return show(request, page, lang=lang, status=422 if problems else 200, in_form=True)


def _review(request: Request, service: Service, answers: Answers, *, error: RefusedError | None = None) -> Response:
    """Everything, before it is sent; again with what was wrong, where it could not be taken in."""
    said, remedy = texts(answers.language).told(error) if error else ("", "")
    settings, lang, kept = service.settings.notices, answers.language, answers.kept()
    stand = preview(notice_of(kept), settings.regimes)
    page = ReviewPage(
        answers=kept, so_far=written(kept), addresses=tuple(kept.where.split("\n")),
        number=len(steps.way(kept)), hours=HOURS, laws=laws(stand, lang, short=kept.short),
        help=helplines(settings, lang, child=kept.short), problem=said, remedy=remedy,
    )  # fmt: skip
    return show(request, page, lang=lang, status=422 if error else 200, in_form=True)
