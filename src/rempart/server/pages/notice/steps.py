"""The steps: which come for whom, what each asks, and what has to be answered before the next."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from rempart.errors import RefusedError
from rempart.intake.notices.hashes import read_hashes
from rempart.server.pages.notice import addresses
from rempart.server.pages.notice.answers import MOST, MOST_BYTES, Answers, Role, size, taken


class Step(StrEnum):
    """One question of the way."""

    WHO = "who"
    AGE = "age"
    WHERE = "where"
    COPY = "copy"
    WORDS = "words"
    YOU = "you"
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What has to be put right: the field, and what is said of it."""

    field: str
    key: str
    values: Mapping[str, int | str]


ASKS: Mapping[Step, tuple[str, ...]] = {
    Step.WHO: ("role",), Step.AGE: ("minor",), Step.WHERE: ("where", "note", "insider"), Step.COPY: ("signals",),
    Step.WORDS: ("synthetic", "explanation", "intimate", "good_faith", "accurate"),
    Step.YOU: ("name", "contact", "signature", "insider"), Step.REVIEW: (),
}  # fmt: skip
"""The answers that each step asks for."""
_WHOLE = (Step.WHO, Step.AGE, Step.WHERE, Step.COPY, Step.WORDS, Step.YOU, Step.REVIEW)
_CHILD = (Step.WHO, Step.AGE, Step.WHERE, Step.REVIEW)
_BYSTANDER = (Step.WHO, Step.WHERE, Step.REVIEW)
_LATER = 3_000
"""Bytes kept free for what comes after the step of the copy."""
_SHORT = 2_100
"""Bytes kept free for what comes after the words: three short lines."""
_PLACES = 5_500
"""Bytes that the places may have."""
_WIDEST = 3
"""Bytes that a character of a form's field may have, as browsers count characters."""
_SIGNALS = re.compile(r"recipe [\w.-]{1,40}\nsha256 [0-9a-f]{64}(\n[0-9a-f]{64} \d{1,3}){0,200}")


def way(answers: Answers) -> tuple[Step, ...]:
    """The steps for who answered so far."""
    if answers.role == Role.BYSTANDER:
        return _BYSTANDER
    return _CHILD if answers.child else _WHOLE


def asked(step: Step, answers: Answers) -> tuple[str, ...]:
    """What a step asks of this person: the quiet question about the team stands in the last step before the review, and
    a bystander may say there that somebody seems to be under 18."""
    early = step is Step.WHERE and not answers.short
    names = tuple(name for name in ASKS[step] if not (early and name == "insider"))
    return (*names, "minor") if step is Step.WHERE and answers.role == Role.BYSTANDER else names


def answered(step: Step, answers: Answers, form: Mapping[str, str]) -> Answers:
    """The answers with those of one step's form."""
    said = taken(answers, {name: form.get(name, "") for name in asked(step, answers)})
    if step is Step.WHERE:
        seen = addresses.found(said.where)
        said = said if seen.unread else replace(said, where="\n".join(seen.addresses))
    if step is Step.COPY:
        said = fitting(said, MOST_BYTES - _LATER)
    elif step is Step.WORDS:
        said = fitting(said, MOST_BYTES - _SHORT)
    return said.kept()


def after(step: Step, answers: Answers) -> Step:
    """The step that comes next."""
    steps = way(answers)
    return steps[min(steps.index(step) + 1, len(steps) - 1)] if step in steps else steps[0]


def before(step: Step, answers: Answers) -> Step:
    """The step that came before."""
    steps = way(answers)
    return steps[max(steps.index(step) - 1, 0)] if step in steps else steps[0]


def room(answers: Answers) -> int:
    """How many bytes the text of a copy may have, so that there is some left for what is said afterwards."""
    return max(MOST_BYTES - _LATER - size(replace(answers, signals="")), 0)


def typing(answers: Answers) -> int:
    """How many characters can be typed in a step so that its form is read in any case, whatever they are."""
    return max((MOST_BYTES - size(answers)) // _WIDEST, 300)


def fitting(answers: Answers, most: int) -> Answers:
    """The answers within so many bytes, as far as the text of a copy can give way: of the frames of a long video as
    many as there is room for, evenly spaced."""
    if not _SIGNALS.fullmatch(answers.signals) or size(answers) <= most:
        return answers
    recipe, digest, *frames = answers.signals.split("\n")
    bare = size(replace(answers, signals=f"{recipe}\n{digest}"))
    each = max((len(line) for line in frames), default=1) + 4  # the ends of the line, and its indentation
    fit = max(min(len(frames), (most - bare) // each), 0)
    kept = (frames[at * len(frames) // fit] for at in range(fit))
    return replace(answers, signals="\n".join([recipe, digest, *kept]))


def problems(step: Step, answers: Answers) -> tuple[Problem, ...]:
    """What has to be put right before the next step."""
    return tuple(_problems(step, answers))


def wrong(answers: Answers) -> tuple[Step, Sequence[Problem]] | None:
    """The first step of the whole way that has to be put right, and what."""
    for step in way(answers):
        if found := problems(step, answers):
            return step, found
    return None


def _problems(step: Step, answers: Answers) -> Iterator[Problem]:
    for name in asked(step, answers):
        most = MOST.get(name)
        if most and len(getattr(answers, name)) > most:
            yield Problem(field=name, key="notice.wrong.long", values={"most": most})
    match step:
        case Step.WHO if not answers.role:
            yield Problem(field="role", key="notice.wrong.role", values={})
        case Step.AGE if not answers.minor:
            yield Problem(field="minor", key="notice.wrong.minor", values={})
        case Step.WHERE:
            yield from _places(answers.where)
        case Step.COPY if not _is_sound(answers.signals):
            yield Problem(field="signals", key="notice.wrong.signals", values={})
        case _:
            pass
    counted, limit = _counted(step, answers)
    if (found := size(counted)) > limit:
        first = next((name for name in asked(step, answers) if name in ("signals", "explanation", "where")), "")
        yield Problem(field=first, key="notice.wrong.size", values={"size": found, "most": limit})


def _counted(step: Step, answers: Answers) -> tuple[Answers, int]:
    """What is counted in a step, and how many bytes it may have, so that there is room for what comes after it."""
    if step is Step.WHERE:
        return Answers(where=answers.where, note=answers.note), _PLACES
    if step is Step.WORDS:
        return replace(answers, name="", contact="", signature=""), MOST_BYTES - _SHORT
    return answers, MOST_BYTES


def _is_sound(signals: str) -> bool:
    """Whether a copy's text is one that the page made, or empty."""
    try:
        read_hashes(signals)
    except RefusedError:
        return False
    return True


def _places(where: str) -> Iterator[Problem]:
    if not where:
        yield Problem(field="where", key="notice.wrong.nowhere", values={})
        return
    seen = addresses.found(where)
    for line in seen.unread[:3]:
        told = line if len(line) <= 60 else f"{line[:59]}…"
        yield Problem(field="where", key="notice.wrong.address", values={"line": told})
    if len(seen.addresses) > addresses.MOST:
        yield Problem(field="where", key="notice.wrong.many", values={"most": addresses.MOST})
    if any(len(one) > addresses.LONGEST for one in seen.addresses):
        yield Problem(field="where", key="notice.wrong.long_address", values={"most": addresses.LONGEST})
