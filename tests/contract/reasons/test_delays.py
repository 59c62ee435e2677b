"""A statement waits only where a lead says so, for a police request or a danger, and goes out by itself."""

from datetime import timedelta

import pytest

from actors import person
from desks import actions, join_team
from judging import LEA, RUI
from reasoning import case_of, checked, feed, following, maker, seconds, told
from rempart.cases.events import Reason
from rempart.cases.work import moves
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, SYSTEM
from rempart.reports.reasons import delays, statements
from rempart.reports.reasons.values import Cause, State
from vaults import Hands

HOUR = timedelta(hours=1)


@pytest.fixture
def held(store):
    """A held item of a case, before anybody heard of it; gives clock, case and what follows."""
    store.clock = Hands()
    with store.write() as conn:
        join_team(conn, LEA, RUI)
        checked(conn, 1, "hold", at=store.clock())
        case_id = case_of(conn, 1, at=store.clock())
    with following(store) as run:
        yield store, case_id, run


def delay(store, case_id=None, *, who=LEA, cause=Cause.POLICE_REQUEST, hours=2.0, why="reference 17", reason=None):
    at = store.clock()
    with store.write() as conn:
        return delays.delay(
            conn, who, cause=cause, until=at + hours * HOUR, why=why, at=at, case_id=case_id, reason=reason
        )  # fmt: skip


def test_a_delayed_statement_is_not_told_before_its_time_and_then_goes_out_by_itself(held):
    store, case_id, run = held
    delay(store, case_id)
    assert run() == 1
    assert feed(store) == []
    with store.read() as conn:
        (row,) = statements.listed(conn, LEA, state=State.WAITING).rows
        with pytest.raises(NotFoundError):
            statements.for_service(conn, row.reason.id, service="forum")
    store.clock.go_on(hours=1, minutes=59)
    run()
    assert feed(store) == []
    store.clock.go_on(minutes=2)
    run()
    (one,) = feed(store)
    assert one["id"] == row.reason.id
    assert one["restriction"]["from"] == "2026-11-22T12:00:00.000Z"  # as it was at the moment of the restriction


def test_what_follows_waits_as_long_and_comes_after_it(held):
    store, case_id, run = held
    delay(store, case_id)
    run()
    with store.write() as conn:
        told(conn, 1, "block", at=store.clock() + seconds(1), reason=Reason.NEW_ENTRY)
        told(conn, 1, "allow", at=store.clock() + seconds(2), reason=Reason.WITHDRAWN)
    run()
    assert feed(store) == []
    store.clock.go_on(hours=3)
    run()
    assert [one["restriction"]["what"] if "restriction" in one else one["kind"] for one in feed(store)] == [
        "held", "removed", "lifted"
    ]  # fmt: skip


def test_a_lead_ends_a_delay_and_another_one_still_holds(held):
    store, case_id, run = held
    first, second = delay(store, case_id), delay(store, case_id, cause=Cause.DANGER, hours=1)
    run()
    with store.write() as conn:
        delays.undelay(conn, LEA, first.id, why="no more", at=store.clock(), case_id=case_id)
    run()
    assert feed(store) == []
    with store.write() as conn:
        delays.undelay(conn, LEA, second.id, why="no more", at=store.clock(), case_id=case_id)
        with pytest.raises(NotFoundError):
            delays.undelay(conn, LEA, second.id, why="again", at=store.clock(), case_id=case_id)
    run()
    assert len(feed(store)) == 1
    done = [action for action, _ in actions(store, case_id)]
    assert [one for one in done if one.startswith("reason.")] == ["reason.delayed"] * 2 + ["reason.undelayed"] * 2


def test_one_statement_that_waits_can_be_delayed_and_one_that_is_out_cannot(held):
    store, _, _ = held
    with following(store, maker(wait=timedelta(minutes=10))) as run:
        run()
        with store.read() as conn:
            (row,) = statements.listed(conn, LEA, state=State.WAITING).rows
        delay(store, reason=row.reason.id, hours=5)
        store.clock.go_on(hours=1)
        run()
        assert feed(store) == []
        with store.read() as conn:
            assert [one.cause for one in statements.one(conn, row.reason.id, LEA).delays] == ["police_request"]
        store.clock.go_on(hours=5)
        run()
        assert len(feed(store)) == 1
        with pytest.raises(ConflictError):
            delay(store, reason=row.reason.id)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"who": RUI}, NotPermittedError),
        ({"who": CONSOLE}, NotPermittedError),
        ({"cause": Cause.ORDER}, RefusedError),
        ({"why": "  "}, RefusedError),
        ({"hours": 0}, RefusedError),
        ({"hours": -1}, RefusedError),
        ({"hours": 24 * 90 + 1}, RefusedError),
        ({"case_id": "case_none"}, NotFoundError),
        ({"case_id": None}, RefusedError),
        ({"case_id": None, "reason": "reason_none"}, NotFoundError),
    ],
)
def test_nobody_else_delays_and_for_nothing_else_nor_for_ever(held, wrong, error):
    store, case_id, run = held
    with pytest.raises(error):
        delay(store, **({"case_id": case_id} | wrong))
    run()
    assert len(feed(store)) == 1


def test_a_lead_who_is_kept_from_a_case_neither_sees_its_statements_nor_delays_them(held):
    store, case_id, run = held
    barred = person("ines", Role.LEAD)
    with store.write() as conn:
        join_team(conn, barred)
        moves.bar(conn, case_id, LEA, barred.id, at=store.clock())
    run()
    with store.read() as conn:
        assert statements.listed(conn, barred).rows == ()
        (row,) = statements.listed(conn, LEA).rows
        with pytest.raises(NotFoundError):
            statements.one(conn, row.reason.id, barred)
        with pytest.raises(NotPermittedError):
            statements.listed(conn, RUI)
    with pytest.raises(NotFoundError):
        delay(store, case_id, who=barred)


def test_an_order_that_is_marked_is_not_told_of_and_not_filed(held):
    store, case_id, _ = held
    with store.write() as conn:
        with pytest.raises(NotPermittedError):
            delays.mark_order(conn, RUI, case_id, why="order 12", at=store.clock())
        delays.mark_order(conn, SYSTEM, case_id, why="order 12", at=store.clock())
    with following(store, maker(filing=True)) as run:
        run()
        with store.write() as conn:
            told(conn, 1, "allow", at=store.clock() + seconds(2), reason=Reason.CASE, case_id=case_id)
        run()
        assert feed(store) == []
        with store.read() as conn:
            rows = statements.listed(conn, LEA).rows
        assert {(one.reason.state, one.reason.filing) for one in rows} == {("withheld", "none")}
        assert len(rows) == 2


def test_what_an_order_withheld_is_told_once_it_has_fallen_and_a_leads_word_stands(held):
    store, case_id, run = held

    def lift():
        with store.write() as conn:
            return delays.lift_order(conn, case_id, why="order 12", at=store.clock())

    with store.write() as conn:
        delays.mark_order(conn, SYSTEM, case_id, why="order 12", at=store.clock())
        own = delays.mark_order(conn, LEA, case_id, why="order 13", at=store.clock())
    run()
    store.clock.go_on(minutes=1)
    assert lift() == 1
    assert lift() == 0
    run()
    assert feed(store) == []
    with store.write() as conn:
        assert [one.reason.state for one in statements.listed(conn, LEA).rows] == ["withheld"]
        facts = {"delay": own.id, "cause": "order"}
        assert delays.delayed_again(conn, "reason.undelayed", f"case:{case_id}", facts, at=store.clock())
    run()
    assert [one["restriction"]["from"] for one in feed(store)] == ["2026-11-22T12:00:00.000Z"]


def test_after_a_restore_what_was_delayed_later_is_delayed_again(held):
    store, case_id, run = held
    facts = {"delay": "delay_1", "cause": "police_request", "hours": 5}
    subject = f"case:{case_id}"

    def again(action, **more):
        with store.write() as conn:
            return delays.delayed_again(conn, action, subject, facts | more, at=store.clock())

    assert again("reason.delayed")
    assert not again("reason.delayed")
    run()
    assert feed(store) == []
    store.clock.go_on(hours=4)
    run()
    assert feed(store) == []
    assert again("reason.undelayed")
    assert not again("reason.undelayed")
    assert again("reason.withheld", delay="delay_2", cause="order", hours=None)
    assert not again("reason.delayed", delay="delay_3", cause="other")
    store.clock.go_on(hours=4)
    run()
    assert feed(store) == []
    with store.read() as conn:
        assert [one.reason.state for one in statements.listed(conn, LEA).rows] == ["withheld"]


def test_a_page_of_statements_leads_to_the_next(store):
    store.clock = Hands()
    with store.write() as conn:
        for number in range(1, 8):
            checked(conn, number, "hold", at=store.clock() + seconds(number))
    with following(store) as run:
        run()
    with store.read() as conn:
        seen, before = [], None
        while True:
            page = statements.listed(conn, LEA, before=before, most=3)
            seen += [one.item_id for one in page.rows]
            before = page.next
            if before is None:
                break
    assert sorted(seen) == [f"photo-{number}" for number in range(1, 8)]
