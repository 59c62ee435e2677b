"""Keys of the running pages that are put together from two parts, and sentences that are the same in both languages."""

from rempart.lists.entry import Opinion
from rempart.lists.staging_records import State
from rempart.server.pages.running.taking import FORMATS

FAMILIES = {
    "lists.mode.": ["observing", "blocking"],
    "change_kind.": ["entries", "settings"],
    "change_state.": [state.value for state in State],
    "step.": ["add", "change", "withdraw"],
    "count.": [
        "add", "change", "withdraw", "unchanged", "duplicates", "refused", "entries", "canary", "noisy", "set_aside",
        "overtaken",
    ],
    "entry_state.": ["live", "withdrawn"],
    "opinion.": [opinion.value for opinion in Opinion],
    "import.format.": list(FORMATS),
    "guards.": ["canary", "noisy"],
}  # fmt: skip
SAME = {
    "lists.mode", "entries.signal", "entries.code", "entries.source", "import.source", "import.format",
    "import.format.vics", "import.format.threatexchange", "guards.signal",
}  # fmt: skip
