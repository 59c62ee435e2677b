"""A notice cannot be used to learn whether a picture is on a list, or hosted, or named by others."""

from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event

import livelists as live_lists
from hosting import host
from noticing import URL, NoticeDesk, form, hashes
from rempart.items.records import items
from rempart.policy.facts import Verdict
from rempart.signals.values import PdqHash, Sha256


@contextmanager
def statements(store):
    """What is asked of the database: as much, and so as long, whatever is found."""
    asked = []

    def note(conn, cursor, statement, parameters, context, many):
        asked.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield asked
    event.remove(store.engine, "before_cursor_execute", note)


def shown(seen):
    """All that the person sees, without what is random in it."""
    letters = [(one.kind, one.text.replace(seen.number, "NUMBER")) for one in seen.letters]
    places = [(one.state, one.why, one.removed_at) for one in seen.places]
    return seen.state, seen.outcome, places, letters, seen.guarded, [one.applies for one in seen.regimes]


@pytest.fixture
def desk(store):
    return NoticeDesk(store)


def test_the_answer_and_the_work_are_the_same_whatever_is_on_lists_or_hosted(desk):
    desk.take(form(f"{URL}/first", signals=hashes()))  # makes the list that guards
    known, likeness = Sha256(b"k" * 32), PdqHash(b"p" * 32)
    number = live_lists.new_list(desk.store, "police")
    live_lists.add(desk.store, number, live_lists.entry("e-1", known, likeness))
    with desk.store.write() as conn:
        for one in range(1, 6):
            host(conn, one, sha256=bytes(known), url=f"https://other.example/{one}", verdict="block")
    found, work = [], []
    for place, signals in enumerate((hashes((likeness, 100), sha256=known), hashes())):
        with statements(desk.store) as asked:
            told = desk.take(form(f"{URL}/{place}", signals=signals))
            seen = desk.seen(told)
        found.append(shown(seen))
        work.append(sorted(asked))  # marks of a sender are locked in their own order
        assert told.guarded
    assert found[0] == found[1]
    assert work[0] == work[1]


def test_a_wrong_number_and_a_wrong_secret_ask_the_database_the_same(desk):
    told, work = desk.take(), []
    for number in (told.number, "3333-3333"):
        with statements(desk.store) as asked, pytest.raises(Exception, match="do not belong together"):
            desk.seen(replace(told, number=number, secret="no"))
        work.append(sorted(asked))
    assert work[0] == work[1]


def test_what_is_hidden_meanwhile_is_not_said(desk):
    with desk.store.write() as conn:
        host(conn, 1, url=URL, sha256=b"s" * 32, verdict="hold")
    told = desk.take(form(signals=hashes(sha256=b"s" * 32)))
    with desk.store.read() as conn:
        assert items.hosted(conn, 1).verdict is Verdict.HOLD
    assert [one.state for one in desk.seen(told).places] == ["waiting"]
