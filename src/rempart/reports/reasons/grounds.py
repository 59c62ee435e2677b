"""On which ground something is restricted: data, by category, that an operator extends or replaces with a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from rempart.errors import RefusedError
from rempart.reports.reasons.dsa.words import CATEGORIES, is_keyword
from rempart.reports.reasons.values import LANGUAGES, Circumstances, Source, What

ILLEGAL, TERMS = "illegal", "terms"
CHILD, INTIMATE, OTHERWISE, EXAMINATION, ACCOUNT = "minors", "intimate-image", "terms", "examination", "account"
"""Grounds that are always there: of a child-safety matter without a category, of a notice without one, of anything
else, of what is held for examination, and of an account."""
_MAX_FILE = 1 << 20
_TEXTS = {"reference": 500, "why": 2000}
_KEYS = {"id", "categories", "kind", "child", "reference", "why", "category", "keywords", "synthetic_keywords"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A ground: the law or the term of contract (`reference`) and why, in each language; and how the transparency
    database calls it. `categories` are `scheme:code`, or `scheme:*`."""

    id: str
    categories: frozenset[str]
    kind: str
    child: bool
    reference: Mapping[str, str]
    why: Mapping[str, str]
    category: str
    keywords: tuple[str, ...]
    synthetic_keywords: tuple[str, ...]


class Grounds:
    """All grounds; the operator's own go before those that come with Rempart."""

    def __init__(self, own: Iterable[Ground] = ()) -> None:
        made = tuple(own)
        names = {one.id for one in made}
        self.all = (*made, *(one for one in _built_in() if one.id not in names))

    def of(self, found: Circumstances) -> Ground:
        """The ground of a restriction.

        What is held is held on one ground, whatever the cause. Of several categories one that protects minors goes
        first, then the first that a ground is known for.
        """
        if found.what is What.HELD:
            return self._named(EXAMINATION)
        known = [one for one in map(self._for, found.categories) if one is not None]
        child = next((one for one in known if one.child), None)
        if child is not None:
            return child
        if found.child:
            return self._named(CHILD)
        if known:
            return known[0]
        if found.what is What.ACCOUNT:
            return self._named(ACCOUNT)
        return self._named(OTHERWISE if found.source is Source.OWN_INITIATIVE else INTIMATE)

    def _for(self, category: tuple[str, str]) -> Ground | None:
        scheme, code = category
        exact = next((one for one in self.all if f"{scheme}:{code}" in one.categories), None)
        return exact or next((one for one in self.all if f"{scheme}:*" in one.categories), None)

    def _named(self, name: str) -> Ground:
        return next(one for one in self.all if one.id == name)


def read_grounds(path: Path) -> tuple[Ground, ...]:
    """The operator's grounds. Raises RefusedError with the place of the first mistake."""
    try:
        text = path.read_text("utf-8")
        document = json.loads(text) if len(text) <= _MAX_FILE else None
    except OSError as err:
        raise RefusedError(f"The grounds in {path} cannot be read: {err.strerror}.") from err
    except (ValueError, RecursionError) as err:
        raise RefusedError(f"The grounds in {path} are no JSON: {err}.") from err
    return _parsed(document, where=str(path))


def _built_in() -> tuple[Ground, ...]:
    text = (resources.files("rempart.reports.reasons") / "grounds.json").read_text("utf-8")
    return _parsed(json.loads(text), where="grounds.json")


def _parsed(document: Any, *, where: str) -> tuple[Ground, ...]:
    if not isinstance(document, list) or len(document) > 500:
        raise RefusedError(f"{where}: a list of grounds is needed.", hint="See docs/howto/reasons.md.")
    return tuple(_ground(row, f"{where}: ground {number}") for number, row in enumerate(document, 1))


def _ground(row: Any, where: str) -> Ground:
    def wrong(what: str) -> RefusedError:
        return RefusedError(f"{where}: {what}.", hint="See docs/howto/reasons.md.")

    if not isinstance(row, dict) or row.keys() != _KEYS:
        raise wrong("has the keys " + ", ".join(sorted(_KEYS)))
    if not isinstance(row["id"], str) or not 0 < len(row["id"]) <= 40:
        raise wrong("`id` has 1 to 40 characters")
    if row["kind"] not in (ILLEGAL, TERMS) or not isinstance(row["child"], bool):
        raise wrong("`kind` is illegal or terms, `child` is true or false")
    for name in ("categories", "keywords", "synthetic_keywords"):
        if not isinstance(row[name], list) or not all(isinstance(one, str) for one in row[name]):
            raise wrong(f"`{name}` is a list of texts")
    if any(":" not in one for one in row["categories"]):
        raise wrong("a category is written scheme:code")
    for name, most in _TEXTS.items():
        texts = row[name]
        if not isinstance(texts, dict) or texts.keys() != set(LANGUAGES) or not all(
            isinstance(one, str) and 0 < len(one) <= most for one in texts.values()
        ):  # fmt: skip
            raise wrong(f"`{name}` has a text of at most {most} characters in each of {', '.join(LANGUAGES)}")
    if row["category"] not in CATEGORIES:
        raise wrong(f"{row['category']!r} is no category of the transparency database")
    bad: Sequence[str] = [one for one in (*row["keywords"], *row["synthetic_keywords"]) if not is_keyword(one)]
    if bad:
        raise wrong(f"{bad[0]!r} is no keyword of the transparency database")
    return Ground(
        id=row["id"], categories=frozenset(row["categories"]), kind=row["kind"], child=row["child"],
        reference=row["reference"], why=row["why"], category=row["category"], keywords=tuple(row["keywords"]),
        synthetic_keywords=tuple(row["synthetic_keywords"]),
    )  # fmt: skip
