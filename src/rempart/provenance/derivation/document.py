"""A comparison as JSON values: what `rempart derive --json` gives, and what a report is made from."""

from __future__ import annotations

import platform
from typing import Any

import cv2
import numpy as np

from rempart import __version__
from rempart.provenance.derivation import agreement, comparing, sheets
from rempart.provenance.derivation.agreement import Cell
from rempart.provenance.derivation.calibration import band
from rempart.provenance.derivation.comparing import Comparison
from rempart.provenance.derivation.sheets import Sheet

_MARKS = {Cell.OUTSIDE: " ", Cell.SILENT: ".", Cell.DIFFERS: "x", Cell.AGREES: "#"}
_DIGITS = 4


def finding(one: Comparison, suspect: Sheet) -> dict[str, Any]:
    """The finding and its figures. `quad` is where the source's corners lie in the suspect (mirrored, where it says
    so), in the suspect's own pixels; `map` the cells of the suspect by row, `cell` their side in its own pixels:
    `#` agrees, `x` differs, `.` says nothing, and a space lies outside the source. `band` is the row
    of the calibration in which a finding stands."""
    scale = suspect.width / suspect.plane.shape[1]
    found: dict[str, Any] = {
        "finding": one.finding.value, "inliers": one.inliers, "agreement": round(one.agreement, _DIGITS),
        "mirrored": one.mirrored, "reason": one.reason.value, "matches": one.matches, "kept": one.kept,
        "judged": one.map.judged if one.map else 0, "spread": round(one.spread, _DIGITS),
        "shown": round(one.shown, _DIGITS), "covers": round(one.covers, _DIGITS),
        "quad": None, "cell": None, "map": None, "band": band(one),
    }  # fmt: skip
    if one.map is not None:
        found["quad"] = [[round(float(x) * scale, 1), round(float(y) * scale, 1)] for x, y in one.map.quad]
        found["cell"] = round(one.map.cell * scale, 1)
        found["map"] = ["".join(_MARKS[Cell(cell)] for cell in row) for row in one.map.map]
    return found


def method() -> dict[str, Any]:
    """What made the comparison: versions, and every number that decides."""
    return {
        "rempart": __version__, "features": sheets.VERSION, "opencv": cv2.__version__, "numpy": np.__version__,
        "machine": platform.machine(),
        "rules": {
            "least_kept": comparing.LEAST_KEPT, "least_agreement": comparing.LEAST_SHARE,
            "least_judged": comparing.LEAST_JUDGED, "least_spread": comparing.LEAST_SPREAD,
            "cell_agrees_from": agreement.AGREES_FROM,
        },
    }  # fmt: skip
