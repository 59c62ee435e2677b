"""Keys of these pages that are put together from two parts, and sentences that are the same in both languages."""

from rempart.deadlines.clocks import State as Clock
from rempart.deadlines.regimes import Element
from rempart.intake.notices.disclosing import NAMES
from rempart.intake.notices.letters import LetterKind
from rempart.intake.notices.values import ComplaintState, LocationState, NoticeState, Outcome, Role, Track
from rempart.reports.reasons.values import LANGUAGES, Cause, Filing, State, What

FAMILIES: dict[str, list[str]] = {
    "notices.show.": [*(one.value for one in NoticeState), "all"],
    "notices.role.": [one.value for one in Role],
    "notices.track.": [one.value for one in Track],
    "notices.state.": [one.value for one in NoticeState],
    "notices.outcome.": [one.value for one in Outcome],
    "notices.clock_state.": [one.value for one in Clock],
    "notices.element.": [one.value for one in Element],
    "notices.place_state.": [one.value for one in LocationState],
    "notices.complaint.": [one.value for one in ComplaintState],
    "notices.letter.": [one.value for one in LetterKind],
    "notices.told.": [*NAMES, "explanation"],
    "reasons.show.": [*(one.value for one in State), "all"],
    "reasons.what.": [one.value for one in What],
    "reasons.state.": [one.value for one in State],
    "reasons.filing.": [one.value for one in Filing],
    "reasons.lang.": list(LANGUAGES),
    "reasons.cause.": [one.value for one in Cause],
    "notices.finding.": ["identical", "similar"],
}
SAME: set[str] = {"notices.element.signature", "notices.told.signature"}
SAYING = {
    *(f"intake/notices/{name}.py" for name in ("abuse", "filing", "track", "withdrawal")),
    *(f"reports/reasons/{name}.py" for name in ("delays", "statements")),
}
