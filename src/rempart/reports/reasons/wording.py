"""The text of a statement, in English and French, and the document that a service reads: kept as they were made."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any

from rempart.clock import iso
from rempart.reports.reasons.grounds import Ground
from rempart.reports.reasons.values import LANGUAGES, Automation, Circumstances, Kind, What


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who speaks in a statement: the service's name, where to complain, which body settles disputes out of court, which
    courts, where the terms stand, and the countries where a restriction holds (none: wherever the service is offered).
    `language` is that of uploaders of whom nothing else is known."""

    name: str = ""
    complaints: str = ""
    disputes: str = ""
    courts: str = ""
    terms: str = ""
    countries: tuple[str, ...] = ()
    language: str = "en"

    def language_of(self, told: object) -> str:
        """The language that a service told of an uploader (`fr`, `fr-CA`), or the default."""
        short = str(told or "").replace("_", "-").partition("-")[0].lower()
        return short if short in LANGUAGES else self.language


@cache
def texts(language: str) -> Mapping[str, str]:
    """The sentences of a language by key; `{name}` in them stands for a value."""
    place = resources.files("rempart.reports.reasons") / "texts" / f"{language}.json"
    found: Mapping[str, str] = json.loads(place.read_text("utf-8"))
    return found


def restriction_document(
    found: Circumstances, *, ground: Ground, operator: Operator, reason: str, about: str | None
) -> dict[str, Any]:
    """A statement about a restriction, with its id and that of the statement whose place it takes.

    What protects minors says neither whether somebody gave notice nor what found the content.
    """
    child, held = _child(found, ground), found.what is What.HELD
    decision = Automation.PEOPLE if child and found.decision is not Automation.FULLY else found.decision
    return {
        "kind": Kind.RESTRICTION.value,
        "about": about,
        "restriction": {
            "what": found.what.value, "countries": list(operator.countries), "from": iso(found.at), "until": None,
            "duration": "until_examined" if held else "open",
        },
        "source": None if child else found.source.value,
        "automated": {"detection": None if child else found.detection, "decision": decision.value},
        "ground": {"kind": ground.kind, "reference": dict(ground.reference), "why": dict(ground.why)},
        "redress": _redress(operator),
        "text": {
            one: _joined(_restriction(texts(one), one, found, ground, operator, decision, reason, about))
            for one in LANGUAGES
        },
    }  # fmt: skip


def lifted_document(*, operator: Operator, at: datetime, reason: str, about: str, since: datetime) -> dict[str, Any]:
    """A statement that the restriction that `about` told of is over."""
    text = {}
    for one in LANGUAGES:
        words = texts(one)
        parts = [*_head(words, "title.lifted", operator, at, reason), ""]
        parts.append(words["lifted"].format(about=about, date=_date(since)))
        text[one] = _joined(iter(parts))
    return {"kind": Kind.LIFTED.value, "about": about, "lifted": iso(at), "text": text}


def _child(found: Circumstances, ground: Ground) -> bool:
    return found.what is not What.HELD and (found.child or ground.child)


def _redress(operator: Operator) -> dict[str, str | None]:
    told = {"complaint": operator.complaints, "dispute": operator.disputes, "courts": operator.courts}
    return {name: value or None for name, value in told.items()}


def _head(words: Mapping[str, str], title: str, operator: Operator, at: datetime, reason: str) -> Iterator[str]:
    yield words[title]
    yield words["reference"].format(id=reason)
    yield words["date"].format(date=_date(at))
    if operator.name:
        yield words["from"].format(operator=operator.name)


def _restriction(
    words: Mapping[str, str],
    language: str,
    found: Circumstances,
    ground: Ground,
    operator: Operator,
    decision: Automation,
    reason: str,
    about: str | None,
) -> Iterator[str]:
    held, child = found.what is What.HELD, _child(found, ground)
    yield from _head(words, "title", operator, found.at, reason)
    yield from ("", words["what"], words[f"what.{found.what}"])
    if about is not None:
        yield words["replaces"].format(about=about)
    countries = ", ".join(operator.countries)
    yield words["where.countries"].format(countries=countries) if countries else words["where"]
    yield words["since"].format(date=_date(found.at))
    yield words["until.examined" if held else "until.open"]
    yield from ("", words["why"], words[f"why.{ground.kind}"].format(reference=ground.reference[language]))
    yield ground.why[language]
    if operator.terms:
        yield words["terms"].format(address=operator.terms)
    yield from ("", words["facts"], words[facts_key(found)])
    yield words["source.child" if child else f"source.{found.source}"]
    yield from ("", words["means"])
    yield words["detection.child"] if child else words["detection.yes" if found.detection else "detection.no"]
    yield words[f"decision.{decision}"]
    yield from ("", words["finding"], "", words["redress"])
    yield from _ways(words, operator)


def facts_key(found: Circumstances) -> str:
    """Which sentence tells the facts."""
    if found.what is What.HELD:
        return "facts.held"
    if found.what is What.ACCOUNT:
        return "facts.account"
    return "facts.rule" if found.decision is Automation.FULLY else "facts.people"


def _ways(words: Mapping[str, str], operator: Operator) -> Iterator[str]:
    for name, value in (("complaint", operator.complaints), ("dispute", operator.disputes)):
        yield words[f"redress.{name}"].format(address=value) if value else words[f"redress.{name}.plain"]
    yield words["redress.courts"].format(courts=operator.courts) if operator.courts else words["redress.courts.plain"]


def _joined(lines: Iterator[str]) -> str:
    return "\n".join(lines) + "\n"


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
