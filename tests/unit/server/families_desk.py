"""Keys that the pages of the desk put together, and sentences that are the same in every language."""

from rempart.cases.assessing.values import Confidence, Decision, Ending, ImageKind, OriginBasis
from rempart.cases.work import emergency
from rempart.cases.work.accounts import FACT_KINDS
from rempart.cases.work.settings import KINDS, PRIORITIES
from rempart.lists.difference import Step
from rempart.lists.entry import Opinion
from rempart.policy.facts import Verdict
from rempart.server.pages.desk import acting, happenings, team

FAMILIES: dict[str, list[str]] = {
    "step.": [step.value for step in Step],
    "opinion.": [opinion.value for opinion in Opinion],
    "guard.": ["canary", "noisy"],
    "answer.": ["yes", "no"],
    "look.": ["none", "look"],
    "look_text.": ["none", "look"],
    "case_kind.": list(KINDS),
    "verdict.": [verdict.value for verdict in Verdict],
    "priority.": [str(priority) for priority in PRIORITIES.values()],
    "holder_none.": ["decided", "settling", "held", "role", "lead", "answered"],
    "near_state.": ["proposed", "confirmed", "rejected", "apart"],
    "decision.": [decision.value for decision in Decision],
    "decision_does.": [decision.value for decision in Decision],
    "image_kind.": [kind.value for kind in ImageKind],
    "origin.": [basis.value for basis in OriginBasis],
    "confidence.": [confidence.value for confidence in Confidence],
    "standing_alone.": ["limit", "danger", "one_person"],
    "ending.": [ending.value for ending in Ending],
    "happening.": sorted(happenings.ACTIONS),
    "happening_fact.": list(happenings.FACTS),
    "case_done.": sorted(acting.DONE),
    "fact_kind.": list(FACT_KINDS),
    "work_number.": [*team.NUMBERS, *team.BUDGETS],
    "work_when.": list(team.CONDITIONS),
    "work_contact.": ["name", "reach", "when"],
    "country.": list(emergency.countries()),
}
SAME: set[str] = {
    "case.exact", "case.note", "happening.case.noted", "new_case.service", "origin.c2pa", "work_when.code",
    "work_when.service",
}  # fmt: skip
