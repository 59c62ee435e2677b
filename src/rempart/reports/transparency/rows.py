"""Figures as tidy rows: one number in each, with what it is of. Hidden numbers have a row without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from rempart.cases.quality.intervals import wilson
from rempart.reports.transparency.hiding import FEWEST, Group, Node
from rempart.reports.transparency.medians import median
from rempart.reports.transparency.sections import Figure

LEDGER, OPERATOR = "ledger", "operator"
HIDDEN, BOUNDS = "hidden", "bounds"
"""What stands in `note`: the number is hidden, or only between what it lies is told."""
FEWEST_FOR_SHARES = 20
_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number of a section. `by` and `key` are the breakdown and its part, `within` the part that it is a part of;
    `low` and `high` are an interval around a share."""

    section: str
    indicator: str
    by: str = ""
    key: str = ""
    within: str = ""
    unit: str
    value: str = ""
    low: str = ""
    high: str = ""
    note: str = ""
    source: str = LEDGER


def rows(figures: Iterable[Figure]) -> tuple[Row, ...]:
    """All figures as rows, those of a section together and in their order."""
    return tuple(row for one in figures for row in _of(one))


def _of(figure: Figure) -> Iterator[Row]:
    by, key = figure.of
    yield from _node(figure, figure.node, by, key, "")
    if figure.indicator == "judged":
        yield _precision(figure)


def _node(figure: Figure, node: Node, by: str, key: str, within: str) -> Iterator[Row]:
    usual = {"section": figure.section, "indicator": figure.indicator, "by": by, "key": key, "within": within}
    yield Row(**usual, unit="count", value="" if node.hidden else str(node.value), note=HIDDEN if node.hidden else "")
    middle = None if node.hidden else median(node.spans)
    if middle is not None:
        yield Row(**usual, unit="median_minutes", value=str(middle))
    if node.hidden:
        return
    inside = "/".join(part for part in (within, f"{by}={key}" if by else "") if part)
    for name, group in node.groups.items():
        yield from _group(figure, group, name, inside)


def _group(figure: Figure, group: Group, name: str, within: str) -> Iterator[Row]:
    if group.shut:
        yield Row(
            section=figure.section, indicator=figure.indicator, by=name, within=within, unit="count", note=HIDDEN
        )  # fmt: skip
        return
    for key, node in group.nodes.items():
        yield from _node(figure, node, name, key, within)


def _precision(figure: Figure) -> Row:
    """How many of what a detector found people confirmed, with an interval that holds the true share in about 95 of 100
    such figures. Where few were rejected, or few confirmed, what is told lies around all that it may be."""
    by, key = figure.of
    usual = {"section": figure.section, "indicator": "precision", "by": by, "key": key, "unit": "share"}
    confirmed, total = figure.node.groups["became"].nodes["confirmed"], figure.node.value
    if figure.node.hidden or total < FEWEST_FOR_SHARES:
        return Row(**usual, note=HIDDEN)
    if not confirmed.hidden:
        found = wilson(confirmed.value, total)
        share = _share(Fraction(confirmed.value, total))
        return Row(**usual, value=share, low=_share(found.low), high=_share(found.high))
    least, most = (1, FEWEST - 1) if confirmed.value < FEWEST else (total - FEWEST + 1, total - 1)
    low, high = wilson(least, total).low, wilson(most, total).high
    return Row(**usual, low=_share(low), high=_share(high), note=BOUNDS)


def _share(value: Fraction | float) -> str:
    return f"{float(value):.{_DIGITS}f}"


def by_section(found: Iterable[Row]) -> Mapping[str, list[Row]]:
    """Rows by their section, in the order in which they came."""
    told: dict[str, list[Row]] = {}
    for row in found:
        told.setdefault(row.section, []).append(row)
    return told
