"""What the pages of figures show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from markupsafe import Markup

from rempart.cases.assessing.schemes import Schemes
from rempart.cases.assessing.values import MAIN, Decision, ImageKind
from rempart.cases.quality.agreeing import Agreed
from rempart.cases.quality.precision import Precision
from rempart.cases.records.cases import Case
from rempart.cases.records.figures import CaseFigure
from rempart.cases.records.flags import Flag
from rempart.cases.records.showing import Alike
from rempart.server.pages.contexts import Context
from rempart.server.pages.sight.panel import Panel

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
    when cases were counted last, `checks_until` up to when checks are in it; None where they never were. A chart is
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
    checks_until: datetime | None
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Different:
    """A second look that came out differently from the first answer; whose they are is not said."""

    case_id: str
    done: datetime
    why: str
    first: tuple[str, str]
    second: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityPage(Context):
    """What waits for a second look by this person; for leads also what came out differently (None for others)."""

    template: ClassVar[str] = "figures/quality"
    styles: ClassVar[tuple[str, ...]] = ("figures.css",)
    waiting: int
    own: str
    different: tuple[Different, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookPage(Context):
    """A second look: the facts that the first person saw, the pictures step by step, and nothing of any answer."""

    template: ClassVar[str] = "figures/look"
    styles: ClassVar[tuple[str, ...]] = ("sight.css", "figures.css")
    modules: ClassVar[tuple[str, ...]] = ("sight.js",)
    case: Case
    items: int
    matches: tuple[Alike, ...]
    facts: tuple[Any, ...]
    schemes: Schemes
    panel: Panel
    said: Mapping[str, str]
    opened: datetime
    decisions: tuple[Decision, ...] = MAIN
    kinds: tuple[ImageKind, ...] = tuple(ImageKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRow:
    """A flag with the pseudonyms of whom it is about and of who saw to it."""

    flag: Flag
    about: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OversightPage(Context):
    """Flags in the order of time, those that wait or those that were seen to. `earlier` leads to older ones."""

    template: ClassVar[str] = "figures/oversight"
    styles: ClassVar[tuple[str, ...]] = ("figures.css",)
    state: str
    rows: tuple[FlagRow, ...]
    earlier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagPage(Context):
    """One flag, and the form to acknowledge it."""

    template: ClassVar[str] = "figures/flag"
    styles: ClassVar[tuple[str, ...]] = ("figures.css",)
    row: FlagRow
    said: str = ""
