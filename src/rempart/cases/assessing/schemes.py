"""The category schemes that people choose from: those that come with Rempart and the operator's own, as data.

A file of one's own is a scheme as in docs/howto/category-schemes.md; beside `label` a code may have `labels`, by
language. Those that come with Rempart have their French labels here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from rempart.errors import RefusedError, SchemeUnknownError
from rempart.lists.entry import Category
from rempart.lists.schemes import Code, Scheme, built_in, load_scheme

_LANGUAGES = ("en", "fr")
_MOST_LABEL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A scheme in use, with its labels by language and code. `own`: the operator's, not one that came with Rempart."""

    scheme: Scheme
    labels: Mapping[str, Mapping[str, str]]
    own: bool = False

    @property
    def id(self) -> str:
        """The scheme's id."""
        return self.scheme.id

    @property
    def codes(self) -> tuple[Code, ...]:
        """The codes, the gravest first."""
        return tuple(sorted(self.scheme.codes, key=lambda one: -one.severity_rank))

    def label(self, code: str, language: str) -> str:
        """What a code is called in a language; in English where nothing else is known."""
        found = self.scheme.find(code)
        return self.labels.get(language, {}).get(code) or (code if found is None else found.label)


Schemes = Mapping[str, Choice]


def in_use(ids: Collection[str], *, folder: Path | None = None) -> Schemes:
    """The schemes with these ids, in their order; the operator's own lie in `folder` as `ID.json`.

    Raises SchemeUnknownError naming the first that is not there or not well made.
    """
    return {name: _choice(name, folder) for name in ids}


def readable(ids: Collection[str], *, folder: Path | None = None) -> Schemes:
    """As `in_use`, without those that cannot be read: a file that is gone must not stop anybody from taking down."""
    found: dict[str, Choice] = {}
    for name in ids:
        with suppress(SchemeUnknownError):
            found[name] = _choice(name, folder)
    return found


def check(category: Category | None, schemes: Schemes, *, for_list: bool = False) -> None:
    """Refuse a category that nobody can choose here. Lists take the schemes that come with Rempart only."""
    if category is None:
        return
    choice = schemes.get(category.scheme)
    if choice is None:
        raise RefusedError(
            f"The scheme {category.scheme[:64]!r} is not in use here.", hint=f"In use: {', '.join(schemes)}."
        )
    code = choice.scheme.find(category.code)
    if code is None or code.code != category.code:
        known = ", ".join(one.code for one in choice.codes)
        raise RefusedError(f"{category.scheme} has no code {category.code[:64]!r}.", hint=f"Choose from {known}.")
    if for_list and choice.own:
        raise RefusedError(
            f"Lists do not take categories of {category.scheme}, which is your own scheme.", hint="Choose another one."
        )


def _choice(name: str, folder: Path | None) -> Choice:
    if name in built_in():
        return Choice(scheme=built_in()[name], labels=_labels().get(name, {}))
    if folder is None:
        raise SchemeUnknownError(f"There is no category scheme {name!r}.")
    path = folder / f"{name}.json"
    scheme = load_scheme(str(path))
    if scheme.id != name:
        raise SchemeUnknownError(f"The scheme file {path.name} is of another scheme, {scheme.id!r}.")
    return Choice(scheme=scheme, labels=_own_labels(path), own=True)


def _own_labels(path: Path) -> Mapping[str, Mapping[str, str]]:
    """The `labels` of codes in a file that was read a moment ago and is well made."""
    found: dict[str, dict[str, str]] = {language: {} for language in _LANGUAGES}
    for row in json.loads(path.read_text("utf-8-sig"))["codes"]:
        for language, label in _pairs(row.get("labels")):
            found.setdefault(language, {})[row["code"]] = label[:_MOST_LABEL]
    return found


def _pairs(labels: object) -> list[tuple[str, str]]:
    if not isinstance(labels, dict):
        return []
    return [(one, text) for one, text in labels.items() if isinstance(one, str) and isinstance(text, str)]


@cache
def _labels() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Of the schemes that came with Rempart: scheme, language, code, label."""
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for file in (resources.files("rempart.cases.assessing") / "schemes").iterdir():
        if file.name.startswith("labels.") and file.name.endswith(".json"):
            language = file.name.split(".")[1]
            for scheme, labels in json.loads(file.read_text("utf-8")).items():
                found.setdefault(scheme, {})[language] = MappingProxyType(labels)
    return found
