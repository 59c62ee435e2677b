"""The breaker over both databases: counts that processes share, one trip, one reset."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from curating import ANNA, actions, person
from rempart.errors import RefusedError
from rempart.lists import breaker_records
from rempart.lists.breaker import Breaker, BreakerLimits, entry_subject, reset, rule_subject
from rempart.people.permissions import Role

AT = datetime(2026, 3, 4, 12, 1, tzinfo=UTC)
LIMITS = BreakerLimits(entry=10, rule=50)


class Matched:
    def __init__(self, entry_id, *, mode="blocking", list_id="list_1"):
        self.entry_id, self.mode, self.list_id, self.list = entry_id, mode, list_id, "ours"


def note(store, breaker, matches, rule=None, *, at=AT, times=1):
    with store.write() as conn:
        return breaker.note(conn, [(matches, rule)] * times, at=at)


def test_an_entry_that_suddenly_matches_often_trips_once_and_stays_tripped(store):
    breaker = Breaker(LIMITS)
    assert not note(store, breaker, [Matched(7)], times=10).subjects
    opened = note(store, breaker, [Matched(7)])
    assert opened.subjects == {entry_subject(7)}
    assert opened.covers([Matched(7)], None)
    assert note(store, breaker, [Matched(7)], at=AT + timedelta(days=2)).subjects == {entry_subject(7)}
    assert not note(store, breaker, [Matched(8)]).subjects
    assert actions(store) == ["breaker.tripped"]


def test_processes_count_together(store):
    breakers = [Breaker(LIMITS) for _ in range(3)]
    for one in breakers[:2]:
        assert not note(store, one, [Matched(7)], times=5).subjects
    assert note(store, breakers[2], [Matched(7)], times=5).subjects
    assert note(store, breakers[0], [Matched(7)]).subjects == {entry_subject(7)}
    assert actions(store) == ["breaker.tripped"]


def test_what_matches_as_often_as_ever_does_not_trip(store):
    breaker = Breaker(LIMITS)
    for window in range(24):
        at = AT + window * LIMITS.window
        assert not note(store, breaker, [Matched(7)], "block-known", at=at, times=9).subjects
    at = AT + 24 * LIMITS.window
    assert not note(store, breaker, [Matched(7)], at=at, times=71).subjects
    assert note(store, breaker, [Matched(7)], at=at, times=2).subjects


def test_a_rule_trips_beyond_what_is_usual_for_it(store):
    breaker = Breaker(LIMITS)
    for window in range(13):
        assert not note(store, breaker, [], "hold-all", at=AT + window * LIMITS.window, times=40).subjects
    opened = note(store, breaker, [], "hold-all", at=AT + 13 * LIMITS.window, times=321)
    assert opened.subjects == {rule_subject("hold-all")}


def test_nothing_is_asked_of_the_database_when_nothing_matched(store):
    breaker, statements = Breaker(LIMITS), []
    with store.write() as conn:
        event.listen(conn, "before_cursor_execute", lambda *given: statements.append(given[2]))
        assert not breaker.note(conn, [((), None)] * 100, at=AT).subjects
        assert statements == []


def test_observing_matches_are_counted_for_their_list_only(store):
    breaker = Breaker(LIMITS)
    assert not note(store, breaker, [Matched(7, mode="observing")], times=500).subjects
    with store.read() as conn:
        day = (AT - datetime(1970, 1, 1, tzinfo=UTC)).days
        assert breaker_records.hits_since(conn, ["list_1", "list_2"], day=day) == {"list_1": 500}
        assert breaker_records.hits_since(conn, ["list_1"], day=day + 1) == {}


def test_a_reset_needs_someone_who_may_and_a_reason_and_may_allow_more(store):
    breaker = Breaker(LIMITS)
    note(store, breaker, [Matched(7)], times=11)
    subject = entry_subject(7)
    with store.write() as conn:
        with pytest.raises(RefusedError, match="may not reset"):
            reset(conn, subject, by=person("rita", Role.REVIEWER), at=AT, reason="x")
        with pytest.raises(RefusedError, match="needs a reason"):
            reset(conn, subject, by=ANNA, at=AT, reason=" ")
        with pytest.raises(RefusedError, match="not tripped"):
            reset(conn, entry_subject(8), by=ANNA, at=AT, reason="looked")
    with store.write() as conn:
        assert not reset(conn, subject, by=ANNA, at=AT, reason="looked", allowed=100).is_open
    assert not note(store, breaker, [Matched(7)], times=60).subjects
    assert note(store, breaker, [Matched(7)], times=60).subjects == {subject}
    assert actions(store) == ["breaker.tripped", "breaker.reset", "breaker.tripped"]


def test_many_threads_trip_a_breaker_once(store):
    breaker = Breaker(LIMITS)
    threads = [
        threading.Thread(target=note, args=(store, breaker, [Matched(7), Matched(8)], "rule"), kwargs={"times": 6})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as conn:
        found = breaker_records.tripped(conn)
    assert {one.subject for one in found} == {entry_subject(7), entry_subject(8)}
    assert actions(store) == ["breaker.tripped"] * 2


def test_old_counts_are_forgotten(store):
    breaker = Breaker(LIMITS)
    note(store, breaker, [Matched(7)], times=9)
    with store.write() as conn:
        breaker_records.prune(conn, before=AT + timedelta(days=1))
        assert breaker_records.past_of(conn, entry_subject(7), since=AT - timedelta(days=1), until=AT).total == 0
