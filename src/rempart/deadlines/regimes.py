"""What each law asks of a notice, from when its time runs and for how long, and who is told what: data, read once."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType

OWN = "own"
"""The service's own promise, which is always in force."""


class Element(StrEnum):
    """What a notice may contain that a law asks for."""

    LOCATION = "location"
    EXPLANATION = "explanation"
    GOOD_FAITH = "good_faith"  # believes that it was published without consent
    ACCURATE = "accurate"  # says that what it says is true and complete
    INTIMATE = "intimate"  # declares that it is an intimate image
    SIGNATURE = "signature"
    NAME = "name"
    CONTACT = "contact"
    ORDER = "order"  # an authority's demand


class Trigger(StrEnum):
    """From when a regime's time runs."""

    RECEIVED = "received"
    VALID = "valid"  # from receipt of a notice that has every element
    ORDER = "order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Somebody who has to be told, or done for, what, and when."""

    who: str  # notifier, operator, uploader
    what: str
    when: str  # at_once, before_due, due, decided, restricted


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One law, or the service's own promise.

    `roles`: who may invoke it; empty for anybody. `hours` is None where the law has no fixed hour. `warn_before`: so
    many hours before the end the operator is warned, the first one first. `complaint_days`: how long a decision may be
    complained about, None where the law does not say. `first`: whose notices go before others'.
    """

    id: str
    titles: Mapping[str, str]
    source: str
    roles: frozenset[str]
    elements: tuple[Element, ...]
    waived_for_children: frozenset[Element]
    trigger: Trigger
    hours: int | None
    warn_before: tuple[int, ...]
    complaint_days: int | None
    first: frozenset[str]
    duties: tuple[Duty, ...]

    def title(self, language: str) -> str:
        """What it is called in a language; in English where nothing else is known."""
        return self.titles.get(language) or self.titles["en"]

    def asked(self, *, child: bool) -> tuple[Element, ...]:
        """The elements that it asks for; fewer where the person may have been a child."""
        return tuple(one for one in self.elements if not (child and one in self.waived_for_children))


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How one regime stands to a notice. `missing` are elements that it asks for and the notice has not; `barred`: the
    notifier's role cannot invoke it at all."""

    regime: Regime
    missing: tuple[Element, ...]
    barred: bool

    @property
    def applies(self) -> bool:
        """Whether the notice is one under this law."""
        return not self.missing and not self.barred

    def valid_at(self, received: datetime) -> datetime | None:
        """From when its time runs: the receipt, or None while it does not apply."""
        return received if self.applies else None


@cache
def regimes() -> Mapping[str, Regime]:
    """Every regime that is known here, by its id."""
    text = (resources.files("rempart.deadlines") / "regimes.json").read_text("utf-8")
    return MappingProxyType({row["id"]: _regime(row) for row in json.loads(text)})


def in_force(ids: Iterable[str]) -> tuple[Regime, ...]:
    """The regimes of these ids, the own one first and always. KeyError for an id that is not known."""
    known = regimes()
    wanted = {OWN, *ids}
    if unknown := wanted - known.keys():
        raise KeyError(min(unknown))
    return tuple(one for one in known.values() if one.id in wanted)


def applying(
    on: Iterable[str], elements: Collection[str], role: str | None, *, child: bool = False
) -> tuple[Applied, ...]:
    """How each regime that is in force stands to a notice with these elements, from somebody in this role.

    Nothing that is missing refuses a notice or stops the own clock: it only decides which laws apply too.
    """
    given = frozenset(elements)
    return tuple(
        Applied(
            regime=one, missing=tuple(part for part in one.asked(child=child) if part not in given),
            barred=bool(one.roles) and role not in one.roles,
        )
        for one in in_force(on)
    )  # fmt: skip


def complaint_days(ids: Iterable[str]) -> int:
    """How long a decision may be complained about: the longest that any of these regimes gives."""
    known = regimes()
    return max((known[one].complaint_days or 0 for one in ids if one in known), default=0)


def goes_first(applied: Iterable[Applied], role: str | None) -> bool:
    """Whether a law has this notice looked at before others."""
    return any(role in one.regime.first for one in applied)


def _regime(row: Mapping[str, object]) -> Regime:
    def texts(name: str) -> list[str]:
        found = row.get(name) or []
        assert isinstance(found, list)
        return found

    hours, days, titles, duties = row["hours"], row["complaint_days"], row["titles"], row["duties"]
    assert hours is None or isinstance(hours, int)
    assert days is None or isinstance(days, int)
    assert isinstance(titles, dict)
    assert isinstance(duties, list)
    return Regime(
        id=str(row["id"]), titles=MappingProxyType(titles), source=str(row["source"]), roles=frozenset(texts("roles")),
        elements=tuple(map(Element, texts("elements"))),
        waived_for_children=frozenset(map(Element, texts("waived_for_children"))), trigger=Trigger(str(row["trigger"])),
        hours=hours, warn_before=tuple(int(one) for one in texts("warn_before")), complaint_days=days,
        first=frozenset(texts("first")), duties=tuple(Duty(**one) for one in duties),
    )  # fmt: skip
