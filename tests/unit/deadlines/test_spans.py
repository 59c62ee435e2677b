"""How long something took, told so coarsely that it gives no time of day away."""

from datetime import UTC, datetime, timedelta

import pytest

from rempart.deadlines.spans import LONGEST, minutes

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(("took", "told"), [
    (0, 0), (1, 5), (5, 5), (6, 10), (120, 120), (121, 150), (150, 150), (2880, 2880), (2881, 3240), (7 * 1440, 10080),
    (10**8, LONGEST),
])  # fmt: skip
def test_a_span_is_rounded_up(took, told):
    assert minutes(NOON, NOON + timedelta(minutes=took)) == told


def test_a_second_is_not_nothing_and_a_clock_that_was_set_back_is():
    assert minutes(NOON, NOON + timedelta(seconds=1)) == 5
    assert minutes(NOON, NOON - timedelta(hours=1)) == 0


def test_a_moment_without_a_zone_tells_nothing():
    with pytest.raises(ValueError, match="zone"):
        minutes(NOON.replace(tzinfo=None), NOON)
