"""What the pages of figures show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from markupsafe import Markup

from rempart.cases.quality.agreeing import Agreed
from rempart.cases.quality.precision import Precision
from rempart.cases.records.figures import CaseFigure
from rempart.server.pages.contexts import Context

AGES = ("hour", "day", "week", "older")
"""Names of the spans into which the ages of open cases are put."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecksOfMonth:
    """How many checks were answered in a month, by verdict."""

    month: str
    allow: int
    hold: int
    block: int

    @property
    def total(self) -> int:
        return self.allow + self.hold + self.block


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAges:
    """How many open cases of a queue are younger than an hour, a day, a week, and how many are older."""

    queue: str
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        return sum(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What somebody may look at alone: a list or a category."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsPage(Context):
    """All figures of some months. `slice` names what the cases are narrowed down to, empty for all of them; `at` is
    when cases were counted last, None where they never were. A chart is
    empty where there is nothing to draw; `labels` are the names of the months."""

    template: ClassVar[str] = "figures/statistics"
    styles: ClassVar[tuple[str, ...]] = ("figures.css",)
    at: datetime | None
    months: int
    spans: tuple[int, ...]
    choices: tuple[Choice, ...]
    slice: str
    query: str
    checks: tuple[ChecksOfMonth, ...]
    cases: tuple[CaseFigure, ...]
    queues: tuple[QueueAges, ...]
    oldest: datetime | None
    lists: tuple[Precision, ...]
    categories: tuple[Precision, ...]
    probes: tuple[Precision, ...]
    agreements: tuple[Agreed, ...]
    looks: tuple[Agreed, ...]
    charts: Mapping[str, Markup]
    labels: Mapping[str, str]
