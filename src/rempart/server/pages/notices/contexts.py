"""What the pages about notices show to the team."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rempart.intake.notices.letters import Letter, LetterKind
from rempart.intake.notices.records.findings import FindingRow
from rempart.intake.notices.views import Check, NoticeFile, NoticeLine, RegimeView
from rempart.reports.reasons.records.delays import Delay
from rempart.reports.reasons.records.statements import Named
from rempart.reports.reasons.statements import Shown
from rempart.server.pages.contexts import Context

STYLES = ("desk.css", "notices.css")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticesPage(Context):
    """Notices, a page of them; `state` is open, decided, withdrawn or all."""

    template: ClassVar[str] = "notices/queue"
    styles: ClassVar[tuple[str, ...]] = STYLES
    modules: ClassVar[tuple[str, ...]] = ("clocks.js",)
    wide: ClassVar[bool] = True
    lines: tuple[NoticeLine, ...]
    next: str
    state: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage(Context):
    """One notice. `told` is who sent it, opened for a purpose by a lead; empty otherwise."""

    template: ClassVar[str] = "notices/notice"
    styles: ClassVar[tuple[str, ...]] = STYLES
    modules: ClassVar[tuple[str, ...]] = ("clocks.js",)
    wide: ClassVar[bool] = True
    file: NoticeFile
    laws: tuple[RegimeView, ...]
    checks: tuple[Check, ...]
    findings: tuple[FindingRow, ...]
    now: datetime
    may_decide: bool
    may_lead: bool
    told: tuple[tuple[str, str], ...] = ()
    purpose: str = ""

    @property
    def cases(self) -> Sequence[str]:
        """The cases that the notice is about, each once, in the order of its places."""
        return tuple(dict.fromkeys(one.case_id for one in self.file.places))


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterPage(Context):
    """A letter as it was written, or (`written` False) as it would be written now."""

    template: ClassVar[str] = "notices/letter"
    styles: ClassVar[tuple[str, ...]] = STYLES
    notice: str
    number: str
    letter: Letter
    written: bool
    kinds: tuple[LetterKind, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonsPage(Context):
    """Statements of reasons, a page of them, the youngest first; `state` is waiting, out, withheld or all."""

    template: ClassVar[str] = "notices/reasons"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    rows: tuple[Named, ...]
    next: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonPage(Context):
    """One statement of reasons, in each language; `why` and `days` are a form that came back."""

    template: ClassVar[str] = "notices/reason"
    styles: ClassVar[tuple[str, ...]] = STYLES
    shown: Shown
    now: datetime
    causes: tuple[str, ...]
    most_days: int
    why: str = ""
    days: str = ""

    @property
    def running(self) -> tuple[Delay, ...]:
        """Delays that keep it now."""
        return tuple(one for one in self.shown.delays if one.until is None or one.until > self.now)
