"""The queue: its order, exact counts, pages, and who must not see what."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from actors import NOON, person, service
from desks import opened
from judging import judged
from rempart.cases.assessing.values import Decision
from rempart.cases.records import cases as records
from rempart.cases.records import work
from rempart.cases.work import claims, queue
from rempart.cases.work.settings import put
from rempart.errors import NotFoundError
from rempart.people.permissions import Role, Scope
from rempart.server.api.decisions import _read, page_of
from vaults import a_vault

RUI, ANA = person("rui", Role.REVIEWER), person("ana", Role.REVIEWER)
LEA = person("lea", Role.LEAD)


def names(page):
    return [row.case.id for row in page.rows]


def at(minutes=0):
    return NOON + timedelta(minutes=minutes)


def test_the_most_urgent_come_first_and_then_what_is_due_soonest(store):
    with store.write() as conn:
        usual, notice, late, danger = (opened(conn, n) for n in (1, 2, 3, 4))
        records.change(conn, notice, priority=1)
        records.change(conn, late, due=at(5))
        records.change(conn, danger, priority=0, due=at(9_999))
    with store.read() as conn:
        assert names(queue.page(conn, RUI, at=NOON)) == [danger, notice, late, usual]


def test_pages_hold_every_case_once(store):
    with store.write() as conn:
        made = {opened(conn, n, queue=f"queue-{n % 2}") for n in range(1, 12)}
        for place, one in enumerate(sorted(made)):
            records.change(conn, one, priority=place % 3, due=at(place % 2))
    with store.read() as conn:
        seen, after = [], None
        while True:
            page = queue.page(conn, RUI, at=NOON, after=after, most=3)
            seen += names(page)
            after = page.next
            if after is None:
                break
        one = queue.page(conn, RUI, at=NOON, queue="queue-1")
    assert sorted(seen) == sorted(made)
    assert len(one.rows) == 6
    assert {count.queue: count.open for count in one.counts} == {"queue-0": 5, "queue-1": 6}
    assert one.total == 11


def test_a_barred_person_finds_no_trace_of_the_case(store):
    with store.write() as conn:
        kept, other = opened(conn, 1), opened(conn, 2)
        records.change(conn, kept, opened=at(-60))
        work.bar(conn, kept, [RUI.id])
    with store.read() as conn:
        page = queue.page(conn, RUI, at=NOON)
        assert names(page) == [other]
        assert (page.total, page.oldest) == (1, NOON)
        assert queue.next_for(conn, RUI, at=NOON) == other
        assert queue.hidden_items(conn, [1, 2], RUI) == {1}
        assert queue.visible_among(conn, [kept, other], RUI) == {other}
        with pytest.raises(NotFoundError):
            queue.visible(conn, kept, RUI)
        assert queue.page(conn, ANA, at=NOON).oldest == at(-60)
        assert len(queue.page(conn, ANA, at=NOON).rows) == 2


def test_an_insider_case_is_for_leads_and_whom_it_is_handed_to(store):
    with store.write() as conn:
        case_id = opened(conn, 1)
        records.change(conn, case_id, insider=True)
    with store.read() as conn:
        assert queue.page(conn, RUI, at=NOON).total == 0
        assert queue.page(conn, LEA, at=NOON).total == 1
        assert queue.hidden_items(conn, [1], RUI) == {1}
    with store.write() as conn:
        records.change(conn, case_id, assigned_to=RUI.id)
    with store.read() as conn:
        page = queue.page(conn, RUI, at=NOON)
        assert (page.total, names(page)) == (1, [case_id])
        assert queue.page(conn, ANA, at=NOON).total == 0
    with store.write() as conn:
        work.bar(conn, case_id, [RUI.id, LEA.id])
    with store.read() as conn:
        assert queue.page(conn, RUI, at=NOON).total == queue.page(conn, LEA, at=NOON).total == 0


def test_a_queue_that_is_for_some_is_for_nobody_else_but_leads(store):
    document = {"queues": [{"name": "similar", "persons": [ANA.pseudonym]}]}
    with store.write() as conn:
        put(conn, document, by=LEA, at=NOON)
        case_id = opened(conn, 1)
    with store.read() as conn:
        assert [queue.page(conn, who, at=NOON).total for who in (RUI, ANA, LEA)] == [0, 1, 1]
        assert queue.next_for(conn, RUI, at=NOON) is None
        with pytest.raises(NotFoundError):
            queue.visible(conn, case_id, RUI)


def test_next_skips_what_others_have_and_what_was_handed_to_them_until_it_is_due(store):
    with store.write() as conn:
        one, two, three = (opened(conn, n) for n in (1, 2, 3))
        claims.claim(conn, one, ANA, at=NOON)
        records.change(conn, two, assigned_to=ANA.id, due=at(30))
    with store.read() as conn:
        assert queue.next_for(conn, RUI, at=NOON) == three
        assert queue.next_for(conn, ANA, at=NOON) == one
        assert queue.next_for(conn, RUI, at=at(30)) == two
        assert queue.next_for(conn, ANA, at=at(20)) == two


def test_the_feed_of_decisions_names_no_case_that_is_kept_from_services(store):
    vault = a_vault(store)
    vault.clock.now = NOON
    with store.write() as conn:
        usual, insider = opened(conn, 1, sha256=b"a" * 32, assessors=1), opened(conn, 2, sha256=b"b" * 32, assessors=1)
    for case_id in (usual, insider):
        judged(store, vault, case_id, Decision.REMOVE, people=(RUI,))
    with store.write() as conn:
        records.change(conn, insider, insider=True)
    forum = service("forum", Scope.DECISIONS, Scope.ANALYST)
    found = page_of(_read(SimpleNamespace(store=store), forum, 0, 9), after=0, limit=9, who=forum)
    assert [(one.item_id, one.case) for one in found.decisions] == [("photo-1", usual), ("photo-2", None)]
