"""The clocks of notices are watched, also for what came while no server ran; and it costs next to nothing."""

import time
from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import event, text

from actors import NOON
from judging import LEA, NO, RUI
from noticing import URL, form, with_team
from rempart.errors import ConflictError, NotFoundError, RefusedError, TooManyRequestsError
from rempart.intake.notices import abuse, clockwork
from rempart.intake.notices.reading import by_number, open_notices
from rempart.intake.notices.records import clocks, notices
from rempart.intake.notices.values import Answer
from rempart.store.periodic import Periodics
from rempart.store.schema import to_micros
from rempart.store.workers import Worker


@pytest.fixture
def desk(store):
    """On either database."""
    return with_team(store)


@pytest.fixture
def plain(sqlite_store):
    """For what no database changes."""
    return with_team(sqlite_store)


def spoken(desk):
    """What the operator is told now."""
    words = []
    with desk.store.write() as conn:
        clockwork.speak(conn, alarm=lambda _, word: words.append(word), at=desk.clock())
    return words


def test_warnings_come_before_the_time_is_up_and_then_an_alarm_every_day(plain):
    told, heard = plain.take(), []
    began = plain.clock()
    for _ in range(4 * 100):
        plain.clock.go_on(minutes=15)
        heard += [(plain.clock() - began, word.overdue, word.regimes) for word in spoken(plain)]
    hours = [(passed / timedelta(hours=1), overdue) for passed, overdue, _ in heard]
    assert hours == [(24, False), (36, False), (44, False), (47, False), (48, True), (72, True), (96, True)]
    assert {regimes_ for *_, regimes_ in heard} == {("own", "uk-osa", "us-tida")}
    plain.decide(told, NO, people=(RUI,))
    plain.clock.go_on(days=3)
    assert spoken(plain) == []


def test_what_was_missed_while_no_server_ran_is_said_once_as_it_stands_when_one_starts(desk):
    desk.take()
    desk.clock.go_on(days=9)
    heard = []
    with Worker(desk.store) as worker:
        works = clockwork.periodics(desk.store, alarm=lambda _, word: heard.append(word))
        running = Periodics(desk.store, worker, works)
        running.start()
        for _ in range(500):
            if heard:
                break
            time.sleep(0.01)
        running.stop()
    assert [word.overdue for word in heard] == [True]
    assert spoken(desk) == []


def test_an_alarm_that_fails_is_raised_the_next_time(desk):
    desk.take()
    desk.clock.go_on(days=2)

    def broken(_, word):
        raise RuntimeError(word.number)

    with pytest.raises(RuntimeError), desk.store.write() as conn:
        clockwork.speak(conn, alarm=broken, at=desk.clock())
    assert len(spoken(desk)) == 1


def test_a_first_fresh_notice_goes_on_where_others_were_told_of(plain):
    first = plain.take()
    plain.clock.go_on(hours=30)
    second = plain.take(form(f"{URL}/2"))
    assert [word.notice for word in spoken(plain)] == [first.notice]
    plain.clock.go_on(hours=24)
    assert [(word.notice, word.overdue) for word in spoken(plain)] == [(first.notice, True), (second.notice, False)]


def many(conn, count):
    """Open notices, one a minute, each with the clocks of three laws that have not spoken yet."""
    numbers = f"WITH RECURSIVE n(i) AS (SELECT CAST(0 AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1})"
    begun, hour = to_micros(NOON) - 2_000 * 60 * 10**6, 3600 * 10**6
    received = f"{begun} + (i % 2000) * 60000000"
    conn.execute(
        text(
            "INSERT INTO notices (id, number, secret_hash, service, received, entered, via, by, language, track, "
            "minor, declared, regimes, insider, state, due) "
            f"{numbers} SELECT 'notice_' || i, 'n' || i, '', 'forum', {received}, {received}, 'page', 'system', 'en', "
            f"'adult', 'no', '[]', '{{}}', false, 'open', {received} + 48 * {hour} FROM n"
        )
    )
    for regime in ("own", "us-tida", "uk-osa"):
        conn.execute(
            text(
                "INSERT INTO notice_clocks (notice, regime, trigger, due, next) "
                f"{numbers} SELECT 'notice_' || i, '{regime}', {received}, {received} + 48 * {hour}, "
                f"{received} + 36 * {hour} FROM n"
            )
        )


def test_ten_thousand_open_notices_are_watched_and_listed_by_an_index_and_not_by_reading_them(store):
    with store.write() as conn:
        many(conn, 10_000)
        conn.exec_driver_sql("ANALYZE")
    with store.read() as conn:
        before = NOON - timedelta(days=30)
        assert "ix_notice_clocks_next" in plan_of(store, conn, lambda: clocks.any_to_speak(conn, before))
        assert "ix_notices_open" in plan_of(store, conn, lambda: notices.page(conn, state="open", after=None, most=51))
        place = NOON, "notice_"
        assert "ix_notices_open" in plan_of(store, conn, lambda: notices.page(conn, state="open", after=place, most=51))
    with store.write() as conn:
        assert clockwork.speak(conn, alarm=lambda *_: None, at=NOON) == 0
        assert clockwork.speak(conn, alarm=lambda *_: None, at=NOON + timedelta(hours=3)) > 0


def plan_of(store, conn, ask):
    """How the database goes about the one statement that is really sent."""
    sent = []

    def keep(_conn, _cursor, statement, values, *_):
        sent.append((statement, values))

    event.listen(store.engine, "before_cursor_execute", keep)
    try:
        ask()
    finally:
        event.remove(store.engine, "before_cursor_execute", keep)
    ((statement, values),) = sent
    explained = "EXPLAIN " if store.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
    return " ".join(str(part) for row in conn.exec_driver_sql(explained + statement, values) for part in row)


def test_tries_of_a_secret_are_limited_for_a_while_and_for_others_not_at_all(desk):
    told, wrong = desk.take(), "3333-3333-3333-3333-3333"

    def ask(secret, address="203.0.113.9"):
        return by_number(desk.store, told.number, secret, keyring=desk.writer.keyring, address=address, at=desk.clock())

    for _ in range(10):
        with pytest.raises(NotFoundError):
            ask(wrong)
    for secret in (wrong, told.secret):
        with pytest.raises(TooManyRequestsError) as refused:
            ask(secret)
        assert refused.value.retry_after == 900
    assert ask(told.secret, "198.51.100.4").number == told.number
    desk.clock.go_on(minutes=16)
    assert ask(told.secret).number == told.number


def test_who_sends_very_many_is_slowed_for_an_hour_and_never_refused(desk):
    def pause(address="203.0.113.9"):
        return abuse.pause(desk.store, keyring=desk.writer.keyring, address=address, at=desk.clock())

    pauses = [pause() for _ in range(12)]
    assert pauses == sorted(pauses)
    assert (pauses[4], pauses[5], pauses[-1]) == (timedelta(0), timedelta(seconds=2), abuse.LONGEST)
    assert pause("203.0.114.1") == timedelta(0)
    desk.clock.go_on(minutes=61)
    assert pause() == timedelta(0)


def unfounded(desk, number):
    told = desk.take(form(f"{URL}/{number}"))
    desk.decide(told, NO, people=(RUI,))
    with desk.store.write() as conn:
        return told, abuse.unfounded(conn, told.notice, RUI, at=desk.clock())


def test_who_goes_on_without_ground_after_a_warning_is_looked_at_later_and_no_less(desk):
    told, standing = unfounded(desk, 1)
    with pytest.raises(ConflictError), desk.store.write() as conn:
        abuse.warn(conn, told.notice, LEA, writer=desk.writer, at=desk.clock())
    told, standing = unfounded(desk, 2)
    assert (standing.unfounded, standing.later) == (2, False)
    with desk.store.write() as conn:
        assert abuse.warn(conn, told.notice, LEA, writer=desk.writer, at=desk.clock()).unfounded == 0
    assert desk.seen(told).letters[-1].kind == "warning"
    assert [unfounded(desk, number)[1].later for number in (3, 4)] == [False, True]
    late, other = desk.take(form(f"{URL}/5")), desk.take(form(f"{URL}/6", contact="grace@mail.example"))
    with desk.store.read() as conn:
        page = open_notices(conn, RUI, at=desk.clock())
        cases_ = [desk.case(one) for one in (late, other)]
    assert [one.priority for one in cases_] == [2, 1]
    assert [one.due for one in cases_] == [late.due, other.due]
    assert len(page.lines) == 2
    desk.clock.go_on(days=91)
    assert desk.case(desk.take(form(f"{URL}/7"))).priority == 1


def test_only_a_notice_after_which_everything_stayed_is_without_ground_and_a_childs_never(plain):
    told, child = plain.take(), plain.take(form(f"{URL}/2", minor=Answer.YES))
    with plain.store.write() as conn:
        with pytest.raises(ConflictError):
            abuse.unfounded(conn, told.notice, RUI, at=plain.clock())
        with pytest.raises(RefusedError, match="Nothing is kept"):
            abuse.unfounded(conn, child.notice, RUI, at=plain.clock())
    unfounded(plain, 3)


def test_a_notice_entered_from_another_zone_is_the_same_moment(plain):
    zone = timezone(timedelta(hours=-8))
    received = (plain.clock() - timedelta(hours=1)).astimezone(zone)
    told = plain.take(received=received)
    assert told.due == received + timedelta(hours=48)
    assert isinstance(plain.seen(told).due, datetime)
