"""The words of the transparency database, as its schema of 1 July 2025 has them (facts: its source of 24 June 2026)."""

from __future__ import annotations

import re

VISIBILITY = frozenset(
    f"DECISION_VISIBILITY_{one}"
    for one in (
        "CONTENT_REMOVED", "CONTENT_DISABLED", "CONTENT_DEMOTED", "CONTENT_AGE_RESTRICTED",
        "CONTENT_INTERACTION_RESTRICTED", "CONTENT_LABELLED", "OTHER",
    )
)  # fmt: skip
MONETARY = frozenset(f"DECISION_MONETARY_{one}" for one in ("SUSPENSION", "TERMINATION", "OTHER"))
PROVISION = frozenset(
    f"DECISION_PROVISION_{one}"
    for one in ("PARTIAL_SUSPENSION", "TOTAL_SUSPENSION", "PARTIAL_TERMINATION", "TOTAL_TERMINATION")
)
ACCOUNT = frozenset({"DECISION_ACCOUNT_SUSPENDED", "DECISION_ACCOUNT_TERMINATED"})
ACCOUNT_TYPE = frozenset({"ACCOUNT_TYPE_BUSINESS", "ACCOUNT_TYPE_PRIVATE"})
ILLEGAL_CONTENT, INCOMPATIBLE_CONTENT = "DECISION_GROUND_ILLEGAL_CONTENT", "DECISION_GROUND_INCOMPATIBLE_CONTENT"
GROUND = frozenset({ILLEGAL_CONTENT, INCOMPATIBLE_CONTENT})
CONTENT_TYPE = frozenset(
    f"CONTENT_TYPE_{one}" for one in ("APP", "AUDIO", "IMAGE", "PRODUCT", "SYNTHETIC_MEDIA", "TEXT", "VIDEO", "OTHER")
)
CATEGORIES = frozenset(
    f"STATEMENT_CATEGORY_{one}"
    for one in (
        "ANIMAL_WELFARE", "CONSUMER_INFORMATION", "CYBER_VIOLENCE", "CYBER_VIOLENCE_AGAINST_WOMEN",
        "DATA_PROTECTION_AND_PRIVACY_VIOLATIONS", "ILLEGAL_OR_HARMFUL_SPEECH", "INTELLECTUAL_PROPERTY_INFRINGEMENTS",
        "NEGATIVE_EFFECTS_ON_CIVIC_DISCOURSE_OR_ELECTIONS", "NOT_SPECIFIED_NOTICE", "OTHER_VIOLATION_TC",
        "PROTECTION_OF_MINORS", "RISK_FOR_PUBLIC_SECURITY", "SCAMS_AND_FRAUD", "SELF_HARM",
        "UNSAFE_AND_PROHIBITED_PRODUCTS", "VIOLENCE",
    )
)  # fmt: skip
"""STATEMENT_CATEGORY_PORNOGRAPHY_OR_SEXUALIZED_CONTENT and …_NON_CONSENSUAL_BEHAVIOUR are gone since 1 July 2025."""
GONE_KEYWORDS = frozenset(
    {"KEYWORD_IMAGE_BASED_SEXUAL_ABUSE", "KEYWORD_GENDER_BASED_VIOLENCE", "KEYWORD_NON_CONSENSUAL_ITEMS_DEEPFAKE"}
)
SOURCE = frozenset(
    {"SOURCE_ARTICLE_16", "SOURCE_TRUSTED_FLAGGER", "SOURCE_VOLUNTARY", "SOURCE_TYPE_OTHER_NOTIFICATION"}
)
YES_NO = frozenset({"Yes", "No"})
AUTOMATED = frozenset(f"AUTOMATED_DECISION_{one}" for one in ("FULLY", "PARTIALLY", "NOT_AUTOMATED"))
COUNTRIES = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI",
        "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
"""The European Economic Area."""
_KEYWORD = re.compile(r"KEYWORD_[A-Z]+(_[A-Z]+)*")


def is_keyword(text: str) -> bool:
    """Whether it has the form of a keyword, and is none of those that are gone since 1 July 2025."""
    return _KEYWORD.fullmatch(text) is not None and text not in GONE_KEYWORDS
