"""What people's own answers suggest for a report. A suggestion fills nothing in: people choose."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from rempart.cases.assessing.values import ImageKind
from rempart.reports.cybertip.document.records import Classification, FileAnnotation, IncidentType
from rempart.reports.cybertip.drafting.composing import House
from rempart.reports.cybertip.drafting.facts import Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A value for a field, and why: `because` is `category`, `image_kind` or `danger`, `words` what people chose.

    `field` is a place in the document as `checking` names it; one with `files[]` is for each file.
    """

    field: str
    value: str
    because: str
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineMade:
    """One thing that people say about whether a picture was made by a machine: how they know, and their note. It stands
    beside the question whether to mark a file so, and never answers it."""

    basis: str
    note: str


def suggestions(frozen: Frozen, *, house: House) -> tuple[Suggestion, ...]:
    """What the answers suggest, each value once; nothing that the operator may not say."""
    return tuple({(one.field, one.value): one for one in _all(frozen, house)}.values())


def machine_made(frozen: Frozen) -> tuple[MachineMade, ...]:
    """What people said of a machine having made the picture."""
    return tuple(MachineMade(basis=basis, note=note) for basis, note in frozen.origin)


def _all(frozen: Frozen, house: House) -> Iterator[Suggestion]:
    table = _table()
    for scheme, code in frozen.categories:
        words = f"{scheme} {code}"
        if (named := table["incident"].get(scheme, {}).get(code)) and frozen.items:
            value = IncidentType[named].value
            yield Suggestion(field="report.incident.type", value=value, because="category", words=words)
        if (named := table["file"].get(scheme, {}).get(code)) and frozen.items:
            value = FileAnnotation[named].value
            yield Suggestion(field="files[].annotations", value=value, because="category", words=words)
        if (named := table["class"].get(scheme, {}).get(code)) and frozen.items and house.may_classify:
            value = Classification[named].value
            yield Suggestion(field="files[].classification", value=value, because="category", words=words)
    if frozen.image_kind == ImageKind.NON_PHOTOGRAPHIC:
        value = FileAnnotation.DRAWN.value
        yield Suggestion(field="files[].annotations", value=value, because="image_kind", words=frozen.image_kind)
    if frozen.danger:
        yield Suggestion(field="report.incident.escalate", value="", because="danger")


@cache
def _table() -> Mapping[str, Any]:
    source = files("rempart.reports.cybertip.drafting").joinpath("suggestions.json")
    found: Mapping[str, Any] = json.loads(source.read_text("utf-8"))
    return found
