"""How complete a report is: what is there, what is missing, and why it matters to whoever receives it.

All but the kind of incident and its time is voluntary; nobody can act on a report that lacks the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rempart.reports.cybertip.document.records import CyberTip, Person, PersonReported
from rempart.reports.cybertip.drafting.composing import ASKED_FIRST
from rempart.reports.cybertip.drafting.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that a report may have: `what` it is and `why` it matters, in each language."""

    key: str
    weight: int
    there: bool
    what: Mapping[str, str]
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """All measures of a report, in order; `percent` is the weight of what is there."""

    measures: tuple[Measure, ...]

    @property
    def percent(self) -> int:
        """From 0 to 100; 100 only where nothing is missing."""
        whole = sum(one.weight for one in self.measures)
        return 100 * sum(one.weight for one in self.measures if one.there) // whole

    @property
    def missing(self) -> tuple[Measure, ...]:
        """What is not there, the weightiest first."""
        return tuple(sorted((one for one in self.measures if not one.there), key=lambda one: -one.weight))


def measured(tip: CyberTip, *, kind: Kind) -> Meter:
    """The meter of a document as it would be sent."""
    return Meter(
        measures=tuple(
            Measure(
                key=one["key"], weight=one["weight"], there=_THERE[one["key"]](tip, _person(tip)),
                what={name: one[name][0] for name in ("en", "fr")}, why={name: one[name][1] for name in ("en", "fr")},
            )
            for one in _table() if kind.value in one["kinds"]
        )
    )  # fmt: skip


def _person(tip: CyberTip) -> PersonReported:
    return tip.report.persons[0] if tip.report.persons else PersonReported()


def _known(one: PersonReported) -> Person:
    return one.person or Person()


def _events(tip: CyberTip, who: PersonReported) -> list[Any]:
    own = [*who.ip_events, *(file.ip_event for file in tip.files if file.ip_event is not None)]
    return [one for one in own if one.at is not None]


_THERE: Mapping[str, Callable[[CyberTip, PersonReported], bool]] = {
    "incident_type": lambda tip, _: tip.report.incident.type is not None,
    "incident_time": lambda tip, _: tip.report.incident.at is not None,
    "account": lambda _, who: bool(who.esp_identifier),
    "ip_event": lambda tip, who: bool(_events(tip, who)),
    "ip_port": lambda tip, who: any(one.port for one in _events(tip, who)),
    "email": lambda _, who: bool(_known(who).emails),
    "phone": lambda _, who: bool(_known(who).phones),
    "name": lambda _, who: bool(
        who.screen_name or who.display_names or _known(who).first_name or _known(who).last_name
    ),
    "age": lambda _, who: _known(who).age is not None or _known(who).born is not None,
    "device": lambda tip, who: bool(who.devices) or any(one.devices for one in tip.files),
    "place": lambda tip, _: bool(tip.report.internet) or any(one.location for one in tip.files),
    "disabled": lambda _, who: who.temporarily_disabled is not None or who.permanently_disabled is not None,
    "file": lambda tip, _: bool(tip.files),
    "viewed": lambda tip, _: bool(tip.files) and all(one.viewed for one in tip.files),
    "upload_time": lambda tip, _: _uploaded(tip),
    "file_name": lambda tip, _: bool(tip.files) and all(one.original_name for one in tip.files),
    "public": lambda tip, _: bool(tip.files) and all(one.publicly_available is not None for one in tip.files),
    "words": lambda tip, who: bool(tip.report.additional_info or who.additional_info),
    "victim": lambda tip, _: bool(tip.report.victims or tip.report.recipients),
}


def _uploaded(tip: CyberTip) -> bool:
    """Of each file, or of the incident where no file is sent: as the service said it, not as it is taken to be."""
    if tip.files:
        return all(one.uploaded_at is not None for one in tip.files)
    return tip.report.incident.at is not None and tip.report.incident.time_description != ASKED_FIRST


@cache
def _table() -> tuple[Mapping[str, Any], ...]:
    source = files("rempart.reports.cybertip.drafting").joinpath("meter.json")
    return tuple(json.loads(source.read_text("utf-8")))
