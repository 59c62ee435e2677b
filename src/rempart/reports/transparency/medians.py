"""The middle of lengths of which it is known how many there were of each."""

from __future__ import annotations

from collections.abc import Mapping

from rempart.reports.transparency.hiding import FEWEST


def median(spans: Mapping[int, int]) -> int | None:
    """The length within which half of them were done, of the lower one of two in the middle; None for fewer than 5."""
    count = sum(spans.values())
    if count < FEWEST:
        return None
    seen = 0
    for length in sorted(spans):
        seen += spans[length]
        if 2 * seen >= count:
            return length
    raise ValueError("lengths are counted from 1 on")
