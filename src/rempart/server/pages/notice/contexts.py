"""What the public pages show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from rempart.intake.notices.views import NoticeView
from rempart.server.pages.contexts import Context
from rempart.server.pages.notice.answers import Answers
from rempart.server.pages.notice.helplines import Helpline
from rempart.server.pages.notice.steps import Problem, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPage(Context):
    """One step. `so_far` is the text of what was answered; `number` and `of` say how far one is; `asking` says for an
    answer which laws ask for it; `room`: bytes that the text of a copy may have;
    `typing`: characters that can be typed at once."""

    template: ClassVar[str] = "notice/step"
    step: Step
    answers: Answers
    so_far: str
    number: int
    of: int
    hours: int
    problems: Sequence[Problem] = ()
    help: Sequence[Helpline] = ()
    asking: Mapping[str, str] = field(default_factory=dict)
    room: int = 0
    typing: int = 0

    def wrong(self, name: str) -> bool:
        """Whether an answer has to be put right."""
        return any(one.field == name for one in self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """How one law stands to what is about to be sent. `missing` are keys of what it asks for and is not there."""

    title: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewPage(Context):
    """Everything that is sent, word for word, before it is sent."""

    template: ClassVar[str] = "notice/review"
    answers: Answers
    so_far: str
    addresses: tuple[str, ...]
    number: int
    hours: int
    laws: tuple[Law, ...] = ()
    help: Sequence[Helpline] = ()
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentPage(Context):
    """The number and the secret, and what happens by when. `secret` is empty where the same was sent a while ago;
    `contact` is what was given."""

    template: ClassVar[str] = "notice/sent"
    number: str
    secret: str
    due: datetime
    hours: int
    address: str
    child: bool
    contact: str
    laws: tuple[Law, ...] = ()
    help: Sequence[Helpline] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StrayPage(Context):
    """Something else went wrong; what was answered comes along in `so_far`. `begin`: there is a first step to go to."""

    template: ClassVar[str] = "notice/stray"
    status: int
    problem: str
    remedy: str
    so_far: str = ""
    begin: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPage(Context):
    """Asks for the number, if it is not known, and the secret."""

    template: ClassVar[str] = "notice/number"
    number: str
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectPage(Context):
    """Asks for a photo's hash. `done` is "protected" (`photo` is its id, to write down) or "withdrawn"."""

    template: ClassVar[str] = "notice/protect"
    signals: str = ""
    done: str = ""
    photo: str = field(default="", repr=False)
    problem: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterShown:
    """A letter; `text` is empty once it was erased."""

    kind: str
    at: datetime
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage(Context):
    """What became of a notice. `doing` is what is asked about ("ask-withdraw", "ask-complain") or was just done;
    `text` is the complaint as it was typed, of `most` characters; `whys` are the reasons that are told in words."""

    template: ClassVar[str] = "notice/case"
    view: NoticeView
    secret: str = field(repr=False)
    doing: str
    text: str
    problem: str
    remedy: str
    letters: tuple[LetterShown, ...]
    most: int
    whys: frozenset[str]
    help: Sequence[Helpline] = ()
