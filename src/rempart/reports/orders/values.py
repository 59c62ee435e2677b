"""What an authority may ask for, how that stands, and what a disclosure consists of: closed sets."""

from __future__ import annotations

from enum import StrEnum


class RecipientClass(StrEnum):
    """What somebody is to whom something was handed; it decides what they may be given."""

    POLICE = "police"
    NCMEC = "ncmec"
    LEGAL_PROCESS = "legal_process"  # a court, or whoever came with its order
    REGULATOR = "regulator"
    HOTLINE = "hotline"
    OTHER = "other"


class Ground(StrEnum):
    """Why something was handed over."""

    DUTY = "duty"  # a law asks for it: a report
    ORDER = "order"
    WARRANT = "warrant"
    REQUEST = "request"  # asked for, without force
    DANGER = "danger"  # somebody's life or safety
    VOLUNTARY = "voluntary"


class What(StrEnum):
    """What was handed over."""

    CONTENT = "content"
    SIGNALS = "signals"
    ASSESSMENTS = "assessments"
    ACCOUNT = "account"
    REPORT = "report"


CONTENT_FOR = frozenset({RecipientClass.POLICE, RecipientClass.NCMEC, RecipientClass.LEGAL_PROCESS})
"""Who may be given content at all."""
