"""The clocks of orders: watched over a time without a server and over a wrong time of day, at next to no cost."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import event

from judging import LEA, REMOVE, RUI
from ordering import OrderDesk, an_item, named
from rempart.errors import ConflictError, RefusedError
from rempart.reports.orders import answering, clockwork
from rempart.reports.orders.records import clocks
from rempart.reports.orders.values import OrderKind, Outcome
from rempart.server.alarms import Alarms
from rempart.settings import Settings
from rempart.store.periodic import Periodics
from rempart.store.workers import Worker


@pytest.fixture
def desk(store):
    """On either database."""
    return OrderDesk(store)


@pytest.fixture
def plain(sqlite_store):
    """For what no database changes."""
    return OrderDesk(sqlite_store)


def minutes(passed):
    return passed / timedelta(minutes=1)


def test_an_hour_has_two_warnings_and_then_an_alarm_every_day(plain):
    plain.take(regimes=("eu-tco",), received=plain.clock(), country="DE")
    began, heard = plain.clock(), []
    for _ in range(4 * 50):
        plain.clock.go_on(minutes=15)
        heard += [(minutes(plain.clock() - began), word.overdue, word.regimes) for word in plain.spoken()]
    law = ("eu-tco",)
    times = [(30, False), (45, False), (60, True), (60 + 1_440, True), (60 + 2_880, True)]
    assert heard == [(at, over, law) for at, over in times]


def test_the_time_that_the_order_names_and_that_of_the_law_both_run(plain):
    taken = plain.take(regimes=("fr-lcen", "eu-dsa-9"), stated=plain.clock() + timedelta(hours=6))
    assert {one.regime for one in plain.clocks(taken.order)} == {"fr-lcen", "stated"}
    assert taken.due == plain.clock() + timedelta(hours=6)


def test_what_was_missed_while_no_server_ran_is_said_once_as_it_stands_when_one_starts(desk):
    desk.take(regimes=("fr-lcen",))
    desk.clock.go_on(days=9)
    heard = []
    with Worker(desk.store) as worker:
        works = clockwork.periodics(desk.store, desk.vault, alarm=lambda _, word: heard.append(word))
        running = Periodics(desk.store, worker, works)
        running.start()
        for _ in range(500):
            if heard:
                break
            time.sleep(0.01)
        running.stop()
    assert [(word.overdue, word.keeps) for word in heard] == [(True, False)]
    assert desk.spoken() == []


def test_a_time_of_day_that_was_wrong_for_a_while_keeps_no_alarm_silent(plain):
    taken = plain.take(regimes=("fr-lcen",), received=plain.clock())
    plain.clock.now += timedelta(days=40)
    assert [word.overdue for word in plain.spoken()] == [True]
    plain.clock.now -= timedelta(days=40)
    assert plain.spoken() == []  # nothing is due yet; only when to speak next is reckoned again
    hours = []
    for _ in range(26):
        plain.clock.go_on(hours=1)
        hours += [word.overdue for word in plain.spoken()]
    assert hours == [False, False, False, False, True]
    assert plain.clocks(taken.order)[0].said == plain.clock() - timedelta(hours=2)


def test_a_clock_set_back_makes_no_time_longer_and_refuses_no_step(plain):
    taken = plain.take(regimes=("fr-lcen",), received=plain.clock())
    plain.clock.now -= timedelta(hours=5)
    plain.do(answering.acknowledge, taken.order, LEA)
    plain.close(taken.order, Outcome.REFUSED)
    row = plain.row(taken.order)
    assert (row.state, row.due) == ("closed", row.received + timedelta(hours=24))


def test_two_processes_say_it_once(desk):
    desk.take(regimes=("eu-tco",), country="DE")
    desk.clock.go_on(days=1)
    heard, start = [], threading.Barrier(2)

    def watch():
        start.wait()
        with desk.store.write() as conn:
            clockwork.speak(conn, alarm=lambda _, word: heard.append(word), at=desk.clock())

    threads = [threading.Thread(target=watch) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert len(heard) == 1


def test_an_alarm_that_fails_is_raised_the_next_time(plain):
    plain.take(regimes=("eu-tco",), country="DE")
    plain.clock.go_on(days=1)

    def broken(_, word):
        raise RuntimeError(word.order)

    with pytest.raises(RuntimeError), plain.store.write() as conn:
        clockwork.speak(conn, alarm=broken, at=plain.clock())
    assert len(plain.spoken()) == 1


def test_the_time_of_keeping_warns_before_it_is_over_and_nothing_is_let_go_by_itself(plain):
    held = plain.hosted(7)
    taken = plain.take(an_item(7), kind=OrderKind.PRESERVATION, regimes=("us-2703f",), received=plain.clock())
    heard = []
    for _ in range(92):
        plain.clock.go_on(days=1)
        heard += [(word.keeps, word.overdue) for word in plain.spoken()]
    assert heard == [(True, False), (True, False), (True, True), (True, True), (True, True)]
    assert plain.file(taken.order).objects[0].state == "held"
    end = plain.clock() + timedelta(days=90)
    plain.do(answering.extend, taken.order, LEA, until=end, why="They renewed it.", keyring=plain.vault.keyring)
    assert (plain.row(taken.order).due, plain.spoken()) == (end, [])
    assert plain.file(taken.order).texts["extension"] == "They renewed it."
    assert held in {one.object for one in plain.file(taken.order).objects}


def test_more_time_moves_the_end_and_its_warnings_forward_only(plain):
    taken = plain.take(regimes=("fr-lcen",), received=plain.clock())
    due, keys = taken.due, plain.vault.keyring
    for until, why in ((due, "none"), (due - timedelta(hours=1), "less"), (due + timedelta(days=400), "too much")):
        with pytest.raises(RefusedError, match="More time ends later"):
            plain.do(answering.extend, taken.order, LEA, until=until, why=why, keyring=keys)
    with pytest.raises(RefusedError, match="A reason is needed"):
        plain.do(answering.extend, taken.order, LEA, until=due + timedelta(days=1), why=" ", keyring=keys)
    plain.clock.go_on(hours=30)
    assert [word.overdue for word in plain.spoken()] == [True]
    plain.do(answering.extend, taken.order, LEA, until=due + timedelta(days=3), why="Agreed.", keyring=keys)
    assert plain.spoken() == []
    plain.clock.go_on(days=4)
    assert [word.due for word in plain.spoken()] == [due + timedelta(days=3)]


def test_what_is_done_or_closed_is_not_spoken_of(plain):
    done = plain.take(regimes=("fr-lcen",))
    plain.judge(plain.case(done.order).id, REMOVE, people=(RUI,))
    plain.confirm(plain.parts(done.order)[0].item)
    closed = plain.take(named("https://forum.example/2"), reference="2", regimes=("fr-lcen",))
    plain.close(closed.order, Outcome.LIFTED)
    plain.clock.go_on(days=5)
    assert plain.spoken() == []
    with pytest.raises(ConflictError):
        plain.close(closed.order, Outcome.LIFTED)


def test_the_operator_is_told_without_a_name_or_a_reference(plain, caplog):
    settings = Settings(
        data="/tmp", mail={"host": "localhost", "sender": "rempart@forum.example", "alarms": ["ops@forum.example"]}
    )
    alarms = Alarms(settings, keyring=plain.vault.keyring, clock=plain.clock)
    taken = plain.take(regimes=("eu-tco",), country="DE")
    plain.clock.go_on(hours=1)
    with plain.store.write() as conn:
        clockwork.speak(conn, alarm=alarms.order, at=plain.clock())
    told = caplog.text
    assert alarms.raised == 1
    assert f"/orders/{taken.order}" in told
    assert "eu-tco" in told
    assert "Martin" not in told
    assert "2026/17" not in told


def test_looking_reads_small_indexes_and_locks_nothing_while_nothing_is_to_be_said(desk):
    for number in range(6):
        desk.take(named(f"https://forum.example/{number}"), reference=str(number))
    statements = []
    event.listen(desk.store.engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    with desk.store.read() as conn:
        assert not clocks.any_to_speak(conn, desk.clock(), ahead=desk.clock())
        assert not clockwork.something_to_keep(conn)
    asked = [one for one in statements if "order_clocks" in one]
    assert len(asked) == 2
    assert all("FOR UPDATE" not in one and "LIMIT" in one for one in asked)
    if desk.store.dialect == "sqlite":
        with desk.store.read() as conn:
            plans = [
                str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", (1,) * one.count("?")).all()) for one in asked
            ]
        assert ["ix_order_clocks" in one and "SCAN" not in one for one in plans] == [True, True]
