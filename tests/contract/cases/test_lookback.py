"""Look-back: a change of the lists reaches what is hosted already, whoever checked it and whenever."""

import threading

import pytest
from sqlalchemy import select

from actors import NOON, person
from backlooking import digest, likeness, look_site
from hosting import host
from judging import NO, REMOVE
from rempart.cases import stops
from rempart.cases.lookback import LOOKBACK
from rempart.cases.records import cases
from rempart.errors import ConflictError
from rempart.items.records import items, signals
from rempart.items.records.signals import ItemSignal
from rempart.lists import changes
from rempart.lists import records as lists
from rempart.lists.entry import Category, Entry, EntrySignal, Opinion
from rempart.people.permissions import Role
from rempart.signals.outcome import Outcome
from rempart.store.counters import current_number, next_number
from rempart.store.jobs import enqueue

REVIEWER = person("rui", Role.REVIEWER)


@pytest.fixture
def site(store, tmp_path):
    with look_site(store, tmp_path, most_items_of_entry=20) as made:
        yield made


def entry(number: int, *values, opinion=Opinion.POSITIVE, code: str = "1") -> Entry:
    made = tuple(EntrySignal(signal=value, quality=None) for value in values)
    return Entry(id=f"e-{number}", signals=made, category=Category(scheme="vic-us", code=code), opinion=opinion)


def test_a_new_entry_blocks_the_copy_that_is_hosted_and_opens_a_case(site):
    site.check(1)
    site.check(2)
    site.add(entry(1, digest(1)))
    site.runner.run_due()
    assert site.told() == [("photo-1", "allow", "block", "new_entry")]
    assert site.item(1).verdict == "block"
    assert site.item(2).verdict == "allow"
    (case,) = site.open_cases()
    assert (case.kind, case.queue, case.reason) == ("lookback", "exact", "exact-match")
    with site.store.read() as conn:
        assert [row.ref for row in cases.matches_of(conn, case.id)] == ["e-1"]


def test_a_likeness_within_reach_is_held(site):
    for number in range(5):
        site.check(number)
    site.add(entry(1, likeness(3, bits=31)), entry(2, likeness(4, bits=32)))
    site.runner.run_due()
    assert site.told() == [("photo-3", "allow", "hold", "new_entry")]
    assert [case.queue for case in site.open_cases()] == ["similar"]


def test_each_service_is_told_of_its_own(site):
    site.check(1)
    site.check(2, service="wiki")
    site.add(entry(1, digest(1)), entry(2, digest(2)))
    site.runner.run_due()
    assert [row[0] for row in site.told()] == ["photo-1"]
    assert [row[0] for row in site.told("wiki")] == ["photo-2"]


def test_an_observing_list_changes_nothing(site):
    site.hold_list("trial", lists.Mode.OBSERVING)
    site.check(1)
    site.add(entry(1, digest(1)), name="trial")
    site.runner.run_due()
    assert site.told() == []
    assert site.open_cases() == ()


@pytest.mark.parametrize("code", ["0", "4"])
def test_entries_that_match_nothing_reach_nothing(site, code):
    site.check(1)
    site.add(entry(1, digest(1), code=code))
    site.runner.run_due()
    assert site.told() == []


def test_a_verdict_is_never_loosened_by_a_new_entry(site):
    site.check(1, verdict="block")
    site.add(entry(1, likeness(1, bits=5)))
    site.runner.run_due()
    assert site.told() == []
    assert site.item(1).verdict == "block"
    assert len(site.open_cases()) == 1


def test_done_twice_it_changes_nothing_more(site):
    site.check(1)
    site.add(entry(1, digest(1)))
    site.runner.run_due()
    before = site.told(), site.open_cases()
    with site.store.write() as conn:
        enqueue(conn, LOOKBACK, {"after": 0, "upto": 99}, now=NOON)
    site.runner.run_due()
    assert (site.told(), site.open_cases()) == before


def test_a_withdrawn_entry_gives_the_item_back_and_marks_its_case(site):
    site.check(1)
    (one,) = site.add(entry(1, digest(1)))
    site.runner.run_due()
    site.withdraw(one)
    site.runner.run_due()
    assert site.told()[1:] == [("photo-1", "block", "allow", "withdrawn")]
    assert site.item(1).verdict == "allow"
    (case,) = site.open_cases()
    assert case.withdrawn == NOON


def test_what_another_entry_still_holds_stays(site):
    site.check(1)
    one, _ = site.add(entry(1, digest(1)), entry(2, likeness(1)))
    site.runner.run_due()
    site.withdraw(one)
    site.runner.run_due()
    assert site.told()[1:] == [("photo-1", "block", "hold", "withdrawn")]


def test_what_could_not_be_checked_is_not_allowed_by_a_withdrawal(site):
    site.check(1, outcome=Outcome.UNREADABLE, verdict="hold")
    (one,) = site.add(entry(1, digest(1)))
    site.runner.run_due()
    site.withdraw(one)
    site.runner.run_due()
    assert [row[2] for row in site.told()] == ["block", "hold"]


def test_what_people_removed_stays_removed_when_the_entry_goes(site):
    site.check(1)
    (one,) = site.add(entry(1, digest(1)))
    site.runner.run_due()
    site.judge(site.open_cases()[0].id, REMOVE)
    site.withdraw(one)
    site.runner.run_due()
    assert site.item(1).verdict == "block"
    assert [row[3] for row in site.told()] == ["new_entry", "case"]


def test_what_people_released_stays_released_for_what_they_knew(site):
    site.check(1)
    site.add(entry(1, digest(1)))
    site.runner.run_due()
    site.judge(site.open_cases()[0].id, NO)
    with site.store.write() as conn:
        enqueue(conn, LOOKBACK, {"after": 0, "upto": 99}, now=NOON)
    site.runner.run_due()
    assert site.item(1).verdict == "allow"
    assert site.open_cases() == ()


def test_what_people_released_is_looked_at_again_when_something_new_matches(site):
    site.check(1)
    site.add(entry(1, likeness(1, bits=3)))
    site.runner.run_due()
    site.judge(site.open_cases()[0].id, NO)
    site.add(entry(2, digest(1)))
    site.runner.run_due()
    assert site.item(1).verdict == "block"
    assert site.item(1).decided is None
    assert len(site.open_cases()) == 1


def test_an_entry_that_leads_to_very_many_items_is_not_acted_on(site):
    with site.store.write() as conn:
        change = next_number(conn, "items")
        for number in range(1, 22):
            host(conn, number, verdict="allow")
            signals.add(conn, [signals.row_of(number, ItemSignal(signal=digest(0), probe="exact"), number=change)])
    site.check(50)
    (many, _) = site.add(entry(1, digest(0)), entry(2, digest(50)))
    site.runner.run_due()
    assert site.told() == [("photo-50", "allow", "block", "new_entry")]
    (leaf,) = site.leaves("lookback.stopped")
    assert f'"entry":{many}' in leaf
    assert '"items":21' in leaf


def test_a_lead_may_believe_an_entry_that_was_not_acted_on_once(site):
    lead = person("lea", Role.LEAD)
    with site.store.write() as conn:
        change = next_number(conn, "items")
        for number in range(1, 22):
            host(conn, number, verdict="allow")
            signals.add(conn, [signals.row_of(number, ItemSignal(signal=digest(0), probe="exact"), number=change)])
            signals.add(conn, [signals.row_of(number, ItemSignal(signal=digest(9), probe="exact"), number=change)])
    many, other = site.add(entry(1, digest(0)), entry(2, digest(9)))
    site.runner.run_due()
    with site.store.read() as conn:
        assert {(one.entry, one.items) for one in stops.waiting(conn)} == {(many, 21), (other, 21)}
    with site.store.write() as conn:
        stops.decide(conn, other, act=False, reason="a logo", by=lead, at=NOON)
        stops.decide(conn, many, act=True, reason="looked at five of them", by=lead, at=NOON)
        assert stops.waiting(conn) == ()
    site.runner.run_due()
    assert len(site.told()) == 21
    for act in (True, False):
        with site.store.write() as conn, pytest.raises(ConflictError):
            stops.decide(conn, many, act=act, reason="again", by=lead, at=NOON)
    (leaf,) = site.leaves("lookback.believed")
    assert '"items":21' in leaf
    assert "looked at" not in leaf


def test_a_list_of_several_parts_is_looked_through_whole(site, monkeypatch):
    monkeypatch.setattr(changes, "_AT_ONCE", 2)
    monkeypatch.setattr(changes, "_ENTRIES_AT_ONCE", 3)
    site.hold_list("trial", mode=lists.Mode.OBSERVING)
    site.add(*(entry(n, digest(n), likeness(n)) for n in range(1, 8)), name="trial")
    ids = [row.entry for part in changes.of_list(site.store, site.id_of("trial")) for row in part]
    assert sorted(ids) == sorted(2 * sorted(set(ids)))
    assert len(set(ids)) == 7
    with site.store.read() as conn:
        upto = current_number(conn, "lists")
    assert sum(len(part) for part in changes.added(site.store, after=0, upto=upto)) == 14


def test_gone_and_erased_items_are_left_alone(site):
    site.check(1, gone=NOON)
    site.check(2)
    with site.store.write() as conn:
        signals.remove(conn, [2], number=next_number(conn, "items"))
        items.erase(conn, 2)
    site.add(entry(1, digest(1)), entry(2, digest(2)))
    site.runner.run_due()
    assert site.told() == []


def test_a_low_quality_likeness_leads_nowhere(site):
    with site.store.write() as conn:
        change = next_number(conn, "items")
        host(conn, 1, verdict="allow")
        flat = ItemSignal(signal=likeness(1), probe="canonical", quality=30)
        signals.add(conn, [signals.row_of(1, flat, number=change)])
    site.add(entry(1, likeness(1)))
    site.runner.run_due()
    assert site.told() == []


def test_a_list_that_begins_to_block_reaches_what_is_hosted_and_one_that_ends_it_gives_it_back(site):
    number = site.hold_list("trial", lists.Mode.OBSERVING)
    site.check(1)
    site.add(entry(1, digest(1)), name="trial")
    site.runner.run_due()
    assert site.told() == []
    for mode in (lists.Mode.BLOCKING, lists.Mode.OBSERVING):
        with site.store.write() as conn:
            own = lists.lists.c.number == number
            conn.execute(lists.lists.update().where(own).values(mode=mode.value))
            name = conn.execute(select(lists.lists.c.id).where(own)).scalar_one()
            enqueue(conn, LOOKBACK, {"list": name}, now=NOON)
        site.runner.run_due()
    assert [row[1:] for row in site.told()] == [("allow", "block", "new_entry"), ("block", "allow", "withdrawn")]


def test_the_ledger_says_how_many_and_never_which(site):
    site.check(1)
    site.add(entry(1, digest(1)))
    site.runner.run_due()
    (leaf,) = site.leaves("lookback.made")
    assert '"facts":{"changed":1,"items":1}' in leaf
    assert "photo" not in leaf


def test_nothing_falls_between_checks_and_additions_that_run_at_once(site, store):
    """Checks take the items' number and then look at the lists; additions are looked back for after their commit."""
    site.add(entry(1000, digest(999_999)))
    stop = threading.Event()
    blocked = []

    def check_all():
        for number in range(1, 61):
            with store.write() as conn:
                change = next_number(conn, "items")
                seen = conn.execute(
                    select(lists.entry_signals.c.id).where(lists.entry_signals.c.value == bytes(digest(number)))
                ).first()
                host(conn, number, sha256=bytes(digest(number)), verdict="block" if seen else "allow")
                one = ItemSignal(signal=digest(number), probe="exact")
                signals.add(conn, [signals.row_of(number, one, number=change)])
                if seen:
                    blocked.append(number)
        stop.set()

    def add_all():
        for number in range(60, 0, -1):
            site.add(entry(number, digest(number)))

    threads = [threading.Thread(target=check_all), threading.Thread(target=add_all)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        site.runner.run_due()
    site.runner.run_due()
    with store.read() as conn:
        verdicts = dict(conn.execute(select(items.items.c.id, items.items.c.verdict)).all())
    assert [number for number, verdict in verdicts.items() if verdict != "block"] == []
    assert len(site.told()) + len(blocked) == 60
