"""What the pages of care show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from rempart.cases.assessing.outcomes import Became
from rempart.cases.care.groups import Week
from rempart.cases.care.meter import Exposure, Limits
from rempart.cases.care.practice import Told
from rempart.cases.records.care import OwnLimits
from rempart.cases.records.training import RunRow
from rempart.server.pages.contexts import Context
from rempart.server.pages.sight.panel import Care, Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One of the last days, as its person's calendar in UTC has it."""

    day: date
    looks: int
    reveals: int
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CarePage(Context):
    """One's own figures, limits and ways to stop. `team` are the team's limits, `limits` those that hold."""

    template: ClassVar[str] = "care/care"
    styles: ClassVar[tuple[str, ...]] = ("care.css",)
    seen: Exposure
    care: Care
    days: tuple[Day, ...]
    team: Limits
    limits: Limits
    own: OwnLimits
    peer_contact: str
    leads: bool
    outcomes: tuple[Became, ...]
    reached: bool = False

    @property
    def minutes(self) -> int:
        """The minutes of the day so far."""
        return -(-self.seen.seconds // 60)

    @property
    def minutes_most(self) -> int:
        """The minutes that a day may have."""
        return self.limits.seconds_per_day // 60


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppedPage(Context):
    """After stopping."""

    template: ClassVar[str] = "care/stopped"
    styles: ClassVar[tuple[str, ...]] = ("care.css",)
    released: int
    peer_contact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPage(Context):
    """What the team had to see, in whole weeks and groups."""

    template: ClassVar[str] = "care/team"
    styles: ClassVar[tuple[str, ...]] = ("care.css",)
    weeks: tuple[Week, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingsPage(Context):
    """Practice, and one's own runs."""

    template: ClassVar[str] = "care/trainings"
    styles: ClassVar[tuple[str, ...]] = ("care.css",)
    runs: tuple[RunRow, ...]
    pictures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPage(Context):
    """A run: the picture whose turn it is with its questions, or (`told`) what was drawn. `over`: all are answered."""

    template: ClassVar[str] = "care/training"
    styles: ClassVar[tuple[str, ...]] = ("sight.css", "care.css")
    modules: ClassVar[tuple[str, ...]] = ("sight.js",)
    run: str
    number: int
    pictures: int
    panel: Panel | None
    step: str
    over: bool
    told: Told | None
    answers: tuple[Told, ...]
    codes: tuple[str, ...]
    kinds: tuple[str, ...]
    confidence: tuple[str, ...]
