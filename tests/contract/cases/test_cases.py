"""Cases: byte-identical items are judged once, what merely looks alike one by one, and every service is told."""

import threading

import pytest
from sqlalchemy import select, text

from actors import NOON
from hosting import Found, host
from judging import ADA, NO, REMOVE, RUI, answered, judged, no_window, settler
from rempart.cases.opening import MOST_MATCHES, CaseItem, open_case
from rempart.cases.records import assessments, decisions
from rempart.cases.records import cases as records
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.vault.records import bases
from rempart.items.records import items
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.store.counters import next_number
from vaults import a_vault, put_in

SAME, OTHER = b"s" * 32, b"o" * 32


def opened(conn, number, *, sha256=SAME, matches=None, service="forum", **more):
    item = CaseItem(id=number, service=service, sha256=sha256)
    values = {"kind": "match", "queue": "similar", "assessors": 2, "reason": "similar-match"} | more
    return open_case(
        conn,
        item=item,
        matches=[Found()] if matches is None else matches,
        policy_version=3,
        by=SYSTEM,
        at=NOON,
        **values,
    )


def leaves(store, action):
    with store.read() as conn:
        found = conn.execute(text("SELECT body FROM ledger_leaves ORDER BY id")).scalars().all()
    return [body for body in found if f'"action":"{action}"' in body]


def told(store, service="forum"):
    with store.read() as conn:
        return [(row.seq, row.item_id, row.verdict) for row in decisions.after(conn, service=service, seq=0, most=99)]


def test_byte_identical_items_of_all_services_share_one_open_case(store):
    with store.write() as conn:
        first = opened(conn, host(conn, 1, sha256=SAME))
        again = opened(conn, host(conn, 2, sha256=SAME, service="wiki"), service="wiki")
        other = opened(conn, host(conn, 3, sha256=OTHER), sha256=OTHER)
    assert first == again != other
    with store.read() as conn:
        assert records.items_of(conn, first) == (1, 2)
    assert len(leaves(store, "case.opened")) == 2


def test_items_whose_bytes_are_not_known_share_nothing(store):
    with store.write() as conn:
        one = opened(conn, host(conn, 1), sha256=None)
        two = opened(conn, host(conn, 2), sha256=None)
        assert opened(conn, 1, sha256=None) == one
    assert one != two


def test_two_transactions_at_once_open_one_case(store):
    with store.write() as conn:
        for number in (1, 2, 3, 4):
            host(conn, number, sha256=SAME)
    ready, found = threading.Barrier(4), []

    def work(number):
        ready.wait()
        with store.write() as conn:
            found.append(opened(conn, number))

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 4
    assert len(leaves(store, "case.opened")) == 1


def test_what_was_removed_goes_everywhere_its_bytes_are_and_each_service_is_told(store):
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME))
        opened(conn, host(conn, 2, sha256=SAME))
        opened(conn, host(conn, 3, sha256=SAME, service="wiki"), service="wiki")
        host(conn, 4, sha256=OTHER)
    done = judged(store, a_vault(store), case_id, REMOVE)
    assert (done.state, done.decision, done.decided_by) == ("decided", "remove", ADA.pseudonym)
    assert told(store) == [(1, "photo-1", "block"), (2, "photo-2", "block")]
    assert told(store, "wiki") == [(3, "photo-3", "block")]
    with store.read() as conn:
        assert [items.hosted(conn, n).decided for n in (1, 2, 3, 4)] == [Verdict.BLOCK] * 3 + [None]
    assert len(leaves(store, "case.decided")) == 1
    assert len(leaves(store, "verdict.changed")) == 3


def test_what_was_released_is_allowed(store):
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME))
    judged(store, a_vault(store), case_id, NO)
    assert told(store) == [(1, "photo-1", "allow")]
    with store.read() as conn:
        assert items.hosted(conn, 1).verdict is Verdict.ALLOW


def test_a_case_is_decided_once(store):
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME), assessors=1)
    vault = a_vault(store)
    judged(store, vault, case_id, REMOVE)
    with pytest.raises(ConflictError, match="decided already: remove"):
        answered(store, case_id, NO, by=ADA)
    with settler(store, vault) as run:
        assert run() == 0
    assert told(store) == [(1, "photo-1", "block")]


def test_two_people_answering_at_once_are_one_after_the_other(store):
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME))
    ready, failures = threading.Barrier(2), []

    def work(who, decision):
        ready.wait()
        try:
            answered(store, case_id, decision, by=who)
        except ConflictError as err:
            failures.append(err)

    threads = [threading.Thread(target=work, args=pair) for pair in ((RUI, REMOVE), (ADA, NO))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 1
    with store.read() as conn:
        assert len(assessments.of_case(conn, case_id)) == 1


def test_there_is_no_case_of_another_name(store):
    with pytest.raises(NotFoundError):
        answered(store, "case_nothing", REMOVE)


def test_after_a_decision_the_same_bytes_open_a_new_case(store):
    with store.write() as conn:
        first = opened(conn, host(conn, 1, sha256=SAME))
    judged(store, a_vault(store), first, REMOVE)
    with store.write() as conn:
        assert opened(conn, host(conn, 2, sha256=SAME)) != first


def test_a_decided_case_keeps_no_digest_of_the_bytes(store):
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME))
    judged(store, a_vault(store), case_id, REMOVE)
    with store.read() as conn:
        assert conn.execute(select(records.cases.c.cluster)).scalars().all() == [None]


def test_items_that_are_gone_or_deleted_are_told_to_nobody(store):
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME))
        opened(conn, host(conn, 2, sha256=SAME, gone=NOON))
        opened(conn, 99)  # erased altogether
    judged(store, a_vault(store), case_id, REMOVE)
    assert told(store) == [(1, "photo-1", "block")]
    with store.read() as conn:
        assert items.hosted(conn, 2) is None


def test_what_was_sealed_for_the_case_alone_is_let_go(store):
    vault = a_vault(store)
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME))
    put_in(vault, reference=case_id)
    put_in(vault, reference="case_other")
    judged(store, vault, case_id, REMOVE)
    with store.read() as conn:
        rows = conn.execute(select(bases.c.reference, bases.c.ended)).all()
    assert {row.reference: row.ended is not None for row in rows} == {case_id: True, "case_other": False}


def test_a_case_keeps_the_nearest_matches_once_each(store):
    many = [Found(entry_id=n, distance=n % 32) for n in range(500)]
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME), matches=many)
        opened(conn, 1, matches=many)
    with store.read() as conn:
        rows = records.matches_of(conn, case_id)
    assert len(rows) == MOST_MATCHES
    assert [row.distance for row in rows] == sorted(one.distance for one in many)[:MOST_MATCHES]
    assert len({row.entry_id for row in rows}) == MOST_MATCHES


def test_a_withdrawn_entry_marks_the_open_cases_behind_it(store):
    with store.write() as conn:
        one = opened(conn, host(conn, 1, sha256=SAME), matches=[Found(entry_id=1), Found(entry_id=2)])
        two = opened(conn, host(conn, 2, sha256=OTHER), sha256=OTHER, matches=[Found(entry_id=2)])
    with store.write() as conn:
        assert records.mark_withdrawn(conn, [1, 77], at=NOON) == (one,)
        assert records.mark_withdrawn(conn, [1], at=NOON) == ()
        assert records.find(conn, one).withdrawn == NOON
        assert records.find(conn, two).withdrawn is None
    judged(store, a_vault(store), two, REMOVE)
    with store.write() as conn:
        assert records.mark_withdrawn(conn, [2], at=NOON) == (one,)


def test_an_item_that_has_other_bytes_by_now_is_not_judged_with_its_old_ones(store):
    with store.write() as conn:
        old = opened(conn, host(conn, 1, sha256=SAME))
        opened(conn, host(conn, 2, sha256=SAME))
        items.change(conn, 1, sha256=OTHER, verdict="block")
        opened(conn, 1, sha256=OTHER)
    judged(store, a_vault(store), old, NO)
    with store.read() as conn:
        assert (items.hosted(conn, 1).verdict, items.hosted(conn, 1).decided) == (Verdict.BLOCK, None)
        assert items.hosted(conn, 2).decided is Verdict.ALLOW
    assert told(store) == [(1, "photo-2", "allow")]


def test_a_case_of_signals_alone_judges_its_item_also_when_its_bytes_came_later(store):
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1), sha256=None)
        items.change(conn, 1, sha256=SAME)
    judged(store, a_vault(store), case_id, REMOVE)
    assert told(store) == [(1, "photo-1", "block")]


def test_a_deleted_item_stays_while_another_open_case_needs_it(store):
    with store.write() as conn:
        old = opened(conn, host(conn, 1, sha256=SAME))
        items.change(conn, 1, sha256=OTHER, gone=NOON)
        new = opened(conn, 1, sha256=OTHER)
    judged(store, a_vault(store), old, REMOVE)
    with store.read() as conn:
        assert items.hosted(conn, 1) is not None
    judged(store, a_vault(store), new, REMOVE)
    with store.read() as conn:
        assert items.hosted(conn, 1) is None
    assert told(store) == []


def test_nothing_settles_while_a_check_of_the_same_items_is_being_written(store):
    vault = a_vault(store)
    no_window(store)
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME), assessors=1)
    answered(store, case_id, REMOVE)
    with settler(store, vault) as run:
        settling = threading.Thread(target=run)
        with store.write() as conn:
            next_number(conn, items.COUNTER)
            settling.start()
            settling.join(0.3)
            assert settling.is_alive()
            assert items.hosted(conn, 1).decided is None
            items.change(conn, 1, verdict="hold", decided=None)
        settling.join(20)
    with store.read() as conn:
        assert items.hosted(conn, 1).decided is Verdict.BLOCK


def test_the_ledger_says_nothing_of_bytes_or_items_in_plain_text(store):
    with store.write() as conn:
        case_id = opened(conn, host(conn, 1, sha256=SAME))
    judged(store, a_vault(store), case_id, REMOVE)
    with store.read() as conn:
        bodies = "".join(conn.execute(text("SELECT body FROM ledger_leaves")).scalars())
    assert not [word for word in ("photo-1", case_id, SAME.hex(), "seen it", "item:1") if word in bodies]
