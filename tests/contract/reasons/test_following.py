"""Each restriction has its statement, once, however it came about and however often it is heard of."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from actors import NOON
from judging import LEA, NO, REMOVE, RESTRICT, judged
from reasoning import account_blocked, case_of, checked, feed, follow, following, match, seconds, told
from rempart.cases.erasure import forget_item
from rempart.cases.events import Reason
from rempart.cases.records.cases import case_matches
from rempart.cases.work import moves
from rempart.cases.work.accounts import AccountFact, open_account_case
from rempart.lists.entry import Category
from rempart.people.principal import SYSTEM
from rempart.reports.reasons.records import delays as marks
from rempart.reports.reasons.records.statements import reasons
from vaults import a_vault


def test_what_policy_blocks_at_upload_is_told_of_with_its_ground(store):
    with store.write() as conn:
        checked(conn, 1, "block", at=NOON, rule="exact-match", matches=[match()], context={"language": "fr-CA"})
        checked(conn, 2, "allow", at=NOON + seconds(1))
    assert follow(store) == 1
    (one,) = feed(store)
    assert one["item_id"] == "photo-1"
    assert one["restriction"]["what"] == "removed"
    assert one["language"] == "fr"
    assert one["ground"]["kind"] == "illegal"
    assert one["automated"]["decision"] == "fully"
    assert follow(store) == 0


def test_an_answer_that_leaves_the_verdict_as_it_was_has_no_statement(store):
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON)
    follow(store)
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON + seconds(5), again=True)
        checked(conn, 1, "hold", at=NOON + seconds(9), again=True)
    assert follow(store) == 0
    assert len(feed(store)) == 1


def test_a_restriction_that_look_back_makes_and_takes_back_is_told_both_times(store):
    with store.write() as conn:
        checked(conn, 1, "allow", at=NOON)
        told(conn, 1, "block", at=NOON + seconds(1))
        told(conn, 1, "allow", at=NOON + seconds(2), reason=Reason.WITHDRAWN)
    assert follow(store) == 2
    first, second = feed(store)
    assert (first["kind"], second["kind"]) == ("restriction", "lifted")
    assert second["about"] == first["id"]
    assert second["seq"] > first["seq"]


def test_a_second_check_that_allows_is_told_as_lifted(store):
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON)
    follow(store)
    with store.write() as conn:
        checked(conn, 1, "allow", at=NOON + seconds(5), again=True)
    assert follow(store) == 1
    assert [one["kind"] for one in feed(store)] == ["restriction", "lifted"]
    assert follow(store) == 0


def test_people_who_remove_what_was_held_have_a_statement_of_their_own(store):
    vault = a_vault(store)
    with store.write() as conn:
        checked(conn, 1, "hold", at=vault.clock(), matches=[match(distance=12)])
        case_id = case_of(conn, 1, at=vault.clock())
    follow(store)
    judged(store, vault, case_id, REMOVE)
    assert follow(store) == 1
    held, removed = feed(store)
    assert held["restriction"]["duration"] == "until_examined"
    assert removed["restriction"]["what"] == "removed"
    assert removed["about"] == held["id"]
    assert removed["ground"]["kind"] == "illegal"
    assert removed["automated"] == {"detection": None, "decision": "people"}  # a child-safety matter: no more is told
    assert follow(store) == 0


def test_people_who_confirm_what_policy_blocked_change_nothing(store):
    vault = a_vault(store)
    with store.write() as conn:
        checked(conn, 1, "block", at=vault.clock(), matches=[match()])
        case_id = case_of(conn, 1, at=vault.clock())
    follow(store)
    judged(store, vault, case_id, REMOVE)
    assert follow(store) == 0


def test_people_who_restrict_what_was_held_say_on_which_ground(store):
    vault = a_vault(store)
    with store.write() as conn:
        checked(conn, 1, "hold", at=vault.clock())
        case_id = case_of(conn, 1, at=vault.clock())
    follow(store)
    vault.clock.go_on(seconds=5)
    judged(store, vault, case_id, RESTRICT)
    assert follow(store) == 1
    held, restricted = feed(store)
    assert [one["restriction"]["what"] for one in (held, restricted)] == ["held", "restricted"]
    assert restricted["ground"]["kind"] == "illegal"
    assert restricted["restriction"]["duration"] == "open"
    with store.write() as conn:
        moves.reopen(conn, case_id, LEA, reason="look again", at=vault.clock())
    assert follow(store) == 0
    with store.write() as conn:
        checked(conn, 1, "hold", at=vault.clock() + seconds(5), rule="decided", again=True)
    assert follow(store) == 0


def test_people_who_release_what_was_held_lift_the_restriction(store):
    vault = a_vault(store)
    with store.write() as conn:
        checked(conn, 1, "hold", at=vault.clock())
        case_id = case_of(conn, 1, at=vault.clock())
    follow(store)
    judged(store, vault, case_id, NO)
    assert follow(store) == 1
    assert feed(store)[1]["kind"] == "lifted"


@pytest.mark.parametrize(
    ("kind", "before", "detection", "decision"),
    [("match", "hold", True, "partially"), ("match", "allow", True, "none"), ("notice", "allow", False, "none")],
)
def test_what_machines_did_is_told_as_it_was(store, kind, before, detection, decision):
    vault = a_vault(store)
    with store.write() as conn:
        checked(conn, 1, before, at=vault.clock())
        case_id = case_of(conn, 1, at=vault.clock(), kind=kind)
        told(conn, 1, "block", at=vault.clock() + seconds(9), reason=Reason.CASE, case_id=case_id)
        # A category that protects no minors, so that all of it is told.
        conn.execute(case_matches.update().values(scheme="listed", code="listed"))
    follow(store)
    last = feed(store)[-1]
    assert last["automated"] == {"detection": detection, "decision": decision}
    assert last["source"] == ("notice" if kind == "notice" else "own_initiative")


def test_a_copy_that_a_decision_reaches_was_found_by_a_machine(store):
    vault = a_vault(store)
    with store.write() as conn:
        for number in (1, 2):
            checked(conn, number, "allow", at=vault.clock(), sha256=b"s" * 32)
        case_id = case_of(conn, 1, at=vault.clock(), kind="notice")
    vault.clock.go_on(seconds=5)
    judged(store, vault, case_id, REMOVE, category=Category(scheme="iccam", code="not-illegal"))
    assert follow(store) == 2
    named, copy = sorted(feed(store), key=lambda one: one["item_id"])
    assert named["automated"] == {"detection": False, "decision": "none"}
    assert copy["automated"] == {"detection": True, "decision": "partially"}


def test_the_category_that_counts_is_the_one_people_gave(store):
    vault = a_vault(store)
    with store.write() as conn:
        checked(conn, 1, "allow", at=vault.clock())
        case_id = case_of(conn, 1, at=vault.clock(), kind="notice", scheme=None, code=None)
    judged(store, vault, case_id, REMOVE, category=None)
    follow(store)
    (one,) = feed(store)
    assert "2024/1385" in one["ground"]["reference"]["en"]  # a notice without a category is about an intimate image


def test_an_account_that_is_blocked_has_its_statement(store):
    with store.write() as conn:
        case_id = open_account_case(
            conn, service="forum", uploader="mallory", facts=[AccountFact(kind="text", text="x")], by=SYSTEM, at=NOON
        ).case
        account_blocked(conn, "mallory", case_id=case_id, at=NOON)
    assert follow(store) == 1
    assert follow(store) == 0
    (one,) = feed(store)
    assert (one["subject"], one["uploader"], one["item_id"]) == ("account", "mallory", None)
    assert one["restriction"]["what"] == "account"


def test_services_read_their_own_statements_alone_and_in_order(store):
    with store.write() as conn:
        for number in range(1, 8):
            checked(conn, number, "hold", at=NOON + seconds(number), service="forum" if number % 2 else "wiki")
    follow(store)
    numbers = [one["seq"] for one in feed(store)]
    assert numbers == sorted(numbers)
    assert len(numbers) == 4
    assert feed(store, after=numbers[1])[0]["seq"] == numbers[2]
    assert {one["item_id"] for one in feed(store, service="wiki")} == {"photo-2", "photo-4", "photo-6"}


def test_hearing_of_everything_again_makes_no_statement_twice(store):
    with store.write() as conn:
        for number in range(1, 30):
            checked(conn, number, "hold", at=NOON + seconds(number))
            told(conn, number, "block", at=NOON + seconds(40 + number))
    with following(store) as run:
        assert run() == 58
    with store.write() as conn:
        marks.set_mark(conn, "decisions", 0)
        marks.set_mark(conn, "checks", -1)
    assert follow(store) == 0


def test_a_clock_that_was_set_back_loses_no_restriction(store):
    with following(store) as run:
        with store.write() as conn:
            checked(conn, 1, "hold", at=NOON)
        run()
        with store.write() as conn:
            checked(conn, 2, "hold", at=NOON - timedelta(minutes=30))
        assert run() == 0  # not at once
    assert follow(store) == 1  # but when all restricted items are looked at, as at the start


def test_what_was_restricted_before_statements_were_kept_is_not_told_of(store):
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON)
        checked(conn, 2, "hold", at=NOON)
        marks.set_mark(conn, "since", int(NOON.timestamp() * 1_000_000))
    assert follow(store) == 0
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON + seconds(3), again=True)
        told(conn, 2, "allow", at=NOON + seconds(3))
    assert follow(store) == 0
    with store.write() as conn:
        told(conn, 1, "block", at=NOON + seconds(4))
    assert follow(store) == 1


def test_an_item_that_was_erased_leaves_its_statement_without_a_name(store):
    with store.write() as conn:
        checked(conn, 1, "hold", at=NOON)
        checked(conn, 2, "hold", at=NOON)
    with following(store) as run:
        run()
        with store.write() as conn:
            forget_item(conn, 1)
        assert run() == 0
        assert sorted(feed(store), key=lambda one: one["seq"])[0]["item_id"] is None
        with store.read() as conn:
            stand = conn.execute(select(reasons.c.item).where(reasons.c.standing == 1)).scalars().all()
        assert stand == [2]
