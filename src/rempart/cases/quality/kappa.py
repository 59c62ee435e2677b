"""How far two people agree beyond what chance would give: Cohen's kappa, with an interval that small numbers widen.

J. Cohen, A coefficient of agreement for nominal scales (1960); the standard error follows J. L. Fleiss, J. Cohen and
B. S. Everitt, Large sample standard errors of kappa and weighted kappa (1969).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from rempart.cases.quality.intervals import SURE, Interval, wilson

Answer = TypeVar("Answer", bound=Hashable)

FEWEST_PAIRS = 20
"""Fewer cases that two people judged say nothing about how they agree."""
FEWEST_NAMED = 5
"""So often somebody must have named a category, and so often somebody not, before agreement on it is told."""


class Kappa(NamedTuple):
    """Kappa, its large-sample standard error, and the share of same answers that chance alone would give."""

    value: float
    error: float
    by_chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How two answers to the same case agree.

    `observed` is the share of the same answers, None without any. `kappa` is None where there are too few (`few`), or
    where everybody always gave one answer (`single`): agreement beyond chance cannot be told then. `interval` holds
    the true value in about 95 of 100 such figures.
    """

    pairs: int
    same: int
    named: int
    few: bool
    single: bool
    kappa: float | None = None
    interval: Interval | None = None

    @property
    def observed(self) -> float | None:
        return self.same / self.pairs if self.pairs else None


def agreement(counts: Mapping[tuple[Answer, Answer], int], *, fewest: int = FEWEST_PAIRS) -> Agreement:
    """The agreement over all answers at once, from how often each pair of answers was given."""
    total = sum(counts.values())
    return _agreement(counts, named=total, few=total < fewest)


def per_category(
    counts: Mapping[tuple[Answer, Answer], int], *, fewest: int = FEWEST_PAIRS, fewest_named: int = FEWEST_NAMED
) -> Mapping[Answer, Agreement]:
    """For each answer that was given, the agreement on whether it is this one or another; in the order of first use.

    `named` is the number of pairs in which at least one of the two gave it.
    """
    found: dict[Answer, Agreement] = {}
    total = sum(counts.values())
    for category in dict.fromkeys(one for pair, count in counts.items() if count for one in pair):
        table: Counter[tuple[bool, bool]] = Counter()
        for (first, second), count in counts.items():
            table[first == category, second == category] += count
        named, others = total - table[False, False], total - table[True, True]
        few = total < fewest or named < fewest_named or (0 < others < fewest_named)
        found[category] = _agreement(table, named=named, few=few)
    return found


def cohen(counts: Mapping[tuple[Answer, Answer], int]) -> Kappa | None:
    """Kappa from how often each pair of answers was given; None where it is not defined: nothing was counted, or
    everybody always gave one answer."""
    total = sum(counts.values())
    if total == 0:
        return None
    share = {pair: count / total for pair, count in counts.items() if count}
    rows: dict[Answer, float] = {}
    columns: dict[Answer, float] = {}
    for (first, second), part in share.items():
        rows[first] = rows.get(first, 0.0) + part
        columns[second] = columns.get(second, 0.0) + part
    observed = math.fsum(part for (first, second), part in share.items() if first == second)
    by_chance = math.fsum(rows[one] * columns.get(one, 0.0) for one in rows)
    left = 1 - by_chance
    if left < 1e-12:
        return None
    kappa = (observed - by_chance) / left
    variance = _variance(share, rows, columns, by_chance, kappa) / total
    return Kappa(value=kappa, error=math.sqrt(max(0.0, variance)), by_chance=by_chance)


def _variance(
    share: Mapping[tuple[Answer, Answer], float],
    rows: Mapping[Answer, float],
    columns: Mapping[Answer, float],
    by_chance: float,
    kappa: float,
) -> float:
    """Formula 13 of Fleiss, Cohen and Everitt, for one pair."""
    left = 1 - by_chance

    def margin(one: Answer, other: Answer) -> float:
        return columns.get(one, 0.0) + rows.get(other, 0.0)

    same = math.fsum(
        part * (1 - margin(first, first) * (1 - kappa)) ** 2
        for (first, second), part in share.items()
        if first == second
    )
    different = math.fsum(
        part * margin(first, second) ** 2 for (first, second), part in share.items() if first != second
    )
    return (same + (1 - kappa) ** 2 * different - (kappa - by_chance * (1 - kappa)) ** 2) / left**2


def _agreement(counts: Mapping[tuple[Answer, Answer], int], *, named: int, few: bool) -> Agreement:
    total = sum(counts.values())
    same = sum(count for (first, second), count in counts.items() if first == second)
    found = cohen(counts)
    single = total > 0 and found is None
    if few or found is None:
        return Agreement(pairs=total, same=same, named=named, few=few, single=single)
    return Agreement(
        pairs=total, same=same, named=named, few=False, single=False, kappa=found.value,
        interval=_interval(found, same=same, total=total),
    )  # fmt: skip


def _interval(found: Kappa, *, same: int, total: int) -> Interval:
    """The wider of two: the large-sample one, which has no width where all agreed, and the one that follows from
    Wilson's interval of the share of same answers, chance staying as it is."""
    score, left = wilson(same, total), 1 - found.by_chance
    low = min(found.value - SURE * found.error, (score.low - found.by_chance) / left)
    high = max(found.value + SURE * found.error, (score.high - found.by_chance) / left)
    return Interval(low=max(-1.0, low), high=min(1.0, high))
