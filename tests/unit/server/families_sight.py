"""Families of composed texts on the pages for looking."""

from rempart.cases.sight.evidence import Hindrance
from rempart.cases.sight.grants import PURPOSES
from rempart.server.pages.sight.panel import DERIVATIVES

FAMILIES = {
    "sight.step.": list(DERIVATIVES),
    "sight.alt.": [*DERIVATIVES, "original"],
    "sight.is.": [*DERIVATIVES, "original"],
    "sight.purpose.": list(PURPOSES),
    "sight.hindrance.": [one.value for one in Hindrance],
}
SAME: set[str] = set()
