"""Which words stand for the fields of a report's document and for what can be chosen in them."""

from __future__ import annotations

from enum import Enum

_OWN = frozenset(
    {
        "IncidentSummary.type", "IncidentSummary.at", "IncidentSummary.annotations", "FileDetails.annotations",
        "Email.value", "Phone.value", "Device.type", "Device.value", "IpEvent.address", "IpEvent.at", "Device.at",
        "EstimatedLocation.at", "LegalProcess.value", "LegalProcess.country", "TemporarilyDisabled.value",
        "PermanentlyDisabled.value", "Platform.name", "Newsgroup.name", "AssociatedAccount.type",
        "AssociatedAccount.platform", "WebPage.third_party", "Platform.third_party", "CellPhone.phone",
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


def choice_key(kind: type[Enum], one: Enum) -> str:
    """The key of the words of a choice."""
    return f"reports.choice.{kind.__name__}.{one.name.lower()}"
