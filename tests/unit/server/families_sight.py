"""Families of composed texts on the pages for looking."""

from rempart.cases.sight.evidence import Hindrance
from rempart.cases.sight.grants import PURPOSES
from rempart.server.pages.sight.panel import DERIVATIVES

FAMILIES = {
    "sight_step.": list(DERIVATIVES),
    "sight_alt.": [*DERIVATIVES, "original"],
    "sight_is.": [*DERIVATIVES, "original"],
    "sight_purpose.": list(PURPOSES),
    "sight_hindrance.": [one.value for one in Hindrance],
}
SAME: set[str] = set()
