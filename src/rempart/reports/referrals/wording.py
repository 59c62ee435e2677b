"""The sentences of a package's readable parts, in English and French."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language by key."""

    language: str
    known: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """A sentence with its values."""
        return self.known[key].format(**values)


@cache
def words(language: str) -> Words:
    """The sentences of a language (`en`, `fr`)."""
    place = resources.files("rempart.reports.referrals") / "texts" / f"{language}.json"
    return Words(language, json.loads(place.read_text("utf-8")))
