"""How sure a share is: Wilson's score interval (1927), honest near 0 and 1 and for small numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

SURE = 1.959963984540054
"""Standard deviations around the middle of a normal distribution that hold 95 of 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From `low` to `high`."""

    low: float
    high: float


def wilson(hits: int, total: int) -> Interval:
    """The interval of a share that holds the true one in about 95 of 100 such figures; all of 0 to 1 without any."""
    if not 0 <= hits <= total:
        raise ValueError("hits are between none and all")
    if total == 0:
        return Interval(low=0.0, high=1.0)
    share, square = hits / total, SURE * SURE
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = SURE / (1 + square / total) * math.sqrt(share * (1 - share) / total + square / (4 * total * total))
    return Interval(
        low=0.0 if hits == 0 else max(0.0, middle - half), high=1.0 if hits == total else min(1.0, middle + half)
    )
