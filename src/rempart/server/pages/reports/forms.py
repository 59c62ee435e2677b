"""A part of a report's document as a form: its fields, what stands in them, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from rempart.reports.cybertip.document.storing import KINDS
from rempart.server.pages.reports.shaping import Form, Part, is_large, parts_of
from rempart.server.pages.reports.wording import choice_key, label_key

MOST_ROWS = 50
"""So many rows of a kind are shown; what is beyond them stays as it is."""
KIND = "kind"
_KIND_OF = {kind: name for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: where it is in the document, the key of its label, how it is typed, what stands in it (`values`, as
    typed, where there are several), what may be chosen (values with keys of their words), what is wrong (sentences)."""

    path: str
    label: str
    form: Form
    value: str = ""
    values: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The name of the field in the page, as links to it have it."""
        return anchor(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Fields that belong together. `kind` is which of several a record is; `number` its place among its like;
    `blank`: nothing stands in it yet; `asked`: because somebody asked for one more."""

    path: str
    label: str
    parts: tuple[Field | Group | Rows, ...]
    kind: str = ""
    number: int = 0
    blank: bool = False
    asked: bool = False
    wrong: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The name of the group in the page."""
        return anchor(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Groups of which there may be any number; `more` are beyond those that are shown. `adds` are the kinds of which
    one can be added (of one kind alone: an empty name)."""

    path: str
    label: str
    groups: tuple[Group, ...]
    more: int = 0
    adds: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The name of the rows in the page."""
        return anchor(self.path)


Node = Field | Group | Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """What is known while a form is made: what is wrong by its place; what came back as it was typed, if it did; which
    rows shall have one more (their path, and the kind); `barred` fields ("Record.field") are not
    shown where nothing stands in them, nor are choices that are `left_out` where nobody chose them."""

    wrong: Mapping[str, Sequence[str]] = field(default_factory=dict)
    typed: Mapping[str, Sequence[str]] | None = None
    add: str = ""
    add_kind: str = ""
    barred: Collection[str] = ()
    left_out: Collection[Enum] = ()


def anchor(path: str) -> str:
    """A path as the name of a place in a page."""
    return "f-" + re.sub(r"[^A-Za-z0-9_]+", "-", path).strip("-")


def group_of(kind: type, record: Any, path: str, showing: Showing, *, label: str = "", number: int = 0) -> Group:
    """A record of a kind as a form; None for an empty one."""
    values = [(part, None if record is None else getattr(record, part.name)) for part in parts_of(kind)]
    parts = tuple(
        node_of(kind, part, value, under(path, part.name), showing)
        for part, value in values
        if value is not None or f"{kind.__name__}.{part.name}" not in showing.barred
    )
    return Group(
        path=path, label=label, parts=parts, kind=_KIND_OF.get(kind, ""), number=number, blank=record is None,
        wrong=tuple(showing.wrong.get(path, ())),
    )  # fmt: skip


def rows_of(owner: type, part: Part, records: Sequence[Any], path: str, showing: Showing) -> Rows:
    """Records of one field as a form, with an empty one where one can be added at once."""
    groups = [
        group_of(type(one), one, f"{path}[{number}]", showing, number=number)
        for number, one in enumerate(records[:MOST_ROWS], 1)
    ]
    room = len(records) < MOST_ROWS
    made = _made(part, path, showing) if room else None
    if made is not None:
        number = len(groups) + 1
        blank = group_of(made, None, f"{path}[{number}]", showing, number=number)
        groups.append(replace(blank, asked=showing.add == path))
    adds: tuple[str, ...] = ()
    if room:
        adds = tuple(KINDS) if part.form is Form.KINDS else ("",) if made is None else ()
    return Rows(
        path=path, label=label_key(owner, part.name), groups=tuple(groups),
        more=max(0, len(records) - MOST_ROWS), adds=adds, wrong=tuple(showing.wrong.get(path, ())),
    )  # fmt: skip


def shown(part: Part, value: Any) -> str:
    """What stands in a field of one value."""
    if value is None:
        return ""
    if part.form is Form.TERNARY:
        return "yes" if value else "no"
    if part.form is Form.LINES:
        return "\n".join(map(str, value))
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).strftime("%Y-%m-%dT%H:%M:%S")
    return str(value)


def under(path: str, name: str) -> str:
    """The place of a field in the record at a place."""
    return f"{path}.{name}" if path else name


def node_of(owner: type, part: Part, value: Any, path: str, showing: Showing) -> Node:
    """One field of a record as a form."""
    label = label_key(owner, part.name)
    if part.form is Form.RECORD:
        return group_of(part.inner, value, path, showing, label=label)
    if part.form in (Form.ROWS, Form.KINDS):
        return rows_of(owner, part, value or (), path, showing)
    typed = None if showing.typed is None else showing.typed.get(path)
    wrong = tuple(showing.wrong.get(path, ()))
    if part.form is Form.SEVERAL:
        values = tuple(sorted(one.value for one in value or ())) if typed is None else tuple(typed)
        return Field(
            path=path, label=label, form=part.form, values=values, choices=_choices(part, showing, values), wrong=wrong
        )
    text = shown(part, value) if typed is None else "".join(typed[:1])
    choices = _choices(part, showing, (text,)) if part.form is Form.CHOICE else ()
    return Field(path=path, label=label, form=part.form, value=text, choices=choices, wrong=wrong)


def _choices(part: Part, showing: Showing, chosen: Sequence[str]) -> tuple[tuple[str, str], ...]:
    kept = (one for one in part.inner if one.value in chosen or one not in showing.left_out)
    return tuple((one.value, choice_key(part.inner, one)) for one in kept)


def _made(part: Part, path: str, showing: Showing) -> type | None:
    """The kind of the empty record at the end of rows: of large ones, only where one was asked for."""
    if part.form is Form.KINDS:
        return KINDS.get(showing.add_kind) if showing.add == path else None
    kind: type = part.inner
    return kind if showing.add == path or not is_large(kind) else None
