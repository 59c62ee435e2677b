"""What the public page of figures shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from markupsafe import Markup

from rempart.server.pages.contexts import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Months:
    """Some months and how many there were; `count` is None for 1 to 4."""

    label: str
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A figure month by month; `chart` is empty where there is nothing to draw."""

    name: str
    months: tuple[Months, ...]
    chart: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How often what was found in one way was right; numbers are None where they are hidden, texts empty where there is
    too little to say."""

    by: str
    key: str
    judged: int | None
    confirmed: int | None
    share: str
    low: str
    high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyPage(Context):
    """The public figures. `since` is the first day that was counted, None while nothing was; `first` and `last` are the
    days of the last period, empty while there is none."""

    template: ClassVar[str] = "published/transparency"
    service: str
    since: date | None
    groups: Mapping[str, tuple[Series, ...]]
    first: str
    last: str
    detectors: tuple[Found, ...]
    medians: Mapping[str, str]
    reversed_: int | None
    half_years: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingPage(Context):
    """What is shown instead when something went wrong."""

    template: ClassVar[str] = "published/nothing"
    status: int
    problem: str
    remedy: str
