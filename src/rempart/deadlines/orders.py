"""What each law gives an order of an authority: how long to carry it out, how long to keep things. Data, read once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

from rempart.deadlines.clocks import RunningClock, later, span

OWN = "own"
"""The service's own time, which runs for every order."""
STATED = "stated"
"""The time that the order itself names."""


class Start(StrEnum):
    """From when something is kept."""

    RECEIVED = "received"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """How long there is to carry a kind of order out, and so long before the end the operator is warned."""

    length: timedelta | None
    warn_before: tuple[timedelta, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long things are kept under an order."""

    months: int
    days: int
    start: Start

    def until(self, moment: datetime) -> datetime:
        """When it is over that began at a moment."""
        return later(moment, months=self.months) + timedelta(days=self.days)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRegime:
    """One law that orders are given under. `times` by the kinds of order that it knows; `countries` whose authorities
    may invoke it, empty for any."""

    id: str
    titles: Mapping[str, str]
    source: str
    countries: tuple[str, ...]
    times: Mapping[str, Time]
    keeps: Keeping | None

    def title(self, language: str) -> str:
        """What it is called in a language; in English where nothing else is known."""
        return self.titles.get(language) or self.titles["en"]


@cache
def order_regimes() -> Mapping[str, OrderRegime]:
    """Every regime of orders that is known here, by its id."""
    text = (resources.files("rempart.deadlines") / "orders.json").read_text("utf-8")
    return MappingProxyType({row["id"]: _regime(row) for row in json.loads(text)})


def fitting(kind: str) -> tuple[OrderRegime, ...]:
    """The regimes that know a kind of order, the own one first."""
    return tuple(one for one in order_regimes().values() if kind in one.times)


def acting(
    kind: str, regimes: Iterable[str], received: datetime, *, stated: datetime | None = None
) -> Mapping[str, RunningClock]:
    """The clocks for carrying an order out, by regime: of each law that has a time, and of the order's own word
    (`stated`). The service's own time runs where neither gives one. KeyError for a regime that does not know the kind.
    """
    found: dict[str, RunningClock] = {}
    for name in dict.fromkeys(one for one in regimes if one != OWN):
        time = order_regimes()[name].times[kind]
        if time.length is not None:
            found[name] = span(received, time.length, time.warn_before)
    if stated is not None and stated > received:
        found[STATED] = span(received, stated - received, _usual(stated - received))
    if not found:
        time = order_regimes()[OWN].times[kind]
        assert time.length is not None
        found[OWN] = span(received, time.length, time.warn_before)
    return found


def keeping(regime: str, began: datetime) -> RunningClock | None:
    """The clock of what is kept under a regime from a moment on; None where that names no time."""
    keeps = order_regimes()[regime].keeps
    if keeps is None:
        return None
    length = keeps.until(began) - began
    return span(began, length, (timedelta(days=14), timedelta(days=3)))


def extended(clock: RunningClock, due: datetime) -> RunningClock:
    """The same clock with a later end; warnings come before that one."""
    return span(clock.trigger, due - clock.trigger, _usual(due - clock.trigger), met=clock.met)


def _usual(length: timedelta) -> tuple[timedelta, ...]:
    """Warnings where nobody has said when: at the half, at three quarters, and shortly before the end."""
    return (length / 2, length / 4, length / 12)


def _regime(row: Mapping[str, object]) -> OrderRegime:
    times, titles, countries, keeps = row["times"], row["titles"], row["countries"], row.get("keeps")
    assert isinstance(times, dict)
    assert isinstance(titles, dict)
    assert isinstance(countries, list)
    assert keeps is None or isinstance(keeps, dict)
    return OrderRegime(
        id=str(row["id"]), titles=MappingProxyType(titles), source=str(row["source"]),
        countries=tuple(map(str, countries)), times=MappingProxyType({kind: _time(one) for kind, one in times.items()}),
        keeps=None if keeps is None else Keeping(
            months=int(keeps.get("months", 0)), days=int(keeps.get("days", 0)), start=Start(keeps["from"])
        ),
    )  # fmt: skip


def _time(row: Mapping[str, object]) -> Time:
    minutes, warn = row["minutes"], row["warn_before"]
    assert minutes is None or isinstance(minutes, int)
    assert isinstance(warn, list)
    length = None if minutes is None else timedelta(minutes=minutes)
    return Time(length=length, warn_before=tuple(timedelta(minutes=int(one)) for one in warn))
