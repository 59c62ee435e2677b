"""Which words stand for the fields of a report's document and for what can be chosen in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, get_args, get_type_hints

from rempart.reports.cybertip.document.records import CyberTip

_OWN = frozenset(
    {
        "IncidentSummary.type", "IncidentSummary.at", "IncidentSummary.annotations", "FileDetails.annotations",
        "Email.value", "Phone.value", "Device.type", "Device.value", "IpEvent.address", "IpEvent.at", "Device.at",
        "EstimatedLocation.at", "LegalProcess.value", "LegalProcess.country", "TemporarilyDisabled.value",
        "PermanentlyDisabled.value", "Platform.name", "Newsgroup.name", "AssociatedAccount.type",
        "AssociatedAccount.platform", "WebPage.third_party", "Platform.third_party", "CellPhone.phone",
        "FileHash.type", "FileHash.value", "NameValue.name", "NameValue.value", "Metadata.kind",
        "FileDetails.location", "Account.location",
    }
)  # fmt: skip
"""Fields whose words differ from those of others of the same name."""


def label_key(owner: type, name: str) -> str:
    """The key of a field's label."""
    for one in owner.__mro__:
        if f"{one.__name__}.{name}" in _OWN:
            return f"reports.field.{one.__name__}.{name}"
    return f"reports.field.{name}"


def label_of(path: str) -> str:
    """The key of the label of a place in the document."""
    return _at(path)[0]


def choice_of(path: str, value: str) -> str:
    """The key of the words of a value at a place where one can be chosen; empty for any other."""
    for one in _enums(_at(path)[1]):
        for word in one:
            if word.value == value:
                return choice_key(one, word)
    return ""


def _at(path: str) -> tuple[str, Any]:
    """The key of the label of a place, and the type of what stands there."""
    kind: Any = CyberTip
    label = "reports.field.report"
    for name in re.sub(r"\[[0-9]*\]", "", path).split("."):
        owners = [one for one in _kinds(kind) if name in getattr(one, "__dataclass_fields__", {})]
        if not owners:
            break
        label, kind = label_key(owners[0], name), get_type_hints(owners[0])[name]
    return label, kind


def _enums(hint: Any) -> Iterator[type[Enum]]:
    if isinstance(hint, type) and issubclass(hint, Enum):
        yield hint
    for one in get_args(hint):
        yield from _enums(one)


def _kinds(hint: Any) -> Iterator[type]:
    """The records that a type may hold."""
    if isinstance(hint, type) and is_dataclass(hint):
        yield hint
    for one in get_args(hint):
        yield from _kinds(one)


def choice_key(kind: type[Enum], one: Enum) -> str:
    """The key of the words of a choice."""
    return f"reports.choice.{kind.__name__}.{one.name.lower()}"
