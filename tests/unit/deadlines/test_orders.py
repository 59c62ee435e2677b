"""Times of orders are data: each kind has the service's own, a law's where it has one, and the order's own word."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.cli.order import _LAWS
from rempart.deadlines.clocks import after_word, later
from rempart.deadlines.orders import OWN, STATED, Start, acting, extended, fitting, keeping, order_regimes
from rempart.reports.orders.values import OrderKind

CAME = datetime(2026, 3, 28, 23, 30, tzinfo=ZoneInfo("Europe/Paris"))  # the night in which summer time begins
KINDS = [one.value for one in OrderKind]


def test_every_kind_of_order_has_the_services_own_time_and_laws_say_where_they_come_from():
    assert set(order_regimes()[OWN].times) == set(KINDS)
    for one in order_regimes().values():
        assert set(one.times) <= set(KINDS)
        assert one.title("fr") != one.title("en")
        assert one.source
        assert len(one.id) <= 20
    assert set(_LAWS) == set(order_regimes()) - {OWN}


@pytest.mark.parametrize(
    ("kind", "laws", "expected"),
    [
        ("removal", [], {OWN: timedelta(hours=24)}),
        ("removal", ["fr-lcen"], {"fr-lcen": timedelta(hours=24)}),
        ("removal", ["eu-tco", "fr-lcen"], {"eu-tco": timedelta(hours=1), "fr-lcen": timedelta(hours=24)}),
        ("removal", ["eu-dsa-9"], {OWN: timedelta(hours=24)}),
        ("preservation", ["us-2703f"], {OWN: timedelta(hours=24)}),
        ("destruction", ["us-2258b"], {OWN: timedelta(hours=72)}),
        ("information", [OWN, "eu-dsa-10"], {OWN: timedelta(days=10)}),
    ],
)
def test_hours_are_hours_in_the_night_in_which_clocks_change(kind, laws, expected):
    found = acting(kind, laws, CAME)
    assert {name: one.due - CAME.astimezone(UTC) for name, one in found.items()} == expected


def test_the_time_that_an_order_names_runs_beside_the_laws_and_instead_of_the_services_own():
    stated = CAME + timedelta(days=2)
    assert set(acting("removal", ["fr-lcen"], CAME, stated=stated)) == {"fr-lcen", STATED}
    assert set(acting("information", [], CAME, stated=stated)) == {STATED}
    with pytest.raises(KeyError):
        acting("removal", ["us-2258b"], CAME)


def test_what_is_kept_is_kept_by_the_calendar_where_the_law_says_months():
    came = datetime(2026, 8, 31, 12, tzinfo=UTC)
    assert keeping("eu-tco", came).due == datetime(2027, 2, 28, 12, tzinfo=UTC)
    assert keeping("us-2258a", came).due == datetime(2027, 8, 31, 12, tzinfo=UTC)
    assert keeping("us-2703f", came).due - came == timedelta(days=90)
    assert keeping("fr-lcen", came) is None
    assert order_regimes()["eu-tco"].keeps.start is Start.DONE
    assert later(datetime(2024, 2, 29, tzinfo=UTC), months=12) == datetime(2025, 2, 28, tzinfo=UTC)


def test_laws_that_fit_a_kind_begin_with_the_services_own():
    assert [one.id for one in fitting("removal")] == ["own", "fr-lcen", "eu-tco", "eu-dsa-9"]
    assert [one.id for one in fitting("destruction")] == ["own", "us-2258b"]


moments = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.timedeltas(timedelta(minutes=1), timedelta(days=400))


@given(moments, spans, spans)
def test_a_later_end_has_its_warnings_before_it_and_after_the_start(came, first, more):
    clock = acting("removal", [], came, stated=came + first)[STATED]
    longer = extended(clock, clock.due + more)
    assert longer.due == clock.due + more
    assert list(longer.warnings) == sorted(longer.warnings)
    assert all(came < one < longer.due for one in longer.warnings)


@given(moments, spans, st.lists(st.timedeltas(timedelta(0), timedelta(days=5)), max_size=9))
def test_whoever_looks_whenever_is_told_at_the_end_and_every_day_after(came, length, looks):
    clock = acting("removal", [], came, stated=came + length)[STATED]
    at, following, ends = came, clock.next_word(None), 0
    for pause in looks:
        at += pause
        if following is not None and following <= at:
            ends += clock.due <= at
            following = after_word(clock, at)
            assert following is not None
            assert following > at
    assert (ends > 0) == (clock.due <= at)
