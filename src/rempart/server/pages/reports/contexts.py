"""What the pages about reports show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rempart.reports.cybertip.production import Switch, Target
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.records.visibility import ReviewRow
from rempart.reports.cybertip.values import Environment
from rempart.reports.cybertip.visibility import Show
from rempart.server.pages.contexts import Context

STYLES = ("desk.css", "reports.css")


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where reports go now: the environment that is set, and how the switch to production stands."""

    environment: Environment
    switch: Switch

    @property
    def key(self) -> str:
        """Which words say it."""
        if self.environment is not Environment.PRODUCTION:
            return self.environment.value
        return "production" if self.switch.on else "production_off"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxPage(Context):
    """Reports, a page of them, the youngest first. `counts` are of those that wait for somebody."""

    template: ClassVar[str] = "reports/outbox"
    styles: ClassVar[tuple[str, ...]] = STYLES
    wide: ClassVar[bool] = True
    where: Where
    show: Show
    rows: tuple[ReportRow, ...]
    reviews: Mapping[str, ReviewRow]
    counts: Mapping[Show, int]
    next: str
    now: datetime
    may_lead: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchPage(Context):
    """The switch to production; `why` is a form that came back. `may`: this person leads."""

    template: ClassVar[str] = "reports/switch"
    styles: ClassVar[tuple[str, ...]] = STYLES
    where: Where
    target: Target
    may: bool
    why: str = ""
