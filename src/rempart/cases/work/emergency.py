"""What each authority asks for when somebody is in immediate danger; data, with the operator's own contacts beside."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """An authority in the words of one language: when it is to be told, after which law, and what it asks for.

    `reason_characters` is how long the reason may be that it asks for; None where there is no such field.
    """

    country: str
    name: str
    law: str
    when: str
    asked: tuple[str, ...]
    reason_characters: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """What to do now: the advice that holds everywhere, then the authorities."""

    advice: str
    authorities: tuple[Authority, ...]


def guidance(*, language: str, countries: Iterable[str] = ()) -> Guidance:
    """What is known of these countries (ISO 3166 codes and `eu`), of all where none is named; English for a language
    that is not there."""
    data, wanted = _data(), frozenset(countries)
    found = [one for one in data["authorities"] if not wanted or one["country"] in wanted]
    return Guidance(
        advice=_text(data["advice"], language), authorities=tuple(_authority(one, language) for one in found)
    )


def countries() -> tuple[str, ...]:
    """The countries that something is known of."""
    return tuple(dict.fromkeys(one["country"] for one in _data()["authorities"]))


def _authority(data: Mapping[str, Any], language: str) -> Authority:
    return Authority(
        country=data["country"], name=_text(data["name"], language), law=_text(data["law"], language),
        when=_text(data["when"], language), asked=tuple(_text(one, language) for one in data["asked"]),
        reason_characters=data.get("reason_characters"),
    )  # fmt: skip


def _text(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language, texts["en"])


@cache
def _data() -> Mapping[str, Any]:
    read: Mapping[str, Any] = json.loads((resources.files(__package__) / "emergency.json").read_text("utf-8"))
    return read
