"""Regimes: the law's own times, to the day, and never shorter."""

from datetime import UTC, datetime, timedelta

import pytest

from rempart.errors import RefusedError
from rempart.evidence.vault.retention import regime, regimes


@pytest.mark.parametrize(
    ("name", "begun", "ends"),
    [
        ("us-2258a", (2026, 11, 22), (2027, 11, 22)),
        ("us-2258a", (2028, 2, 29), (2029, 2, 28)),
        ("uk-nca", (2027, 1, 31), (2028, 1, 31)),
        ("eu-tco", (2026, 8, 31), (2027, 2, 28)),
        ("eu-tco", (2027, 8, 31), (2028, 2, 29)),
        ("eu-dsa-complaint", (2026, 12, 15), (2027, 6, 15)),
    ],
)
def test_a_duty_ends_on_the_same_day_of_a_later_month_or_that_months_last(name, begun, ends):
    assert regime(name).keep_until(datetime(*begun, 17, 3, tzinfo=UTC)) == datetime(*ends, 17, 3, tzinfo=UTC)


def test_lengthening_needs_a_reason_and_shortening_is_refused():
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    longer = regime("eu-tco").keep_until(begun, longer=timedelta(days=30), reason="proceedings are announced")
    assert longer == datetime(2026, 7, 31, tzinfo=UTC)
    with pytest.raises(RefusedError):
        regime("eu-tco").keep_until(begun, longer=timedelta(days=30), reason=" ")
    with pytest.raises(RefusedError):
        regime("eu-tco").keep_until(begun, longer=timedelta(days=-1), reason="room is short")


def test_an_unknown_regime_names_those_that_are_known():
    with pytest.raises(RefusedError, match="us-2258a"):
        regime("xx")
    assert all(one.source and one.trigger and one.months > 0 for one in regimes().values())
