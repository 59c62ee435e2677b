"""One suspect against one source: points, map and the finding that follows from them.

Geometry tells that both pictures show the same pixels, once moved, turned, cut or mirrored. It does not tell which of
the two came first, nor who made either; and a picture that was generated anew, with no pixels kept, is not found.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from rempart.provenance.derivation.agreement import Agreement, Cell, agreement
from rempart.provenance.derivation.matching import Asked, Explained
from rempart.provenance.derivation.sheets import Sheet

LEAST_KEPT = 8
"""Matching points, in cells that agree, from which there is a finding."""
LEAST_SHARE = 0.35
"""Share of the judged cells that must agree."""
LEAST_JUDGED = 8
"""Cells that must say something."""
LEAST_SPREAD = 0.05
"""How far the matching points must spread across their line of best fit, against the side of what both show."""


class Finding(StrEnum):
    """What the comparison shows. NOT_SHOWN is no proof that nothing is shared."""

    SHARED_CONTENT = "shared_content"
    NOT_SHOWN = "not_shown"


class Reason(StrEnum):
    """Why the finding is what it is."""

    AGREES = "agrees"
    FEW_POINTS = "few_points"
    LITTLE_TEXTURE = "little_texture"
    ONE_PLACE = "one_place"
    REST_DIFFERS = "rest_differs"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """A finding and what it rests on.

    `inliers` are the matching points that one mapping explains, `kept` those of them in cells that agree, `matches` all
    that looked alike. `agreement` is the share of the judged cells that agree. `mirrored`: the suspect was compared as
    its mirror image, in which `map` and `explained` stand too. `spread` is that of the kept points. `shown` is the
    share of the source that the suspect shows, `covers` the share of the suspect that the source covers.
    """

    finding: Finding
    reason: Reason
    mirrored: bool = False
    matches: int = 0
    inliers: int = 0
    kept: int = 0
    agreement: float = 0.0
    spread: float = 0.0
    shown: float = 0.0
    covers: float = 0.0
    explained: Explained | None = None
    map: Agreement | None = None


class Suspect:
    """A suspect, made ready to be compared with many sources, as it is and mirrored."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self._plain, self._mirrored = Asked(sheet), Asked(sheet.mirrored())

    def compare(self, source: Sheet) -> Comparison:
        """Compare with a source, both ways, and give the better: a picture is like its own mirror image at places."""
        plain, mirrored = _compared(self._plain, source), _compared(self._mirrored, source, mirrored=True)
        return max(plain, mirrored, key=_weight)


def _weight(one: Comparison) -> tuple[bool, float, int, int]:
    return one.finding is Finding.SHARED_CONTENT, one.agreement * one.kept, one.inliers, one.matches


def _compared(asked: Asked, source: Sheet, *, mirrored: bool = False) -> Comparison:
    pairs = asked.matches(source)
    explained = asked.explained(source, pairs)
    if explained is None:
        return Comparison(finding=Finding.NOT_SHOWN, reason=Reason.FEW_POINTS, mirrored=mirrored, matches=len(pairs))
    found = agreement(asked.sheet, source, explained.mapping)
    inside = found.at(explained.suspect) == Cell.AGREES
    kept, spread = int(inside.sum()), _spread(explained.suspect[inside], found)
    reason = _reason(len(explained.source), kept, found, spread)
    height, width = asked.sheet.plane.shape
    return Comparison(
        finding=Finding.SHARED_CONTENT if reason is Reason.AGREES else Finding.NOT_SHOWN, reason=reason,
        mirrored=mirrored, matches=len(pairs), inliers=len(explained.source), kept=kept, agreement=found.share,
        spread=spread, shown=min(1.0, found.seen / max(found.frame, 1.0)), covers=found.seen / (height * width),
        explained=explained, map=found,
    )  # fmt: skip


def _reason(inliers: int, kept: int, found: Agreement, spread: float) -> Reason:
    """What stands against a finding, the first of it; AGREES when nothing does."""
    if inliers < LEAST_KEPT:
        return Reason.FEW_POINTS
    if found.judged < LEAST_JUDGED:
        return Reason.LITTLE_TEXTURE
    if found.share < LEAST_SHARE:
        return Reason.REST_DIFFERS
    if kept < LEAST_KEPT:
        return Reason.FEW_POINTS
    return Reason.ONE_PLACE if spread < LEAST_SPREAD else Reason.AGREES


def _spread(points: NDArray[np.float32], found: Agreement) -> float:
    """The deviation of points across their line of best fit, against the side of what both show."""
    if len(points) < 3:
        return 0.0
    across = float(np.linalg.eigvalsh(np.cov(points.astype(np.float64).T))[0])
    return float(max(across, 0.0) ** 0.5 / max(found.seen, 1) ** 0.5)
