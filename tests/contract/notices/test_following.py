"""What people decide in cases reaches the places that a notice named, and then the person who sent it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from hosting import host
from judging import ADA, NO, REMOVE, RESTRICT, RUI, judged
from noticing import URL, form, hashes, with_team
from rempart.cases.assessing.values import VERDICT_OF
from rempart.cases.records import cases
from rempart.cases.records.decisions import decisions
from rempart.intake.notices import follow, progress
from rempart.intake.notices.records import clocks, notices
from rempart.items.records import items
from rempart.lists.entry import Category
from rempart.policy.facts import Verdict
from vaults import actions


@pytest.fixture
def desk(store):
    """On either database."""
    return with_team(store)


@pytest.fixture
def plain(sqlite_store):
    """For what no database changes."""
    return with_team(sqlite_store)


def letters(seen):
    return [one.kind for one in seen.letters]


def test_a_removal_counts_only_once_the_service_has_confirmed_it(desk):
    told = desk.take()
    desk.decide(told, REMOVE, people=(RUI,))
    seen = desk.seen(told)
    assert (seen.state, [one.state for one in seen.places]) == ("open", ["removing"])
    assert letters(seen) == ["acknowledgement"]
    desk.clock.go_on(hours=1)
    desk.confirm(told)
    seen = desk.seen(told)
    assert (seen.state, seen.outcome, seen.decided_at) == ("decided", "removed", desk.clock())
    assert seen.complaint_until == desk.clock() + timedelta(days=184)
    assert letters(seen) == ["acknowledgement", "removed"]
    with desk.store.read() as conn:
        assert {one.met for one in clocks.of(conn, [told.notice])} == {desk.clock()}
        item = items.hosted(conn, desk.places(told)[0].item)
        assert (item.verdict, conn.scalars(select(decisions.c.verdict)).all()) == (Verdict.BLOCK, ["block"])


@pytest.mark.parametrize("decision", [NO, RESTRICT])
def test_what_stays_is_said_at_once_and_what_is_restricted_waits_for_the_service(plain, decision):
    told = plain.take()
    plain.decide(told, decision, people=(RUI,))
    seen = plain.seen(told)
    expected = ("decided", "kept", ["kept"]) if decision is NO else ("open", None, ["removing"])
    assert (seen.state, seen.outcome, [one.state for one in seen.places]) == expected
    assert VERDICT_OF[decision] is (Verdict.ALLOW if decision is NO else Verdict.HOLD)
    assert seen.may_complain is (decision is NO)
    if decision is RESTRICT:
        plain.confirm(told)
        assert plain.seen(told).outcome == "removed"


def test_a_place_at_which_nothing_was_is_told_apart_and_so_is_why_something_stays(plain):
    told = plain.take(form(URL, f"{URL}/2"))
    plain.decide(told, NO, category=Category(scheme="intimate", code="not_found"), people=(RUI,))
    plain.decide(told, NO, 1, category=Category(scheme="intimate", code="not_intimate"), people=(RUI,))
    seen = plain.seen(told)
    assert [(one.state, one.why) for one in seen.places] == [("not_found", "not_found"), ("kept", "not_intimate")]
    assert (seen.state, seen.outcome) == ("decided", "kept")


def test_a_notice_with_several_places_is_decided_with_its_last_one(plain):
    told = plain.take(form(URL, f"{URL}/2"))
    plain.decide(told, NO, people=(RUI,))
    assert plain.seen(told).state == "open"
    plain.decide(told, REMOVE, 1, people=(RUI,))
    plain.confirm(told, 1)
    seen = plain.seen(told)
    assert (seen.outcome, [one.state for one in seen.places]) == ("mixed", ["kept", "removed"])
    assert letters(seen) == ["acknowledgement", "kept"]


def test_every_notice_about_a_picture_hears_of_the_one_decision(desk):
    first, second = desk.take(), desk.take(form(name="Grace"))
    desk.decide(first, NO, people=(RUI,))
    assert [desk.seen(one).outcome for one in (first, second)] == ["kept", "kept"]


def test_a_case_about_something_else_that_lets_a_picture_stay_says_nothing_of_the_notice(plain):
    with plain.store.write() as conn:
        host(conn, 7, url=URL, sha256=None)
    told = plain.take()
    with plain.store.write() as conn:
        row = cases.find(conn, plain.places(told)[0].case_id)
        other = "case_other"
        cases.add_unless_open(
            conn,
            {"id": other, "kind": "match", "queue": "similar", "assessors": 1, "reason": "r", "policy_version": 0}
            | {"opened": row.opened, "opened_by": "system", "due": row.due, "state": "open", "cluster": b"x" * 32},
        )
        cases.add_item(conn, case_id=other, item=7, service="forum", added=row.opened)
    judged(plain.store, plain.vault, other, NO, people=(RUI,))
    plain.follow()
    assert plain.seen(told).places[0].state == "waiting"
    plain.decide(told, REMOVE, people=(ADA,))
    assert plain.seen(told).places[0].state == "removing"


def test_what_its_service_has_deleted_needs_nobody_to_confirm_it(plain):
    with plain.store.write() as conn:
        host(conn, 7, url=URL, sha256=b"s" * 32)
    told = plain.take()
    with plain.store.write() as conn:
        items.change(conn, 7, gone=plain.clock())
    plain.decide(told, REMOVE, people=(RUI,))
    assert plain.seen(told).outcome == "removed"


def test_a_false_notice_removes_nothing_by_itself(desk):
    with desk.store.write() as conn:
        host(conn, 7, url=URL, sha256=b"s" * 32, verdict="allow")
    for name in ("Ada", "Grace", "Rui"):
        desk.take(form(name=name, signals=hashes(sha256=b"s" * 32)))
    with desk.store.read() as conn:
        assert items.hosted(conn, 7).verdict is Verdict.ALLOW
        assert conn.scalars(select(decisions.c.id)).all() == []


def test_following_twice_or_late_changes_nothing_more(desk):
    told = desk.take()
    desk.decide(told, NO, people=(RUI,))
    seen, said = desk.seen(told), actions(desk.store)
    with desk.store.write() as conn:
        follow.follow(conn, desk.places(told)[0].case_id, writer=desk.writer, at=desk.clock())
        assert not progress.go_on(conn, told.notice, writer=desk.writer, at=desk.clock())
        assert notices.find(conn, told.notice).outcome == "kept"
    assert (desk.seen(told), actions(desk.store)) == (seen, said)
