"""One tree of errors that says what to do, and one source of time with a zone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rempart import errors
from rempart.clock import iso, utc_now

CLASSES = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, Exception)]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_error_has_a_default_message_and_a_reason_in_the_tree(cls):
    assert issubclass(cls, errors.RempartError)
    assert str(cls()).endswith(".")
    assert cls.__name__.endswith("Error")


def test_hint_follows_the_message():
    assert str(errors.RefusedError("No.", hint="Do this.")) == "No. Do this."


def test_now_is_aware_utc():
    assert utc_now().utcoffset() == timedelta(0)


def test_times_are_written_in_utc_with_milliseconds():
    paris = timezone(timedelta(hours=2))
    assert iso(datetime(2026, 7, 1, 12, 0, 0, 5000, tzinfo=paris)) == "2026-07-01T10:00:00.005Z"
    assert iso(datetime(2026, 7, 1, tzinfo=UTC)).endswith("Z")


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="without a zone"):
        iso(datetime(2026, 7, 1))  # noqa: DTZ001
