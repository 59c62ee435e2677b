"""Keys that the pages of figures put together, and sentences that are the same in every language."""

from rempart.cases.assessing.values import MAIN
from rempart.cases.quality.drawing import CHANCE, SINGLE
from rempart.cases.quality.oversight import KINDS
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
    "quality.why.": [CHANCE, SINGLE],
    "oversight.": ["new", "seen", "none.new", "none.seen"],
    "oversight.kind.": list(KINDS),
    "oversight.rule.": list(KINDS),
}  # fmt: skip
SAME = {
    "figures.distance", "figures.kappa", "figures.bits", "figures.minutes.one", "figures.minutes.other",
}  # fmt: skip
