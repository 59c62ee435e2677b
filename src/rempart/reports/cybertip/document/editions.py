"""Editions of the schema: which of the parts that differ between readings an edition has.

The schema that an operator fetched from the service decides: `edition_of` reads from it what it has. Without one the
reading of November 2025 is used, the last whole one that was public.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from rempart.errors import RefusedError
from rempart.reports.cybertip.document.shapes import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A name, and the variants that an edition has."""

    name: str
    has: frozenset[Variant]


_ALWAYS = frozenset(
    {
        Variant.TEMPORARILY_DISABLED,
        Variant.PERMANENTLY_DISABLED,
        Variant.ASSOCIATED_TYPE,
        Variant.PLATFORM_THIRD_PARTY,
        Variant.PROCESS_COUNTRY,
        Variant.DETAILS_TYPE,
    }
)
NOVEMBER_2025 = Edition(name="2025-11", has=_ALWAYS | {Variant.FILE_NAME})
MID_2026 = Edition(name="2026", has=_ALWAYS | {Variant.INFORMATIONAL, Variant.AGE_DISCREPANCY})
"""What readers of the documentation of 2026 agree on. What only one of them has is taken from a fetched schema."""
EDITIONS: Mapping[str, Edition] = {one.name: one for one in (NOVEMBER_2025, MID_2026)}
DEFAULT = NOVEMBER_2025

PLACES: Mapping[Variant, tuple[str, str]] = {
    Variant.INFORMATIONAL: ("reportAnnotations", "informational"),
    Variant.AGGRAVATING_FACTORS: ("reportAnnotations", "potentialAggravatingFactors"),
    Variant.INSTRUMENTAL_USE: ("reportAnnotations", "instrumentalUse"),
    Variant.AGE_DISCREPANCY: ("person", "ageAssertionDiscrepancy"),
    Variant.FILE_NAME: ("fileDetails", "fileName"),
    Variant.TEMPORARILY_DISABLED: ("personOrUserReported", "accountTemporarilyDisabled"),
    Variant.PERMANENTLY_DISABLED: ("personOrUserReported", "accountPermanentlyDisabled"),
    Variant.ASSOCIATED_TYPE: ("associatedAccount", "@type"),
    Variant.ASSOCIATED_ACCOUNT_TYPE: ("associatedAccount", "@accountType"),
    Variant.PLATFORM_THIRD_PARTY: ("platform", "@thirdPartyUser"),
    Variant.ASSOCIATED_THIRD_PARTY: ("associatedAccount", "@thirdPartyUser"),
    Variant.PROCESS_COUNTRY: ("servedLegalProcessInternational", "@fleaCountry"),
    Variant.AGENCY_COUNTRY: ("lawEnforcement", "@fleaCountry"),
    Variant.DETAILS_TYPE: ("details", "@type"),
    Variant.PAIR_TYPE: ("nameValue", "@type"),
}
"""Where a schema declares each: in what, and by which name."""

_SCHEMA = "http://www.w3.org/2001/XMLSchema"
_NAMED = frozenset({"element", "complexType"})


def edition_of(schema: bytes, *, name: str = "fetched") -> Edition:
    """The edition that a schema is of. RefusedError for what is no schema of this service."""
    declared = _declared(schema)
    if not {("report", "additionalInfo"), ("fileDetails", "fileId")} <= declared:
        raise RefusedError("This is no schema of the CyberTipline.", hint="Fetch it from the service again.")
    return Edition(name=name, has=frozenset(variant for variant, place in PLACES.items() if place in declared))


def _declared(schema: bytes) -> set[tuple[str, str]]:
    """Each element and attribute that a schema declares, with the nearest name around it."""
    found: set[tuple[str, str]] = set()
    around: list[str] = []

    def begun(tag: str, attributes: dict[str, str]) -> None:
        kind = tag.removeprefix(f"{_SCHEMA} ")
        name = attributes.get("name", attributes.get("ref", ""))
        if around and name and kind in ("element", "attribute"):
            owner = next((one for one in reversed(around) if one), "")
            found.add((owner, f"@{name}" if kind == "attribute" else name))
        around.append(name if kind in _NAMED else "")

    def ended(_: str) -> None:
        around.pop()

    def doctype(*_: object) -> None:
        raise RefusedError("A schema with a document type is not accepted.", hint="Fetch it from the service again.")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = begun
    parser.EndElementHandler = ended
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(schema, True)
    except expat.ExpatError as err:
        raise RefusedError("The schema is no well-formed XML.", hint="Fetch it from the service again.") from err
    return found
