"""Help from others, beside and never instead: names and addresses from data, or those that the operator names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from rempart.settings import NoticesSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpline:
    """Somebody who helps: their name as they write it, their address, and a key of what they do (empty: none)."""

    name: str
    address: str
    does: str = ""


def helplines(settings: NoticesSettings, language: str, *, child: bool) -> Sequence[Helpline]:
    """Who helps: the operator's own where there are any, otherwise those that the language's countries have."""
    own = settings.help_minors if child else settings.help_adults
    if own:
        return tuple(Helpline(name=name.strip(), address=address) for name, _, address in _parts(own))
    return built_in()["minors" if child else "adults"].get(language, ())


def _parts(lines: Sequence[str]) -> Sequence[tuple[str, str, str]]:
    return [line.rpartition(" ") for line in lines]


@cache
def built_in() -> Mapping[str, Mapping[str, tuple[Helpline, ...]]]:
    """Those that are named where the operator names none: by group, then by language."""
    text = (resources.files("rempart.server.pages.notice") / "helplines.json").read_text("utf-8")
    return {
        group: {language: tuple(Helpline(**row) for row in rows) for language, rows in languages.items()}
        for group, languages in json.loads(text).items()
    }
