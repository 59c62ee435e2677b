"""The form of the rule table: elements, their children in order, and their attributes.

`table` is made of these, and everything else walks it: writing, checking of records and checking of XML.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rempart.reports.cybertip.document.values import Value

EVERY: int | None = None
"""As many as there are."""


class Order(StrEnum):
    """How children stand."""

    SEQUENCE = "sequence"  # in the order of the table
    CHOICE = "choice"  # exactly one of them
    TAGS = "tags"  # any of them, each once, in any order


class Variant(StrEnum):
    """What not every edition of the schema has, or has in another place."""

    INFORMATIONAL = "informational"
    AGGRAVATING_FACTORS = "potentialAggravatingFactors"
    INSTRUMENTAL_USE = "instrumentalUse"
    AGE_DISCREPANCY = "ageAssertionDiscrepancy"
    FILE_NAME = "fileName"
    TEMPORARILY_DISABLED = "accountTemporarilyDisabled"
    PERMANENTLY_DISABLED = "accountPermanentlyDisabled"
    ASSOCIATED_TYPE = "associatedAccount type"
    ASSOCIATED_ACCOUNT_TYPE = "associatedAccount accountType"
    PLATFORM_THIRD_PARTY = "platform thirdPartyUser"
    ASSOCIATED_THIRD_PARTY = "associatedAccount thirdPartyUser"
    PROCESS_COUNTRY = "servedLegalProcessInternational fleaCountry"
    AGENCY_COUNTRY = "lawEnforcement fleaCountry"
    DETAILS_TYPE = "details type"
    PAIR_TYPE = "nameValuePair type"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """An attribute of an element. `field` is that of the record: dotted for one of a part, with a leading `^` for one
    of the record around it. `when` names the variant it belongs to, `otherwise` the one that has its place."""

    name: str
    value: Value
    field: str
    needed: bool = False
    when: Variant | None = None
    otherwise: Variant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """An element in another. `field` is that of the record, empty where the record itself is meant; `most` is None for
    as many as there are. Children of the same `either` exclude each other."""

    name: str
    of: Shape | Value
    field: str
    least: int = 0
    most: int | None = 1
    either: str = ""
    when: Variant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What an element holds: children, or text, and attributes. `record` is the kind of record that it is made of; its
    `field` holds the text, where there is any, and is empty where the record itself is the text."""

    record: type | None = None
    children: tuple[Child, ...] = ()
    attributes: tuple[Attribute, ...] = ()
    order: Order = Order.SEQUENCE
    text: Value | None = None
    field: str = "value"
