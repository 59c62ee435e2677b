"""Keys of the running pages that are put together from two parts, and sentences that are the same in both languages."""

from rempart.cases.events import Reason
from rempart.lists.entry import Opinion
from rempart.lists.staging_records import State
from rempart.policy.facts import Verdict
from rempart.server.condition import WARNINGS
from rempart.server.pages.running.changes import COUNTED
from rempart.server.pages.running.ledger import OUTCOMES
from rempart.server.pages.running.taking import FORMATS
from rempart.signals.outcome import Outcome

FAMILIES = {
    "list_mode.": ["observing", "blocking"],
    "change_kind.": ["entries", "settings"],
    "change_state.": [state.value for state in State],
    "step.": ["add", "change", "withdraw"],
    "changes_count.": sorted(COUNTED),
    "list_setting.": ["name", "mode", "shared", "owner", "scheme", "growth", "feeds"],
    "health_room.": ["data", "database", "blobs"],
    "health_database.": ["sqlite", "postgresql"],
    "health_warning.": list(WARNINGS),
    "machine_topic.": ["machine", "libraries", "kernels", "worker", "formats", "sandbox"],
    "verdict.": [one.value for one in Verdict],
    "items_outcome.": [one.value for one in Outcome],
    "items_case.": ["open", "decided"],
    "told_why.": [one.value for one in Reason],
    "hook_message.": ["waiting", "delivered", "given_up"],
    "hook_state.": ["enabled", "disabled"],
    "policy_state.": ["proposed", "refused", "put"],
    "ledger_outcome.": list(OUTCOMES.values()),
    "entry_state.": ["live", "withdrawn"],
    "opinion.": [opinion.value for opinion in Opinion],
    "import_format.": list(FORMATS),
    "guards.": ["canary", "noisy"],
}  # fmt: skip
SAME = {
    "health.version", "health_database.sqlite", "health_database.postgresql", "machine_topic.machine",
    "machine_topic.formats",
    "health.machine",
    "items.service", "items.verdict", "items.policy", "items.signal", "items.distance", "items.webhooks",
    "hooks.title", "hooks.messages", "hooks.message", "hooks.pause",
    "lists.mode", "list_setting.mode", "entries.signal", "entries.code", "entries.source",
    "import.source", "import.format",
    "import_format.vics", "import_format.threatexchange", "guards.signal",
}  # fmt: skip
SAYING = {
    "lists/curation.py", "lists/curation_settings.py", "lists/ingest.py", "lists/breaker.py", "cases/stops.py",
    "cases/webhooks.py", "policy/versions.py", "server/targets.py",
}  # fmt: skip
