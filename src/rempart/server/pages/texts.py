"""The words of the pages: a folder per language, a file per part of the pages, the same keys in each language."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from babel import Locale
from babel.numbers import format_decimal

from rempart.errors import RempartError

LANGUAGES: Mapping[str, str] = {"en": "English", "fr": "Français"}


_SPACES = ((re.compile(r" (?=[:»])|(?<=«) "), "\u00a0"), (re.compile(r" (?=[;?!])|(?<=\d) (?=\d{3}\b)"), "\u202f"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One language: `say` for what pages say, `told` for what errors say (these are written in English)."""

    lang: str
    words: Mapping[str, str]
    errors: Mapping[str, str]

    def say(self, key: str, **values: object) -> str:
        """The sentence of a key with its values; KeyError for a key that is not there."""
        return self.words[key].format(**{name: self.number(value) for name, value in values.items()})

    def count(self, key: str, number: int) -> str:
        """The sentence of a key for a number: `<key>.one` or `<key>.other`, as the language counts."""
        form = "one" if Locale(self.lang).plural_form(number) == "one" else "other"
        return self.say(f"{key}.{form}", count=number)

    def told(self, err: RempartError) -> tuple[str, str]:
        """What happened, and what to do."""
        return self.sentence(err.message), self.sentence(err.hint)

    def sentence(self, english: str) -> str:
        """What the software says in English, in this language; `{}` in the catalogue stands for what differs each
        time, and is said in this language too where that is known."""
        found = self.errors.get(english)
        if found is not None or not self.errors:
            return found or english
        for pattern, sentence in _patterns(self.lang).items():
            if told := pattern.fullmatch(english):
                parts = [self.sentence(part) for part in told.groups()]
                return sentence.replace("{}", parts[0]) if len(parts) == 1 else sentence.format(*parts)
        return english

    def number(self, value: object) -> Any:
        """Whole numbers as the language writes them; anything else as it is."""
        if isinstance(value, int) and not isinstance(value, bool):
            return format_decimal(value, locale=self.lang)
        return value


@cache
def _patterns(lang: str) -> Mapping[re.Pattern[str], str]:
    """The sentences of the catalogue of errors that differ each time."""
    return {
        re.compile("(.+?)".join(map(re.escape, english.split("{}"))), re.DOTALL): sentence
        for english, sentence in texts(lang).errors.items()
        if "{}" in english
    }


@cache
def texts(lang: str) -> Texts:
    """The words of a language. KeyError for one that is not there."""
    if lang not in LANGUAGES:
        raise KeyError(lang)
    errors: Mapping[str, str] = {} if lang == "en" else _merged(f"errors.{lang}")
    words = _merged(lang)
    return Texts(lang=lang, words=words, errors=errors)


def _merged(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    folder = resources.files("rempart.server.pages") / "texts" / name
    for part in sorted(folder.iterdir(), key=lambda file: file.name):
        words: dict[str, str] = json.loads(part.read_text("utf-8"))
        if doubled := sorted(set(words) & set(found)):
            raise ValueError(f"texts that stand in two files: {', '.join(doubled)}")
        found |= words
    return {key: _unbroken(text) for key, text in found.items()} if name.endswith("fr") else found


def _unbroken(french: str) -> str:
    """The spaces that French puts before some signs, made such that no line begins with the sign."""
    for what, space in _SPACES:
        french = what.sub(space, french)
    return french


def preferred(header: str) -> str:
    """The language of an Accept-Language header that is here; English without one."""
    wanted: list[tuple[float, int, str]] = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.partition(";q=")
        lang = tag.strip().lower()[:2]
        if lang in LANGUAGES:
            try:
                wanted.append((-float(weight or 1), len(wanted), lang))
            except ValueError:
                continue
    return min(wanted)[2] if wanted else "en"
