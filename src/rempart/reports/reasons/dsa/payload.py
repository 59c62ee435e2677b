"""What the transparency database is sent of a restriction: a closed set of words, nothing that points at anybody."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from rempart.reports.reasons.dsa.words import COUNTRIES, ILLEGAL_CONTENT, INCOMPATIBLE_CONTENT
from rempart.reports.reasons.grounds import ILLEGAL, Ground
from rempart.reports.reasons.values import Automation, Circumstances, Source, What
from rempart.reports.reasons.wording import Operator, facts_key

_VISIBILITY = {
    What.HELD: "DECISION_VISIBILITY_CONTENT_DISABLED",
    What.RESTRICTED: "DECISION_VISIBILITY_CONTENT_DISABLED",
    What.REMOVED: "DECISION_VISIBILITY_CONTENT_REMOVED",
}
_SOURCE = {
    Source.OWN_INITIATIVE: "SOURCE_VOLUNTARY",
    Source.NOTICE: "SOURCE_ARTICLE_16",
    Source.TRUSTED_FLAGGER: "SOURCE_TRUSTED_FLAGGER",
    Source.OTHER_NOTIFICATION: "SOURCE_TYPE_OTHER_NOTIFICATION",
}
_DECISION = {
    Automation.FULLY: "AUTOMATED_DECISION_FULLY",
    Automation.PARTIALLY: "AUTOMATED_DECISION_PARTIALLY",
    Automation.NONE: "AUTOMATED_DECISION_NOT_AUTOMATED",
    Automation.PEOPLE: "AUTOMATED_DECISION_PARTIALLY",
}
_FACTS = {
    "facts.held": "Content withheld from view until it has been examined under the terms of service.",
    "facts.rule": "Automated comparison of the content led to the restriction.",
    "facts.people": "Trained staff examined the content and decided on the restriction.",
    "facts.account": "Trained staff examined what was published or done with the account and decided to block it.",
}
_MEDIA = re.compile(r"(image|video|audio|text)/")
_OLDEST = date(2000, 1, 1)


def payload(found: Circumstances, *, ground: Ground, operator: Operator, puid: str) -> dict[str, Any]:
    """The statement as the database takes it.

    The puid is no id that anybody else knows, so that an uploader does not find a statement by it; item, uploader,
    address and case are not in it, nor anything that a person typed.
    """
    told: dict[str, Any] = {"puid": puid}
    if found.what is What.ACCOUNT:
        told["decision_account"] = "DECISION_ACCOUNT_TERMINATED"
    else:
        told["decision_visibility"] = [_VISIBILITY[found.what]]
    if ground.kind == ILLEGAL:
        told |= {
            "decision_ground": ILLEGAL_CONTENT, "illegal_content_legal_ground": ground.reference["en"],
            "illegal_content_explanation": ground.why["en"],
        }  # fmt: skip
    else:
        told |= {
            "decision_ground": INCOMPATIBLE_CONTENT, "incompatible_content_ground": ground.reference["en"],
            "incompatible_content_explanation": ground.why["en"], "incompatible_content_illegal": "No",
        }  # fmt: skip
    told |= _content(found)
    keywords = ground.synthetic_keywords if found.synthetic and ground.synthetic_keywords else ground.keywords
    if keywords:
        told["category_specification"] = list(keywords)
    posted = max(_OLDEST, (found.posted or found.at).date())
    return told | {
        "category": ground.category,
        "territorial_scope": sorted(set(operator.countries) & COUNTRIES or COUNTRIES),
        "content_date": posted.isoformat(),
        "application_date": found.at.date().isoformat(),
        "decision_facts": _FACTS[facts_key(found)],
        "source_type": _SOURCE[found.source],
        "automated_detection": "Yes" if found.detection else "No",
        "automated_decision": _DECISION[found.decision],
    }


def _content(found: Circumstances) -> dict[str, Any]:
    if found.what is What.ACCOUNT:
        return {"content_type": ["CONTENT_TYPE_OTHER"], "content_type_other": "Account"}
    known = _MEDIA.match(found.media_type or "")
    if known is None:
        return {"content_type": ["CONTENT_TYPE_OTHER"], "content_type_other": "Media file whose type is not known"}
    kinds = [f"CONTENT_TYPE_{known.group(1).upper()}"]
    if found.synthetic:
        kinds.append("CONTENT_TYPE_SYNTHETIC_MEDIA")
    return {"content_type": kinds}
