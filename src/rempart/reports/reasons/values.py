"""The words of statements of reasons: what was restricted, how it came about, and what a statement says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LANGUAGES = ("en", "fr")


class Kind(StrEnum):
    """What a statement is about."""

    RESTRICTION = "restriction"
    LIFTED = "lifted"


class What(StrEnum):
    """What was restricted, and how."""

    HELD = "held"  # not shown while it is examined
    RESTRICTED = "restricted"  # people decided not to have it shown
    REMOVED = "removed"
    ACCOUNT = "account"  # an account, blocked for good


class State(StrEnum):
    """Whether the service can read a statement."""

    WAITING = "waiting"
    OUT = "out"
    WITHHELD = "withheld"  # an authority's order: the uploader is not told


class Filing(StrEnum):
    """Where a statement stands with the transparency database."""

    NONE = "none"
    DUE = "due"
    BATCHED = "batched"
    FILED = "filed"
    REFUSED = "refused"


class Source(StrEnum):
    """How a service came to look at something."""

    OWN_INITIATIVE = "own_initiative"
    NOTICE = "notice"
    TRUSTED_FLAGGER = "trusted_flagger"
    OTHER_NOTIFICATION = "other_notification"


class Automation(StrEnum):
    """What part machines had in a decision."""

    FULLY = "fully"  # by rule, nobody decided
    PARTIALLY = "partially"  # by rule first, or carried over to copies; people decided
    NONE = "none"  # people decided about what no rule had restricted
    PEOPLE = "people"  # people decided; whether a rule did before is not told


class Cause(StrEnum):
    """Why an uploader is not told at once, or not at all."""

    POLICE_REQUEST = "police_request"
    DANGER = "danger"
    ORDER = "order"  # Article 9: the authority's order is told by other ways


DELAYS = frozenset({Cause.POLICE_REQUEST, Cause.DANGER})
"""What a lead may delay a statement for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a case or an item came to notice: whether somebody told of it, and whether it is a child-safety matter
    whatever the category says."""

    source: Source = Source.OWN_INITIATIVE
    child: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All that a statement is made of, as it was at the moment of the restriction.

    `detection`: whether a machine found it. `category` is scheme and code; `synthetic`: people took it for made or
    changed by a machine. `media_type` is None where the service sent signals alone.
    """

    what: What
    at: datetime
    source: Source
    detection: bool
    decision: Automation
    categories: tuple[tuple[str, str], ...] = ()
    child: bool = False
    synthetic: bool = False
    media_type: str | None = None
    posted: datetime | None = None
    language: str = "en"
