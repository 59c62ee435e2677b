"""Keys of these pages that are put together from two parts, and sentences that are the same in both languages."""

from rempart.reports.orders.values import Ground, RecipientClass
from rempart.reports.referrals.routing import Standing
from rempart.reports.referrals.values import LANGUAGES, Part, State

FAMILIES: dict[str, list[str]] = {
    "referrals.show.": ["all", *(one.value for one in State)],
    "referrals.state.": [one.value for one in State],
    "referrals.state_text.": [one.value for one in State],
    "referrals.class.": [one.value for one in RecipientClass],
    "referrals.part.": [one.value for one in Part],
    "referrals.standing.": [one.value for one in Standing],
    "referrals.ground.": [one.value for one in Ground],
    "referrals.lang.": list(LANGUAGES),
    "referrals.head.": ["locations", "assessments", "content"],
    "referrals.outcome.": ["how", "reference", "why"],
}
SAME: set[str] = {
    "referrals.class.police",
    "referrals.class.ncmec",
    "referrals.service",
    "referrals.sha",
}
SAYING = {
    f"reports/referrals/{name}.py"
    for name in ("drafting", "handing", "packing", "recipients", "standing", "values", "writing")
}
