"""What a group had to see, for leads: whole weeks, five people or more, rounded.

A week is shown once it is over, with everybody in it who was shown anything: the group never changes afterwards, so two
readings cannot be taken from each other to tell what one person saw. Whoever reads is not counted among the five.
Totals are rounded to tens and means to fives, so that no share follows from them either.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.records import grants as records
from rempart.cases.records.grants import Share

LEAST_PEOPLE = 5
WEEKS = 8
_MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """A week's figures; all None where fewer than five others were shown anything."""

    start: datetime
    reveals: int | None = None
    looks: int | None = None
    reveals_each: int | None = None
    minutes_each: int | None = None


def weeks(conn: Connection, *, reader: str, at: datetime, most: int = WEEKS) -> tuple[Week, ...]:
    """The last whole weeks, the youngest first."""
    this = _MONDAY + (at - _MONDAY) // _WEEK * _WEEK
    shares: dict[int, list[Share]] = defaultdict(list)
    for share in records.shares(conn, origin=_MONDAY, width=_WEEK, start=this - most * _WEEK, end=this):
        shares[share.number].append(share)
    starts = [this - number * _WEEK for number in range(1, most + 1)]
    return tuple(_week(start, shares[(start - _MONDAY) // _WEEK], reader) for start in starts)


def _week(start: datetime, shares: list[Share], reader: str) -> Week:
    if sum(share.person != reader for share in shares) < LEAST_PEOPLE:
        return Week(start=start)
    count = len(shares)
    reveals, looks = sum(one.reveals for one in shares), sum(one.looks for one in shares)
    seconds = sum(one.seconds for one in shares)
    return Week(
        start=start,
        reveals=_rounded(reveals, 10),
        looks=_rounded(looks, 10),
        reveals_each=_rounded(reveals / count, 5),
        minutes_each=_rounded(seconds / 60 / count, 5),
    )


def _rounded(value: float, to: int) -> int:
    return int(value / to + 0.5) * to
