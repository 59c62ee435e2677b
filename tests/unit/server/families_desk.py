"""Keys that the pages of the desk put together, and sentences that are the same in every language."""

from rempart.lists.difference import Step
from rempart.lists.entry import Opinion

FAMILIES: dict[str, list[str]] = {
    "step.": [step.value for step in Step],
    "opinion.": [opinion.value for opinion in Opinion],
    "guard.": ["canary", "noisy"],
    "answer.": ["yes", "no"],
}
SAME: set[str] = set()
