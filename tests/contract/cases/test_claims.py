"""Claims: one person has a case at a time, all see until when, and nothing typed is lost when a lease runs out."""

import threading
from datetime import timedelta

import pytest

from actors import NOON, person, service
from desks import actions, join_team, opened
from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.cases.work import claims, moves, queue
from rempart.cases.work.settings import put
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.people.permissions import Role, Scope
from rempart.people.records import persons

RUI, ANA = person("rui", Role.REVIEWER), person("ana", Role.REVIEWER)
LEA = person("lea", Role.LEAD)


def at(minutes=0):
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def case_id(store):
    with store.write() as conn:
        join_team(conn, RUI, ANA, LEA)
        return opened(conn, 1)


def claimed(store, case_id, who, minutes=0):
    with store.write() as conn:
        return claims.claim(conn, case_id, who, at=at(minutes))


def required(store, case_id, who, token, minutes=0):
    with store.write() as conn:
        return claims.require(conn, case_id, who, token, at=at(minutes))


def found(store, case_id):
    with store.read() as conn:
        return records.find(conn, case_id)


def test_a_claim_is_visible_and_names_its_holder_to_whoever_comes_later(store, case_id):
    mine = claimed(store, case_id, RUI)
    assert mine.until == at(15)
    with pytest.raises(ConflictError, match="p-rui has this case now"):
        claimed(store, case_id, ANA, 14)
    with store.read() as conn:
        (row,) = queue.page(conn, ANA, at=at(1)).rows
        assert (row.claimed_by, row.claimed_until, row.mine) == ("p-rui", at(15), False)
        (row,) = queue.page(conn, RUI, at=at(1)).rows
        assert row.mine
        (row,) = queue.page(conn, ANA, at=at(15)).rows
        assert row.claimed_by is None
    assert actions(store, case_id) == [("case.opened", "system"), ("case.claimed", "p-rui")]


def test_two_people_claiming_at_once_get_it_once(store, case_id):
    ready, got, failed = threading.Barrier(6), [], []
    people = [person(f"n{n}", Role.REVIEWER) for n in range(6)]

    def work_(who):
        ready.wait()
        try:
            got.append(claimed(store, case_id, who))
        except ConflictError as err:
            failed.append(err)

    threads = [threading.Thread(target=work_, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(failed)) == (1, 5)


def test_ones_own_claim_is_made_longer_and_keeps_its_token_in_two_tabs(store, case_id):
    one, two = claimed(store, case_id, RUI), claimed(store, case_id, RUI, 10)
    assert (two.token, two.until) == (one.token, at(25))
    with store.write() as conn:
        assert claims.extend(conn, case_id, RUI, one.token, at=at(20)).until == at(35)
    assert len(actions(store, case_id)) == 2


def test_a_lease_that_ran_out_while_typing_still_holds_if_nobody_took_the_case(store, case_id):
    mine = claimed(store, case_id, RUI)
    assert required(store, case_id, RUI, mine.token, 60).id == case_id
    assert not claims.held_by(found(store, case_id), RUI, at=at(60))


def test_a_lease_that_ran_out_is_lost_once_somebody_else_took_the_case(store, case_id):
    mine = claimed(store, case_id, RUI)
    other = claimed(store, case_id, ANA, 15)
    with pytest.raises(ConflictError, match="p-ana has this case now"):
        required(store, case_id, RUI, mine.token, 16)
    with store.write() as conn:
        claims.release(conn, case_id, ANA, at=at(17))
    with pytest.raises(ConflictError, match="not any more"):
        required(store, case_id, RUI, mine.token, 18)
    assert claimed(store, case_id, RUI, 18).token not in (mine.token, other.token)


def test_a_clock_that_was_set_back_holds_nobody_up(store, case_id):
    mine = claimed(store, case_id, RUI, 60 * 24 * 30)
    assert claimed(store, case_id, ANA).until == at(15)
    with pytest.raises(ConflictError, match="p-ana"):
        required(store, case_id, RUI, mine.token, 1)


def test_a_clock_that_jumps_ahead_ends_leases_and_no_more(store, case_id):
    mine = claimed(store, case_id, RUI)
    assert required(store, case_id, RUI, mine.token, 60 * 24 * 365).claim_token == mine.token


def test_only_persons_claim(store, case_id):
    with pytest.raises(NotPermittedError):
        claimed(store, case_id, service("forum", Scope.ANALYST))


def test_a_decided_case_is_not_claimed(store, case_id):
    with store.write() as conn:
        records.change(conn, case_id, state="decided", decision="remove", cluster=None)
    with pytest.raises(ConflictError, match="decided already"):
        claimed(store, case_id, RUI)


def test_a_case_that_waits_for_a_lead_is_for_leads(store, case_id):
    with store.write() as conn:
        moves.escalate(conn, case_id, RUI, reason="unsure", at=NOON)
    with pytest.raises(NotPermittedError):
        claimed(store, case_id, RUI)
    with store.read() as conn:
        assert queue.next_for(conn, RUI, at=NOON) is None
        assert queue.next_for(conn, LEA, at=NOON) == case_id
    assert claimed(store, case_id, LEA).case == case_id


def test_what_is_handed_over_is_first_in_the_named_persons_queue(store, case_id):
    with store.write() as conn:
        urgent = opened(conn, 2)
        records.change(conn, urgent, priority=1)
    claimed(store, case_id, RUI)
    with store.write() as conn:
        claims.hand_over(conn, case_id, RUI, ANA.id, note="you know this one", at=NOON)
    with store.read() as conn:
        assert queue.next_for(conn, ANA, at=NOON) == case_id
        assert queue.next_for(conn, RUI, at=NOON) == urgent
        assert [note.text for note in work.notes_of(conn, case_id)] == ["you know this one"]
    assert actions(store, case_id)[-1] == ("case.handed_over", "p-rui")


def test_only_the_holder_and_leads_hand_over(store, case_id):
    claimed(store, case_id, ANA)
    with store.write() as conn:
        with pytest.raises(ConflictError, match="p-ana"):
            claims.hand_over(conn, case_id, RUI, LEA.id, note="", at=NOON)
        claims.hand_over(conn, case_id, LEA, RUI.id, note="", at=NOON)
    assert found(store, case_id).assigned_to == RUI.id


@pytest.mark.parametrize("why", ["nobody", "self", "barred", "left", "queue", "role", "lead"])
def test_nobody_is_handed_what_they_may_not_have_and_why_is_not_told(store, case_id, why):
    to = ANA.id
    with store.write() as conn:
        if why == "barred":
            work.bar(conn, case_id, [ANA.id])
        elif why == "left":
            persons.change(conn, ANA.id, deactivated=NOON)
        elif why == "queue":
            put(conn, {"queues": [{"name": "similar", "persons": [RUI.pseudonym]}]}, by=LEA, at=NOON)
        elif why == "role":
            persons.set_roles(conn, ANA.id, [Role.AUDITOR])
        elif why == "lead":
            records.change(conn, case_id, stage="lead")
    to = {"nobody": "person_none", "self": LEA.id}.get(why, to)
    with store.write() as conn:
        with pytest.raises(RefusedError, match="cannot take this case"):
            claims.hand_over(conn, case_id, LEA, to, note="x", at=NOON)
    assert found(store, case_id).assigned_to is None


def test_whoever_is_barred_while_having_the_case_has_it_no_more(store, case_id):
    mine = claimed(store, case_id, RUI)
    with store.write() as conn:
        moves.bar(conn, case_id, LEA, RUI.id, at=at(1))
    with pytest.raises(NotFoundError):
        required(store, case_id, RUI, mine.token, 1)
    assert found(store, case_id).claimed_by is None
    assert claimed(store, case_id, ANA, 1).case == case_id


def test_stopping_gives_back_everything_that_one_has(store, case_id):
    with store.write() as conn:
        other, others = opened(conn, 2), opened(conn, 3)
    for one in (case_id, other):
        claimed(store, one, RUI)
    claimed(store, others, ANA)
    with store.write() as conn:
        assert claims.release_all(conn, RUI.id, by=RUI, at=at(1)) == tuple(sorted((case_id, other)))
    assert found(store, case_id).claimed_by is None
    assert found(store, others).claimed_by == ANA.id


def test_a_case_that_is_being_settled_is_nobodys(store, case_id):
    with store.write() as conn:
        records.change(conn, case_id, stage="settling")
    with store.read() as conn:
        assert queue.next_for(conn, RUI, at=NOON) is None
    with pytest.raises(ConflictError, match="settled in a moment"):
        claimed(store, case_id, RUI)
