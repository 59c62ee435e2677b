"""The tables of the page of figures as CSV: the same figures, column names that do not change with the language."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from rempart.cases.quality.agreeing import Agreed
from rempart.cases.quality.precision import Precision
from rempart.server.pages.figures.contexts import AGES, StatisticsPage

NAMES = ("checks", "cases", "queues", "precision", "agreement")
"""The tables there are."""
_RISKY = ("=", "+", "-", "@", "\t", "\r")
Row = Sequence[object]


def csv_of(page: StatisticsPage, name: str) -> str:
    """One table with its names; text that a spreadsheet would take for a formula gets an apostrophe before it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in {"checks": _checks, "cases": _cases, "queues": _queues, "precision": _precision,
                "agreement": _agreement}[name](page):  # fmt: skip
        writer.writerow([_guarded(one) for one in row])
    return out.getvalue()


def _guarded(value: object) -> object:
    if isinstance(value, str) and value.startswith(_RISKY):
        return f"'{value}"
    return "" if value is None else value


def _checks(page: StatisticsPage) -> Iterator[Row]:
    yield "month", "checks", "allow", "hold", "block"
    for one in page.checks:
        yield one.month, one.total, one.allow, one.hold, one.block


def _cases(page: StatisticsPage) -> Iterator[Row]:
    yield (
        "month", "of", "opened", "decided", "upheld", "cleared", "decided_in_first_round", "within_1_hour",
        "within_1_day", "within_3_days", "half_within_seconds", "nine_of_ten_within_seconds", "assessed",
        "with_ai_origin_evidence",
    )  # fmt: skip
    for one in page.cases:
        yield (
            one.month, page.slice or "all", one.opened, one.decided, one.upheld, one.cleared, one.timed,
            one.within_hour, one.within_day, one.within_days, one.middle, one.nearly_all, one.assessed,
            one.with_origin if one.with_origin else "none recorded",
        )  # fmt: skip


def _queues(page: StatisticsPage) -> Iterator[Row]:
    yield "queue", *(f"open_{age}" for age in AGES)
    for one in page.queues:
        yield one.queue, *one.counts


def _precision(page: StatisticsPage) -> Iterator[Row]:
    yield "by", "key", "name", "upheld", "cleared", "share", "share_low", "share_high"
    for by, rows in (("list", page.lists), ("category", page.categories), ("probe", page.probes)):
        for one in rows:
            yield by, one.key, one.label, one.upheld, one.cleared, *_shares(one)


def _shares(one: Precision) -> Row:
    if one.share is None or one.interval is None:
        return "too few", None, None
    return round(one.share, 4), round(one.interval.low, 4), round(one.interval.high, 4)


def _agreement(page: StatisticsPage) -> Iterator[Row]:
    yield "pairs_of", "on", "key", "pairs", "same", "kappa", "kappa_low", "kappa_high"
    for of, rows in (("two answers", page.agreements), ("second looks", page.looks)):
        for one in rows:
            yield of, one.what, one.key, *_agreed(one)


def _agreed(one: Agreed) -> Row:
    found = one.agreement
    if found.few:
        return "too few", None, None, None, None
    if found.kappa is None or found.interval is None:
        return found.pairs, found.same, "one answer only", None, None
    low, high = found.interval.low, found.interval.high
    return found.pairs, found.same, round(found.kappa, 4), round(low, 4), round(high, 4)
