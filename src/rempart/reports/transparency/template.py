"""How a report is laid out: files, columns and their headings, labels; data, which an operator may replace."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from rempart.errors import RefusedError
from rempart.reports.transparency.sections import SECTIONS

FORMAT = "rempart-transparency-template/1"
COLUMNS = (
    "period_from", "period_to", "section", "indicator", "label", "within", "by", "key", "unit", "value", "low", "high",
    "note", "source",
)  # fmt: skip
_NEEDED = frozenset({"indicator", "by", "key", "within", "unit", "value", "note"})
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}\.csv")
_KEYS = {"format", "name", "columns", "sections", "labels"}
_MOST_TEXT = 500
_MOST_FILE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One file: its section, its name, and its columns with their headings, in order."""

    section: str
    file: str
    columns: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """All files, and what indicators are called. `text` is the document as it was given."""

    name: str
    layouts: tuple[Layout, ...]
    labels: Mapping[str, str]
    text: str

    def label(self, indicator: str, unit: str) -> str:
        """What an indicator is called, in this unit where that has a name of its own; empty where it has none."""
        return self.labels.get(f"{indicator}.{unit}") or self.labels.get(indicator, "")

    @property
    def built_in(self) -> bool:
        """Whether it is the one that comes with this version."""
        return self.text == built_in_text()


def built_in_text() -> str:
    """The template that comes with Rempart, to be copied and changed."""
    return (resources.files("rempart.reports.transparency") / "template.json").read_text("utf-8")


def read_template(text: str) -> Template:
    """A template from its JSON. Raises RefusedError that says what is wrong."""
    try:
        document = json.loads(text) if len(text) <= _MOST_FILE else None
    except (ValueError, RecursionError) as err:
        raise _wrong(f"it is no JSON: {err}") from err
    if not isinstance(document, dict) or document.keys() != _KEYS or document["format"] != FORMAT:
        raise _wrong(f"it has the keys {', '.join(sorted(_KEYS))}, and the format {FORMAT}")
    columns = _columns(document["columns"])
    layouts = _layouts(document["sections"], columns)
    labels = document["labels"]
    if not isinstance(labels, dict) or not all(_is_text(one) for pair in labels.items() for one in pair):
        raise _wrong("`labels` are texts by indicator")
    if not _is_text(document["name"]):
        raise _wrong("`name` is a text")
    return Template(name=document["name"], layouts=layouts, labels=labels, text=text)


def _columns(document: Any) -> tuple[tuple[str, str], ...]:
    pairs = document if isinstance(document, list) else []
    if not pairs or not all(isinstance(one, list) and len(one) == 2 and all(map(_is_text, one)) for one in pairs):
        raise _wrong("`columns` is a list of pairs: a column and its heading")
    names = [name for name, _ in pairs]
    if unknown := sorted(set(names) - set(COLUMNS)):
        raise _wrong(f"there is no column {unknown[0]}; known are {', '.join(COLUMNS)}")
    if len(set(names)) != len(names) or (missing := sorted(_NEEDED - set(names))):
        raise _wrong("a column stands there twice" if len(set(names)) != len(names) else f"{missing[0]} is missing")
    return tuple((name, heading) for name, heading in pairs)


def _layouts(document: Any, columns: tuple[tuple[str, str], ...]) -> tuple[Layout, ...]:
    rows = document if isinstance(document, list) else []
    if [one.get("id") if isinstance(one, dict) else None for one in rows] != list(SECTIONS):
        raise _wrong(f"`sections` are, in this order: {', '.join(SECTIONS)}")
    found = []
    for row in rows:
        if not row.keys() <= {"id", "file", "columns"} or not _is_text(row.get("file")):
            raise _wrong(f"section {row['id']} has a `file`, and `columns` at most")
        if not _FILE.fullmatch(row["file"]):
            raise _wrong(f"{row['file']!r} is no name of a CSV file")
        headings = row.get("columns", {})
        if not isinstance(headings, dict) or not all(_is_text(one) for pair in headings.items() for one in pair):
            raise _wrong(f"`columns` of section {row['id']} are headings by column")
        if unknown := sorted(headings.keys() - {name for name, _ in columns}):
            raise _wrong(f"section {row['id']} has no column {unknown[0]}")
        own = tuple((name, headings.get(name, heading)) for name, heading in columns)
        found.append(Layout(section=row["id"], file=row["file"], columns=own))
    if len({one.file.lower() for one in found}) != len(found):
        raise _wrong("two sections have the same file")
    return tuple(found)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MOST_TEXT and value.isprintable()


def _wrong(what: str) -> RefusedError:
    return RefusedError(f"The template cannot be used: {what}.", hint="Begin with `rempart stats template`.")
