"""Families of composed texts on the pages of care."""

from rempart.cases.assessing.values import Ending
from rempart.cases.care.practice import CODES, CONFIDENCE, KINDS
from rempart.signals.derivatives import Step

FAMILIES = {
    "care_ending.": [ending.value for ending in Ending],
    "care_task.": ["report", "refer", "add_to_list", "block_account"],
    "care_task_state.": ["waiting", "done", "failed", "cancelled"],
    "training_code.": list(CODES),
    "training_kind.": list(KINDS),
    "training_confidence.": list(CONFIDENCE),
    "training_step.": [step.value for step in Step],
    "training_after.": [step.value for step in Step],
}
SAME: set[str] = set()
