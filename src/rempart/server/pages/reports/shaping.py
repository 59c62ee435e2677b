"""What a part of a report's document looks like as a form: read off its records, so that no field is ever left out."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from rempart.reports.cybertip.document.records import FileDetails
from rempart.reports.cybertip.document.storing import KINDS

LONG = frozenset({"escalate", "additional_info", "content", "time_description", "profile_bio", "file_names", "vehicle"})
"""Texts of several lines."""
NEVER_TYPED: Mapping[type, frozenset[str]] = {
    FileDetails: frozenset({"ref", "file_name", "viewed", "exif_viewed", "hashes", "metadata"})
}
"""What no form takes: it comes from the file itself, or from looks that were logged."""


class Form(StrEnum):
    """How a field is typed in."""

    TEXT = "text"
    LONG = "long"
    LINES = "lines"
    TERNARY = "ternary"
    CHOICE = "choice"
    SEVERAL = "several"
    MOMENT = "moment"
    DAY = "day"
    WHOLE = "whole"
    DECIMAL = "decimal"
    RECORD = "record"
    ROWS = "rows"
    KINDS = "kinds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a record: its name, how it is typed in, and the type of what is in it."""

    name: str
    form: Form
    inner: Any = None
    needed: bool = False


@cache
def parts_of(kind: type) -> tuple[Part, ...]:
    """The fields of a record that people fill, in its order."""
    hints = get_type_hints(kind)
    left_out = NEVER_TYPED.get(kind, frozenset())
    return tuple(_part(field.name, hints[field.name]) for field in fields(kind) if field.name not in left_out)


@cache
def is_large(kind: type) -> bool:
    """Whether a record holds others in number: an empty one is only shown where somebody asks for it."""
    return any(part.form in (Form.ROWS, Form.KINDS) for part in parts_of(kind))


def _part(name: str, hint: Any) -> Part:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (types.UnionType, Union):
        left = [one for one in inner if one is not type(None)]
        if len(left) == 1:
            return _part(name, left[0])
    if origin is frozenset:
        return Part(name=name, form=Form.SEVERAL, inner=inner[0])
    if origin is tuple:
        return _several(name, inner[0])
    if isinstance(hint, type):
        return _single(name, hint)
    raise TypeError(f"{name}: {hint} has no form")


def _several(name: str, inner: Any) -> Part:
    if inner in (str, int):
        return Part(name=name, form=Form.LINES, inner=inner)
    if is_dataclass(inner):
        return Part(name=name, form=Form.ROWS, inner=inner)
    if set(get_args(inner)) == set(KINDS.values()):
        return Part(name=name, form=Form.KINDS)
    raise TypeError(f"{name}: {inner} has no form")


_SIMPLE: tuple[tuple[type, Form], ...] = (
    (bool, Form.TERNARY), (datetime, Form.MOMENT), (date, Form.DAY), (int, Form.WHOLE), (float, Form.DECIMAL),
)  # fmt: skip


def _single(name: str, hint: type) -> Part:
    if is_dataclass(hint):
        return Part(name=name, form=Form.RECORD, inner=hint)
    if issubclass(hint, Enum):
        return Part(name=name, form=Form.CHOICE, inner=hint)
    if issubclass(hint, str):
        return Part(name=name, form=Form.LONG if name in LONG else Form.TEXT, inner=str)
    for kind, form in _SIMPLE:
        if issubclass(hint, kind):
            return Part(name=name, form=form, inner=kind)
    raise TypeError(f"{name}: {hint} has no form")
