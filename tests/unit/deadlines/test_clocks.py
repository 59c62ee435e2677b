"""Clocks are moments: no zone, summer time, leap day or pause of a server makes one longer or shorter."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rempart.deadlines import clocks
from rempart.deadlines.clocks import State
from rempart.deadlines.regimes import OWN, Element, Trigger, applying, complaint_days, goes_first, in_force, regimes

HOURED = [one for one in regimes().values() if one.hours is not None]
WALL = datetime.fromisoformat  # what a clock on a wall shows: no zone
ZONES = ("Europe/Paris", "Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
moments = st.datetimes(
    min_value=WALL("2020-01-01"), max_value=WALL("2037-12-31"), timezones=st.sampled_from(ZONES).map(ZoneInfo)
)
houred = st.sampled_from(HOURED)


@given(moments, houred, st.sampled_from(ZONES).map(ZoneInfo))
def test_a_time_is_as_long_in_every_zone_and_over_every_change_of_clocks(trigger, regime, zone):
    due = clocks.due(trigger, regime)
    assert due.tzinfo is UTC
    assert due.timestamp() - trigger.timestamp() == regime.hours * 3600
    assert clocks.due(trigger.astimezone(zone), regime) == due


@given(moments, houred)
def test_warnings_rise_and_lie_between_the_start_and_the_end(trigger, regime):
    warnings = clocks.warnings(trigger, regime)
    assert list(warnings) == sorted(set(warnings))
    assert all(trigger < one < clocks.due(trigger, regime) for one in warnings)
    assert len(warnings) == len(regime.warn_before)


@given(moments, houred, st.lists(st.timedeltas(timedelta(0), timedelta(days=9)), max_size=9))
def test_however_often_and_however_late_somebody_looks_nothing_is_said_twice_and_the_end_always(trigger, regime, looks):
    """A server that was down across warnings, or across the end, says at its start how things stand then."""
    clock, said, words = clocks.clock(trigger, regime), None, []
    for moment in sorted(clock.trigger + passed for passed in looks):
        following = clock.next_word(said)
        if following is not None and following <= moment:
            words.append((moment, clock.state(moment)))
            said = moment
    assert len(words) <= len(clock.warnings) + 1
    late = [moment for moment in sorted(clock.trigger + passed for passed in looks) if moment > clock.due]
    if late:
        assert any(moment >= clock.due for moment, _ in words)
    assert all(state is not State.RUNNING for _, state in words)


@pytest.mark.parametrize(
    ("zone", "local", "due"),
    [
        ("Europe/Paris", "2026-03-28T12:00", "2026-03-30T11:00:00+00:00"),  # clocks go forward in between
        ("Europe/Paris", "2026-10-24T12:00", "2026-10-26T10:00:00+00:00"),  # and back
        ("America/New_York", "2026-03-07T12:00", "2026-03-09T17:00:00+00:00"),
        ("Australia/Lord_Howe", "2026-04-04T12:00", "2026-04-06T01:00:00+00:00"),  # by half an hour
        ("UTC", "2028-02-28T12:00", "2028-03-01T12:00:00+00:00"),  # a leap day
        ("UTC", "2027-02-28T12:00", "2027-03-02T12:00:00+00:00"),
        ("UTC", "2026-12-31T12:00", "2027-01-02T12:00:00+00:00"),
    ],
)
def test_forty_eight_hours_are_forty_eight_hours(zone, local, due):
    assert clocks.due(WALL(local).replace(tzinfo=ZoneInfo(zone)), regimes()[OWN]).isoformat() == due


@pytest.mark.parametrize("fold", [0, 1])
def test_the_hour_that_comes_twice_is_two_hours(fold):
    twice = datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=ZoneInfo("Europe/Paris"))
    assert clocks.due(twice, regimes()[OWN]) == datetime(2026, 10, 27, fold, 30, tzinfo=UTC)


def test_a_moment_without_a_zone_starts_no_clock():
    with pytest.raises(ValueError, match="zone"):
        clocks.due(WALL("2026-01-01"), regimes()[OWN])


@given(moments, houred, st.timedeltas(timedelta(0), timedelta(days=4)), st.booleans())
def test_what_is_done_by_the_end_is_met_and_afterwards_late(trigger, regime, passed, done):
    at = trigger.astimezone(UTC) + passed
    clock = clocks.clock(trigger, regime, met=at if done else None)
    in_time = at <= clock.due
    if done:
        assert clock.state(at) is (State.MET if in_time else State.LATE)
        assert clock.next_word(None) is None
    else:
        assert (clock.state(at) is State.OVERDUE) is not in_time


def test_six_months_are_never_shorter_than_by_the_calendar():
    for start in range(4 * 365):
        day = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(days=start)
        month = day.month + 6
        year, month = day.year + (month - 1) // 12, (month - 1) % 12 + 1
        first = datetime(year, month, 1, tzinfo=UTC)
        assert clocks.complaint_until(day, 184) >= first + timedelta(days=min(day.day, 28) - 1)


def test_every_regime_is_whole():
    assert set(regimes()) == {"own", "us-tida", "uk-osa", "eu-dsa", "fr-lcen"}
    for one in regimes().values():
        assert {"en", "fr"} <= one.titles.keys()
        assert one.source
        assert one.elements[0] is Element.LOCATION
        assert one.hours is None or all(before < one.hours for before in one.warn_before)
        assert (one.trigger is Trigger.ORDER) is (Element.ORDER in one.elements)
    assert regimes()[OWN].elements == (Element.LOCATION,)
    assert (regimes()[OWN].hours, regimes()["fr-lcen"].hours, regimes()["eu-dsa"].hours) == (48, 24, None)


@given(st.sets(st.sampled_from(Element)), st.sampled_from(["self", "bystander", "flagger", "authority", None]),
       st.booleans())  # fmt: skip
def test_whatever_is_missing_the_own_promise_applies_and_nothing_is_refused(elements, role, child):
    told = {one.regime.id: one for one in applying(regimes(), elements | {Element.LOCATION}, role, child=child)}
    assert told[OWN].applies
    for one in told.values():
        assert set(one.missing) <= set(one.regime.elements) - elements
        assert (one.valid_at(datetime(2026, 1, 1, tzinfo=UTC)) is not None) is one.applies
    assert complaint_days(told) == 184


def test_each_law_asks_for_its_own_elements():
    all_ = set(Element) - {Element.ORDER}

    def lawful(role, *lacking, child=False):
        found = applying(regimes(), all_ - set(lacking), role, child=child)
        return {one.regime.id for one in found if one.applies}

    assert lawful("self") == {"own", "us-tida", "uk-osa", "eu-dsa"}
    assert lawful("self", Element.SIGNATURE) == {"own", "uk-osa", "eu-dsa"}
    assert lawful("self", Element.INTIMATE) == {"own", "us-tida", "eu-dsa"}
    assert lawful("self", Element.NAME) == {"own", "us-tida", "uk-osa"}
    assert lawful("bystander") == {"own", "eu-dsa"}
    assert lawful("self", *(all_ - {Element.LOCATION})) == {"own"}
    assert lawful(None, *(all_ - {Element.LOCATION}), child=True) == {"own", "eu-dsa"}
    order = applying(regimes(), {Element.LOCATION, Element.ORDER}, "authority")
    assert {one.regime.id for one in order if one.applies} == {"own", "fr-lcen"}


def test_trusted_flaggers_go_first_where_the_law_says_so_and_unknown_laws_are_refused():
    assert goes_first(applying(["eu-dsa"], {Element.LOCATION}, "flagger"), "flagger")
    assert not goes_first(applying(["us-tida"], {Element.LOCATION}, "flagger"), "flagger")
    assert [one.id for one in in_force([])] == [OWN]
    with pytest.raises(KeyError):
        in_force(["moon"])


def test_a_fixed_offset_is_a_zone_too():
    east = timezone(timedelta(hours=14))
    assert clocks.due(datetime(2026, 1, 1, tzinfo=east), regimes()[OWN]) == datetime(2026, 1, 2, 10, tzinfo=UTC)
