"""What is done with a case besides assessing it, and what the timeline tells of it to whom."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from actors import NOON, person
from desks import actions, join_team, opened
from judging import answered, settled
from judging import judged as judged_by
from rempart.cases.assessing.values import Decision
from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.cases.work import claims, moves, queue, settings
from rempart.cases.work.timeline import timeline
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.items.records import items
from rempart.people.permissions import Role
from rempart.people.principal import SYSTEM
from vaults import a_vault

RUI, ANA = person("rui", Role.REVIEWER), person("ana", Role.REVIEWER)
LEA, MO = person("lea", Role.LEAD), person("mo", Role.LEAD)
SAME = b"s" * 32


def at(minutes=0):
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def case_id(store):
    with store.write() as conn:
        join_team(conn, RUI, ANA, LEA, MO)
        return opened(conn, 1, sha256=SAME)


def found(store, case_id):
    with store.read() as conn:
        return records.find(conn, case_id)


def did(store, step, case_id, who, *args, minutes=0, **more):
    with store.write() as conn:
        return step(conn, case_id, who, *args, at=at(minutes), **more)


def judged(store, case_id, decision=Decision.REMOVE):
    vault = a_vault(store)
    vault.clock.now = NOON
    assert judged_by(store, vault, case_id, decision, people=(RUI, ANA)).state == "decided"


def test_a_held_case_is_gone_from_the_queue_and_comes_back_by_itself(store, case_id):
    did(store, claims.claim, case_id, RUI)
    did(store, moves.hold, case_id, RUI, until=at(60), reason="asked the service")
    with store.read() as conn:
        assert queue.page(conn, RUI, at=at(59)).rows == ()
        assert len(queue.page(conn, RUI, at=at(59), held=True).rows) == 1
        assert queue.next_for(conn, RUI, at=at(59)) is None
        assert len(queue.page(conn, RUI, at=at(60)).rows) == 1
        assert queue.next_for(conn, ANA, at=at(60)) == case_id
    with store.write() as conn:
        assert moves.wake(conn, at=at(59)) == 0
        assert moves.wake(conn, at=at(60)) == 1
        assert moves.wake(conn, at=at(61)) == 0
    assert (found(store, case_id).stage, found(store, case_id).held_until) == ("first", None)
    assert actions(store, case_id)[-2:] == [("case.held", "p-rui"), ("case.resumed", "system")]


def test_whoever_claims_a_case_whose_hold_is_over_wakes_it(store, case_id):
    did(store, moves.hold, case_id, RUI, until=at(60), reason="later")
    with pytest.raises(ConflictError, match="on hold"):
        did(store, claims.claim, case_id, RUI, minutes=59)
    did(store, claims.claim, case_id, RUI, minutes=60)
    assert found(store, case_id).stage == "first"


@pytest.mark.parametrize("minutes", [-1, 0, 60 * 24 * 91])
def test_nothing_is_held_until_the_past_or_for_ever(store, case_id, minutes):
    with pytest.raises(RefusedError, match="a time to come"):
        did(store, moves.hold, case_id, RUI, until=at(minutes), reason="later")


def test_a_hold_ends_early_and_leads_back_to_where_it_was(store, case_id):
    did(store, moves.escalate, case_id, RUI, reason="unsure")
    with pytest.raises(NotPermittedError):
        did(store, moves.hold, case_id, RUI, until=at(60), reason="later")
    did(store, moves.hold, case_id, LEA, until=at(60), reason="later")
    did(store, moves.hold, case_id, LEA, until=at(90), reason="still later")
    did(store, moves.unhold, case_id, LEA)
    assert found(store, case_id).stage == "lead"


def test_reasons_are_asked_for(store, case_id):
    for step, more in ((moves.hold, {"until": at(9)}), (moves.escalate, {}), (moves.danger, {"alarm": print})):
        with pytest.raises(RefusedError, match="reason is needed"):
            did(store, step, case_id, RUI, reason="  ", **more)


def test_what_somebody_else_has_is_not_moved_but_by_leads(store, case_id):
    did(store, claims.claim, case_id, ANA)
    with pytest.raises(ConflictError, match="p-ana has this case now"):
        did(store, moves.escalate, case_id, RUI, reason="unsure")
    did(store, moves.escalate, case_id, LEA, reason="mine")
    assert (found(store, case_id).stage, found(store, case_id).claimed_by) == ("lead", None)


def test_danger_goes_to_the_top_at_once_and_is_told_once(store, case_id):
    with store.write() as conn:
        opened(conn, 2)
    did(store, moves.hold, case_id, RUI, until=at(600), reason="later")
    told = []
    for _ in range(2):
        did(
            store,
            moves.danger,
            case_id,
            ANA,
            reason="she is with him now",
            alarm=lambda conn, case: told.append(case.id),
        )
    with store.read() as conn:
        first = queue.page(conn, RUI, at=NOON).rows[0].case
    assert (first.id, first.danger, first.priority, first.due, first.stage) == (case_id, True, 0, NOON, "first")
    assert told == [case_id]
    did(store, moves.set_priority, case_id, LEA, 2)
    assert (found(store, case_id).danger, found(store, case_id).priority) == (False, 2)


def test_an_alarm_that_fails_takes_the_step_with_it(store, case_id):
    def fail(conn, case):
        raise OSError

    with pytest.raises(OSError):
        did(store, moves.danger, case_id, ANA, reason="now", alarm=fail)
    assert not found(store, case_id).danger


def test_anybody_makes_a_case_more_urgent_and_only_leads_less_so(store, case_id):
    did(store, moves.set_priority, case_id, RUI, 1)
    with pytest.raises(NotPermittedError):
        did(store, moves.set_priority, case_id, RUI, 3)
    did(store, moves.set_priority, case_id, LEA, 3)
    with pytest.raises(RefusedError):
        did(store, moves.set_priority, case_id, LEA, 0)
    assert found(store, case_id).priority == 3


def test_a_reopened_case_is_a_new_round_of_the_same_bytes(store, case_id):
    judged(store, case_id)
    did(store, moves.reopen, case_id, LEA, reason="the service disagrees", minutes=60)
    case = found(store, case_id)
    assert (case.state, case.round, case.stage, case.decision) == ("open", 2, "first", None)
    assert (case.due, case.look) == (at(60 + 1440), "look")
    with store.write() as conn:
        assert opened(conn, 2, sha256=SAME) == case_id
    judged(store, case_id, Decision.NO_VIOLATION)
    with store.read() as conn:
        assert [items.hosted(conn, n).verdict for n in (1, 2)] == ["allow", "allow"]


def test_reopening_is_for_leads_and_for_what_is_decided(store, case_id):
    with pytest.raises(ConflictError, match="is open"):
        did(store, moves.reopen, case_id, LEA, reason="why not")
    judged(store, case_id)
    with pytest.raises(NotPermittedError):
        did(store, moves.reopen, case_id, RUI, reason="why not")


def test_a_case_is_not_reopened_beside_another_open_one_of_the_same_bytes(store, case_id):
    judged(store, case_id)
    with store.write() as conn:
        other = opened(conn, 2, sha256=SAME)
    with pytest.raises(ConflictError, match="Another open case"):
        did(store, moves.reopen, case_id, LEA, reason="again")
    assert found(store, case_id).state == "decided"
    assert found(store, other).state == "open"
    assert actions(store, case_id)[-1][0] == "case.decided"


def test_a_case_of_which_nothing_is_there_any_more_is_not_reopened(store, case_id):
    judged(store, case_id)
    with store.write() as conn:
        items.change(conn, 1, sha256=b"o" * 32, decided=None)
    with pytest.raises(ConflictError, match="is there any more"):
        did(store, moves.reopen, case_id, LEA, reason="again")


def test_two_leads_reopening_at_once_open_one_round(store, case_id):
    judged(store, case_id)
    ready, failed = threading.Barrier(2), []

    def again(who):
        ready.wait()
        try:
            did(store, moves.reopen, case_id, who, reason="again")
        except ConflictError as err:
            failed.append(err)

    threads = [threading.Thread(target=again, args=(who,)) for who in (LEA, MO)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 1
    assert found(store, case_id).round == 2


def test_an_insider_case_leaves_those_it_is_about_without_a_trace(store, case_id):
    did(store, claims.claim, case_id, RUI)
    did(store, moves.restrict_insider, case_id, SYSTEM, frozenset({MO.id}))
    for who in (RUI, ANA, MO):
        with pytest.raises(NotFoundError):
            did(store, moves.note, case_id, who, "hello")
        with store.read() as conn:
            assert queue.page(conn, who, at=NOON).total == 0
            with pytest.raises(NotFoundError):
                timeline(conn, case_id, who)
    did(store, claims.hand_over, case_id, LEA, ANA.id, note="please")
    did(store, claims.claim, case_id, ANA)
    with store.read() as conn:
        bodies = "".join(conn.execute(text("SELECT body FROM ledger_leaves")).scalars())
    assert MO.pseudonym not in bodies
    assert MO.id not in bodies


def test_people_keep_themselves_from_a_case_and_only_leads_others(store, case_id):
    with pytest.raises(NotPermittedError):
        did(store, moves.bar, case_id, RUI, ANA.id)
    did(store, moves.bar, case_id, RUI, RUI.id)
    with pytest.raises(NotFoundError):
        did(store, claims.claim, case_id, RUI)


def test_somebody_is_left_to_assess_it(store, case_id):
    for one in (RUI, ANA, MO):
        did(store, moves.bar, case_id, LEA, one.id)
    with pytest.raises(RefusedError, match="nobody could assess"):
        did(store, moves.bar, case_id, LEA, LEA.id)


def test_the_timeline_tells_every_step_with_its_note(store, case_id):
    did(store, claims.claim, case_id, RUI)
    did(store, moves.note, case_id, RUI, "  the service knows this account  ", minutes=1)
    did(store, moves.hold, case_id, RUI, until=at(60), reason="asked the service", minutes=2)
    did(store, moves.unhold, case_id, ANA, minutes=3)
    with store.read() as conn:
        found_ = timeline(conn, case_id, ANA)
    assert [(one.at, one.action, one.actor, one.text) for one in found_] == [
        (NOON, "case.opened", "system", None),
        (NOON, "case.claimed", "p-rui", None),
        (at(1), "case.noted", "p-rui", "the service knows this account"),
        (at(2), "case.held", "p-rui", "asked the service"),
        (at(3), "case.resumed", "p-ana", None),
    ]
    assert found_[3].facts == {"round": 1, "minutes": 58}


def test_what_others_answered_and_wrote_is_kept_from_whoever_has_still_to_answer(store, case_id):
    vault = a_vault(store)
    did(store, moves.note, case_id, LEA, "a note of whoever did not answer")
    answered(store, case_id, Decision.REMOVE, by=RUI, at=NOON)
    did(store, moves.note, case_id, RUI, "surely a child")
    vault.clock.now = at(1)
    settled(store, vault)
    did(store, moves.hold, case_id, RUI, until=at(60), reason="surely", minutes=2)
    did(store, moves.danger, case_id, RUI, reason="she is there now", alarm=lambda conn, case: None)

    def seen(who):
        with store.read() as conn:
            return [(one.action, one.text, one.withheld) for one in timeline(conn, case_id, who)]

    blind = [
        ("case.opened", None, False),
        ("case.noted", "a note of whoever did not answer", False),
        ("case.held", None, True),
        ("case.danger", "she is there now", False),
    ]
    assert seen(ANA) == blind
    answered(store, case_id, Decision.REMOVE, by=ANA, at=at(3))
    assert ("case.noted", "surely a child", False) not in seen(ANA), "her answer can be taken back still"
    vault.clock.now = at(90)
    settled(store, vault)
    assert [action for action, _, _ in seen(ANA)].count("case.assessed") == 2
    assert ("case.noted", "surely a child", False) in seen(ANA)


def test_a_case_that_waits_for_a_second_answer_looks_like_any_other_to_whoever_is_to_give_it(store, case_id):
    vault = a_vault(store)
    answered(store, case_id, Decision.REMOVE, by=RUI, at=NOON)
    vault.clock.now = at(1)
    settled(store, vault)
    with store.read() as conn:
        assert records.find(conn, case_id).stage == "second"
        (mine,), (other,) = queue.page(conn, RUI, at=at(2)).rows, queue.page(conn, ANA, at=at(2)).rows
        assert (mine.case.stage, mine.answered, other.case.stage, other.answered) == ("second", True, "first", False)
        assert queue.next_for(conn, RUI, at=at(2)) is None
        assert queue.next_for(conn, ANA, at=at(2)) == case_id
    with store.write() as conn, pytest.raises(RefusedError, match="cannot take this case"):
        claims.hand_over(conn, case_id, LEA, RUI.id, note="", at=at(2))


def test_a_note_has_something_to_say(store, case_id):
    for text_ in ("  ", "x" * 10_001):
        with pytest.raises(RefusedError):
            did(store, moves.note, case_id, RUI, text_)
    with store.read() as conn:
        assert work.notes_of(conn, case_id) == ()


def test_a_case_moved_to_another_queue_is_seen_by_those_who_see_that_one(store, case_id):
    with store.write() as conn:
        rules = {"queues": [{"name": "few", "title": "For few", "persons": [ANA.pseudonym]}]}
        settings.put(conn, rules, by=LEA, at=NOON)
    did(store, claims.claim, case_id, RUI)
    with pytest.raises(NotPermittedError):
        did(store, moves.to_queue, case_id, RUI, "few")
    for strange in ("", "no-such", "é" * 90):
        with pytest.raises(RefusedError):
            did(store, moves.to_queue, case_id, LEA, strange)
    did(store, moves.to_queue, case_id, LEA, "few")
    case = found(store, case_id)
    assert (case.queue, case.claimed_by, case.assigned_to) == ("few", None, None)
    with store.read() as conn:
        assert queue.visible(conn, case_id, ANA).id == case_id
        with pytest.raises(NotFoundError):
            queue.visible(conn, case_id, RUI)
        assert queue.queues(conn, LEA) == {"few": "For few"}
        assert queue.queues(conn, RUI) == {}
    assert actions(store, case_id)[-1] == ("case.moved", LEA.pseudonym)
    did(store, moves.to_queue, case_id, LEA, "few")
    assert len([one for one, _ in actions(store, case_id) if one == "case.moved"]) == 1
