"""Keys that the pages of figures put together, and sentences that are the same in every language."""

from rempart.cases.assessing.values import MAIN
from rempart.server.pages.figures.contexts import AGES
from rempart.server.pages.figures.drawing import CHARTS

FAMILIES: dict[str, list[str]] = {
    "figures.": [
        "answered", "allow", "hold", "block", "checks", "opened", "decided", "upheld", "cleared", "with_origin", "half",
        "nine_of_ten", "middle", "nearly_all", "within_hour", "within_day", "within_days", "pairs", "same", "kappa",
    ],
    "figures.age.": list(AGES),
    "figures.chart.": list(CHARTS),
    "figures.decision.": [one.value for one in MAIN],
    "figures.all_of.": ["decision", "category"],
}  # fmt: skip
SAME = {
    "figures.distance", "figures.kappa", "figures.bits", "figures.minutes.one", "figures.minutes.other",
}  # fmt: skip
