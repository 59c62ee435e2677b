"""Months that are shown one by one: never a small number, never one that is taken back, never one to be reckoned."""

import itertools
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rempart.reports.transparency.hiding import is_small
from rempart.reports.transparency.monthly import Run, runs
from rempart.reports.transparency.monthly import _of_period as of_period
from rempart.reports.transparency.periods import Every, months_of, period_before, period_with

YEAR = period_with(date(2026, 5, 1), Every.YEAR)
MONTHS = list(months_of(YEAR))


def shown(values, today, *, every=Every.YEAR, since=date(2026, 1, 1)):
    return runs(dict(zip(MONTHS, values, strict=False)), since=since, today=today, every=every)


def days():
    """The first day of each month, until the year is over."""
    return [*(date.fromisoformat(f"{one}-01") for one in MONTHS), date(2027, 1, 1)]


def test_full_months_are_shown_one_by_one_a_month_later():
    found = shown([10, 20, 30], date(2026, 4, 9))
    assert found == (Run(first="2026-01", last="2026-01", count=10), Run(first="2026-02", last="2026-02", count=20))


def test_small_months_are_put_together_and_what_remains_joins_the_last():
    values = [1, 2, 3, 9, 0, 0, 2, 4, 0, 0, 1, 0]
    assert shown(values, date(2027, 1, 1)) == (
        Run(first="2026-01", last="2026-03", count=6), Run(first="2026-04", last="2026-04", count=9),
        Run(first="2026-05", last="2026-12", count=7),
    )  # fmt: skip


@pytest.mark.parametrize(("values", "count"), [([0] * 12, 0), ([0, 1, 0, 3], None)])
def test_a_quiet_year_is_one_run(values, count):
    assert shown(values, date(2026, 12, 31)) == ()
    assert shown(values, date(2027, 1, 1)) == (Run(first="2026-01", last="2026-12", count=count),)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=12, max_size=12), st.sampled_from(list(Every)))
def test_nothing_small_is_shown_nothing_is_taken_back_and_all_runs_come_to_the_whole(values, every):
    before = ()
    for today in days():
        found = shown(values, today, every=every)
        assert found[: len(before)] == before
        assert all(one.count in (None, 0) or one.count >= 5 for one in found)
        before = found
    for half in ("2026-01", "2026-07") if every is Every.HALF_YEAR else ("2026-01",):
        period = period_with(date.fromisoformat(f"{half}-01"), every)
        own = [one for one in before if f"{period.first:%Y-%m}" <= one.first <= f"{period.last:%Y-%m}"]
        total = sum(values[MONTHS.index(name)] for name in months_of(period))
        assert own[-1].last == f"{period.last:%Y-%m}"
        if None in [one.count for one in own]:
            assert 0 < total < 5
        else:
            assert sum(one.count for one in own) == total


def test_all_that_was_ever_shown_leaves_every_small_month_open():
    """All short periods of four small months: whatever was shown, month by month, and the whole, fits at least two
    values of each month that had 1 to 4: whoever watched the page each month cannot say how many there were."""
    stories = {}
    for values in itertools.product(range(13), repeat=4):
        months = list(zip(MONTHS, values, strict=False))
        told = tuple(tuple(of_period(months[:upto], over=upto == 4)) for upto in range(5))
        total = sum(values)
        stories.setdefault((told, None if is_small(total) else total), []).append(values)
    for fitting in stories.values():
        for place in range(4):
            if any(is_small(one[place]) and max(one) <= 8 for one in fitting):
                assert len({one[place] for one in fitting}) >= 2, fitting[0]


def test_a_run_never_goes_over_the_end_of_a_period():
    values = [0, 0, 0, 0, 6, 2, 9, 0, 0, 0, 0, 0]
    assert [one.last for one in shown(values, date(2027, 1, 1), every=Every.HALF_YEAR)] == ["2026-06", "2026-12"]


def test_counting_may_begin_within_a_period():
    found = shown([0] * 8 + [7, 8, 9], date(2026, 12, 5), since=date(2026, 9, 14))
    assert [one.first for one in found] == ["2026-09", "2026-10"]


def test_periods():
    assert (YEAR.first, YEAR.last) == (date(2026, 1, 1), date(2026, 12, 31))
    assert period_before(date(2026, 3, 1), Every.YEAR).last == date(2025, 12, 31)
    assert period_before(date(2026, 8, 1), Every.HALF_YEAR).last == date(2026, 6, 30)
    assert period_with(date(2024, 2, 29), Every.HALF_YEAR).last == date(2024, 6, 30)
