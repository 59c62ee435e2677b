"""The way of a notice: one step after the other, everything shown before it is sent, and then the number."""

from __future__ import annotations

import secrets
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from rempart.server.pages.notice import steps
from rempart.server.pages.notice.answers import Answers, read, written
from rempart.server.pages.notice.contexts import ReviewPage, StepPage
from rempart.server.pages.notice.helplines import helplines
from rempart.server.pages.notice.showing import for_the_person, form_of, language, show
from rempart.server.pages.notice.steps import Problem, Step
from rempart.server.pages.texts import LANGUAGES
from rempart.server.service import Service

_STEPS_PER_MINUTE = 240
_HOURS = 48


@for_the_person(per_minute=_STEPS_PER_MINUTE)
async def start(request: Request, service: Service) -> Response:
    """The first step."""
    answers = Answers(language=language(request, {}), once=secrets.token_hex(16))
    return _show(request, service, Step.WHO, answers)


@for_the_person(per_minute=_STEPS_PER_MINUTE)
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


def _show(
    request: Request, service: Service, step: Step, answers: Answers, *, problems: tuple[Problem, ...] = ()
) -> Response:
    """One step; a step that is not on this person's way leads to the first that has to be put right."""
    way = steps.way(answers)
    if step is Step.REVIEW and (found := steps.wrong(answers)):
        step, problems = found[0], tuple(found[1])
    step = step if step in way else way[0]
    number, lang = way.index(step) + 1, answers.language
    help_ = helplines(service.settings.notices, lang, child=answers.child) if step is not Step.WHO else ()
    status = 422 if problems else 200
    if step is Step.REVIEW:
        review = ReviewPage(
            answers=answers, so_far=written(answers), addresses=tuple(answers.where.split("\n")), number=number,
            hours=_HOURS, help=help_,
        )  # fmt: skip
        return show(request, review, lang=lang, status=status, in_form=True)
    page = StepPage(
        step=step, answers=answers, so_far=written(answers), number=number, of=len(way), problems=problems,
        help=help_ if answers.child else (), hours=_HOURS, room=steps.room(answers),
    )  # fmt: skip
    return show(request, page, lang=lang, status=status, in_form=True)
