"""Exactly what will be sent, for reading: every field that has something in it, and the XML itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from rempart.reports.cybertip.document.editions import DEFAULT, Edition
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.document.storing import KINDS
from rempart.reports.cybertip.document.writing import file_xml, report_xml
from rempart.server.pages.reports.wording import choice_key, label_key

_NEVER_SENT = frozenset({"ref"})
_KIND_OF = {kind: name for name, kind in KINDS.items()}
_ANY_NUMBER, _ANY_FILE = 1, "0" * 32
"""In place of the numbers that the service gives when it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A field that has something in it: the key of its label, and what is there: a text as it is, a key of words
    (`word`), a moment, or parts of its own. `number` counts those of its like, `kind` says which of several it is."""

    label: str
    text: str = ""
    word: str = ""
    exact: str = ""
    moment: datetime | None = None
    parts: tuple[Told, ...] = ()
    number: int = 0
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One document that is sent: the report, or what is said of a file (`number`); readable, and as XML."""

    number: int
    parts: tuple[Told, ...]
    xml: str


def sheets(
    tip: CyberTip, *, number: int | None = None, remote: tuple[str | None, ...] = (), edition: Edition = DEFAULT
) -> tuple[Sheet, ...]:
    """The documents of a report, in the order in which they are sent; with the service's numbers where it gave any."""
    files = []
    for place, details in enumerate(tip.files):
        name = (remote[place] if place < len(remote) else None) or _ANY_FILE
        xml = file_xml(details, report_id=number or _ANY_NUMBER, file_id=name, edition=edition)
        files.append(Sheet(number=place + 1, parts=told(details), xml=xml.decode()))
    own = Sheet(number=0, parts=told(tip.report), xml=report_xml(tip.report, edition=edition).decode())
    return (own, *files)


def told(record: Any) -> tuple[Told, ...]:
    """The fields of a record in which something stands."""
    found: list[Told] = []
    for field in fields(record):
        value = getattr(record, field.name)
        if field.name not in _NEVER_SENT and value is not None and value not in ((), frozenset()):
            found += _field(label_key(type(record), field.name), value)
    return tuple(found)


def _field(label: str, value: Any) -> list[Told]:
    if isinstance(value, frozenset):
        return [one for each in sorted(value) for one in _field(label, each)]
    if isinstance(value, tuple):
        numbered = len(value) > 1
        return [_one(label, each, number=place if numbered else 0) for place, each in enumerate(value, 1)]
    return [_one(label, value)]


def _one(label: str, value: Any, *, number: int = 0) -> Told:
    if is_dataclass(value):
        kind = _KIND_OF.get(type(value), "")
        return Told(label=label, parts=told(value), number=number, kind=kind)
    if isinstance(value, Enum):
        return Told(label=label, word=choice_key(type(value), value), exact=str(value.value), number=number)
    if isinstance(value, bool):
        return Told(label=label, word="reports.yes" if value else "reports.no", number=number)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return Told(label=label, moment=value, number=number)
    return Told(label=label, text=value.isoformat() if isinstance(value, date) else str(value), number=number)


def flat(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """A JSON value as places with texts, as a service gave it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from flat(inner, f"{place}[{number}]")
    else:
        yield place, str(value)
