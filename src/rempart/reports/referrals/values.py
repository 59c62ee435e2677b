"""The words of referral packages: where one stands, what may be in it, and who may be given what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from rempart.errors import RefusedError
from rempart.reports.orders.values import CONTENT_FOR, Ground, RecipientClass, What

LANGUAGES = ("en", "fr")
"""The languages that a cover is written in."""


class State(StrEnum):
    """Where a referral stands."""

    DRAFT = "draft"
    ASKED = "asked"  # one person asked another to confirm exactly this
    CONFIRMED = "confirmed"  # it may be packed and handed over
    HANDED_OVER = "handed_over"
    WITHDRAWN = "withdrawn"


class Part(StrEnum):
    """What a package may hold."""

    LOCATIONS = "locations"
    ASSESSMENTS = "assessments"
    PROOFS = "proofs"  # the ledger's leaves about the case, each with its proof
    SIGNALS = "signals"  # plain digests and fingerprints, what matched, and the VICS case
    ACCOUNTS = "accounts"  # what is known of who uploaded it
    CUSTODY = "custody"  # who touched the sealed evidence
    CONTENT = "content"  # the files themselves


_EVERYTHING = frozenset(Part)
MAY_RECEIVE: Mapping[RecipientClass, frozenset[Part]] = {
    RecipientClass.POLICE: _EVERYTHING,
    RecipientClass.NCMEC: _EVERYTHING,
    RecipientClass.LEGAL_PROCESS: _EVERYTHING,
    RecipientClass.HOTLINE: frozenset({Part.LOCATIONS, Part.ASSESSMENTS, Part.PROOFS}),
    RecipientClass.REGULATOR: frozenset({Part.LOCATIONS, Part.ASSESSMENTS, Part.PROOFS}),
    RecipientClass.OTHER: frozenset({Part.LOCATIONS}),
}
"""What each class of recipient may be given at most (18 U.S.C. 2258A(g)(4); a hotline looks at the address itself).

Who may not be given content is an outsider: no plain digest, fingerprint, account or touch of evidence goes to them.
"""
NEEDS_TWO = frozenset({Part.CONTENT})
"""What only leaves when a second person has confirmed it."""
ENDED = frozenset({State.HANDED_OVER, State.WITHDRAWN})
LEAVES: Mapping[Part, What] = {
    Part.LOCATIONS: What.LOCATIONS,
    Part.ASSESSMENTS: What.ASSESSMENTS,
    Part.PROOFS: What.PROOFS,
    Part.SIGNALS: What.SIGNALS,
    Part.ACCOUNTS: What.ACCOUNT,
    Part.CUSTODY: What.PROOFS,
    Part.CONTENT: What.CONTENT,
}
"""What a part counts as in the log of disclosures."""
GROUNDS = (Ground.DUTY, Ground.VOLUNTARY, Ground.REQUEST, Ground.ORDER, Ground.WARRANT, Ground.DANGER)


def may_receive(classes: Collection[RecipientClass]) -> frozenset[Part]:
    """What may be in a package for all of these: the strictest decides. Nothing for nobody."""
    return frozenset.intersection(*(MAY_RECEIVE[one] for one in classes)) if classes else frozenset()


def hold_back(parts: Collection[Part], classes: Collection[RecipientClass]) -> None:
    """Refuse parts that one of these may not be given. Raises RefusedError."""
    refused = frozenset(parts) - may_receive(classes)
    if not refused:
        return
    if Part.CONTENT in refused or not CONTENT_FOR.issuperset(classes):
        raise RefusedError(
            "Content, its digests and who uploaded it go to the police, to NCMEC or under legal process alone.",
            hint="Give a hotline the locations and assessments, and anybody else the locations.",
        )
    raise RefusedError("A part is asked for that this recipient may not be given.")
