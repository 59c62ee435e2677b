"""Families of composed texts on the pages of care."""

from rempart.cases.care.practice import CODES, CONFIDENCE, KINDS
from rempart.signals.derivatives import Step

FAMILIES = {
    "training_code.": list(CODES),
    "training_kind.": list(KINDS),
    "training_confidence.": list(CONFIDENCE),
    "training_step.": [step.value for step in Step],
    "training_after.": [step.value for step in Step],
}
SAME: set[str] = set()
