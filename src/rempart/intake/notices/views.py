"""What is shown of a notice: to the person who sent it, and on the console."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rempart.deadlines.clocks import State
from rempart.deadlines.regimes import Element, Regime
from rempart.intake.notices.letters import Letter
from rempart.intake.notices.records.complaints import ComplaintRow, WarningRow
from rempart.intake.notices.records.letters import LetterRow
from rempart.intake.notices.records.locations import LocationRow
from rempart.intake.notices.records.notices import NoticeRow
from rempart.intake.notices.values import Answer, ComplaintState, LocationState, NoticeState, Outcome, Track


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """One place, in the order in which the person gave it, and what became of it. `why` is the reviewers' category."""

    place: int
    url: str
    state: LocationState
    decided_at: datetime | None
    removed_at: datetime | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeView:
    """How one law stands to a notice: since when it applies, or what is missing."""

    regime: Regime
    valid_at: datetime | None
    missing: tuple[Element, ...]
    barred: bool

    @property
    def applies(self) -> bool:
        """Whether the notice is one under this law."""
        return self.valid_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintView:
    """A complaint and what became of it."""

    at: datetime
    state: ComplaintState
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """A notice as the person who sent it sees it. It tells what became of the places that were named, and nothing of
    lists, copies, other notices or who decided."""

    id: str
    number: str
    language: str
    track: Track
    received: datetime
    due: datetime
    state: NoticeState
    outcome: Outcome | None
    decided_at: datetime | None
    withdrawn_at: datetime | None
    places: tuple[PlaceView, ...]
    regimes: tuple[RegimeView, ...]
    letters: tuple[Letter, ...]
    complaints: tuple[ComplaintView, ...]
    complaint_until: datetime | None
    may_complain: bool
    may_withdraw: bool
    guarded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockView:
    """One law's time for a notice and how it stands now."""

    regime: Regime
    trigger: datetime
    due: datetime
    met: datetime | None
    warned: datetime | None
    alarmed: datetime | None
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """A notice in a list on the console. `clock` is the one that ends first of those that run."""

    notice: NoticeRow
    clock: ClockView | None
    places: int
    decided: int
    complaint: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePage:
    """A page of notices; `next` is asked for as `after`, None on the last page."""

    lines: tuple[NoticeLine, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One row of the check-list: an element, whether the notice has it, and whether each law asks for it."""

    element: Element
    given: bool
    asked: tuple[bool, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeFile:
    """All that reviewers see of a notice. Who sent it is not in it (`sealed` says what is known of that); what they
    wrote is. `warning` is what is counted of the sender. `signals` is how many look for copies."""

    notice: NoticeRow
    synthetic: Answer | None
    regimes: tuple[RegimeView, ...]
    clocks: tuple[ClockView, ...]
    places: tuple[LocationRow, ...]
    letters: tuple[LetterRow, ...]
    complaints: tuple[ComplaintRow, ...]
    complaint_texts: Mapping[str, str] = field(repr=False)
    explanation: str = field(repr=False)
    sealed: tuple[str, ...]
    signals: int
    warning: WarningRow | None

    @property
    def laws(self) -> tuple[RegimeView, ...]:
        """The laws that whoever sent it may invoke."""
        return tuple(one for one in self.regimes if not one.barred)

    @property
    def checks(self) -> tuple[Check, ...]:
        """The check-list: each element that one of these laws asks for, in the order in which forms have them."""
        given = frozenset(map(Element, self.notice.declared))
        child = self.notice.track == Track.CHILD
        asked = [frozenset(one.regime.asked(child=child)) for one in self.laws]
        return tuple(
            Check(element=one, given=one in given, asked=tuple(one in some for some in asked))
            for one in Element
            if any(one in some for some in asked)
        )
