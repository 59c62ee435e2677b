"""The error rates that come with every finding: measured by `rempart bench derive`, kept as data beside the code."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from rempart.provenance.derivation.comparing import Comparison, Finding

BANDS = ((0.0, 0.1), (0.1, 0.2), (0.2, 0.35), (0.35, 0.6), (0.6, 0.8), (0.8, 1.01))
_CONFIDENCE = 0.95


@cache
def calibration() -> dict[str, Any]:
    """What was measured, as JSON values: see docs/derivation.md."""
    text = resources.files(__package__).joinpath("calibration.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def upper_bound(found: int, of: int) -> float:
    """The rate that is not exceeded with 95 % confidence when so many were found (Clopper and Pearson 1934)."""
    if not of or found >= of:
        return 1.0
    low, high = found / of, 1.0
    for _ in range(60):
        rate = (low + high) / 2
        low, high = (rate, high) if _at_most(found, of, rate) > 1 - _CONFIDENCE else (low, rate)
    return high


def _at_most(found: int, of: int, rate: float) -> float:
    """How probable so few are at this rate."""
    total, term = 0.0, (1 - rate) ** of
    for count in range(found + 1):
        total += term
        term *= (of - count) / (count + 1) * rate / (1 - rate)
    return total


def band(one: Comparison) -> dict[str, Any] | None:
    """The row of the calibration for the agreement of a finding; None where there is none."""
    if one.finding is not Finding.SHARED_CONTENT:
        return None
    rows = [row for row in calibration()["bands"] if row["from"] <= one.agreement]
    found: dict[str, Any] = rows[-1]
    return found
