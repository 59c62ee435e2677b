"""Whose word it takes to change what a list does, feeds that grow, canaries and noisy hashes; on both databases."""

import pytest

from curating import (
    ANNA,
    BERT,
    SetClock,
    actions,
    blocking,
    curation,
    entries,
    entry,
    live_refs,
    ndjson,
    person,
    stream,
)
from listfiles import draw
from rempart.errors import ConflictError, NotPermittedError
from rempart.lists import entry_records, staging_records
from rempart.lists.curation_settings import ListWish
from rempart.lists.entry import Category, EntrySignal
from rempart.lists.growth import GrowthLimits
from rempart.lists.ingest import Wishes
from rempart.lists.records import Mode
from rempart.lists.staging_records import State
from rempart.people.permissions import Scope
from rempart.people.principal import CONSOLE, Principal

CARL = person("carl")


def test_the_owner_withdraws_at_once_and_another_curator_asks(store):
    curated = curation(store)
    made = blocking(curated, by=ANNA)
    curated.decide(curated.add(made.id, entries(2), Wishes(), by=ANNA).id, by=BERT, approve=True)
    assert curated.withdraw(made.id, "e0", by=ANNA) is None
    asked = curated.withdraw(made.id, "e1", by=CARL)
    assert asked.state is State.STAGED
    assert live_refs(store, made) == {"e1"}
    assert curated.decide(asked.id, by=ANNA, approve=True).outcomes["withdraw"] == 1
    assert live_refs(store, made) == set()
    assert actions(store).count("entry.withdrawn") == 2


def test_a_list_begins_to_block_only_when_two_agree(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    curated.add(made.id, entries(3), Wishes(), by=ANNA)
    now, asked = curated.change(made.id, ListWish(mode=Mode.BLOCKING), by=ANNA)
    assert (now.mode, asked.state, asked.counts["entries"]) == (Mode.OBSERVING, State.STAGED, 3)
    curated.decide(asked.id, by=BERT, approve=True)
    with store.read() as conn:
        assert entry_records.find_list(conn, made.id).mode is Mode.BLOCKING
    assert actions(store)[-2:] == ["changes.approved", "list.changed"]
    now, asked = curated.change(made.id, ListWish(mode=Mode.OBSERVING), by=CARL)
    assert (now.mode, asked.why) == (Mode.BLOCKING, "The list is another's.")
    assert curated.change(made.id, ListWish(mode=Mode.OBSERVING), by=ANNA)[0].mode is Mode.OBSERVING


def test_a_list_that_changed_after_it_was_asked_does_not_begin_to_block(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    curated.add(made.id, entries(3), Wishes(), by=ANNA)
    _, asked = curated.change(made.id, ListWish(mode=Mode.BLOCKING), by=ANNA)
    curated.add(made.id, entries(1, seed=5, prefix="late"), Wishes(), by=ANNA)
    with pytest.raises(ConflictError, match="has changed since"):
        curated.decide(asked.id, by=BERT, approve=True)
    with store.read() as conn:
        assert entry_records.find_list(conn, made.id).mode is Mode.OBSERVING
    assert curated.take_back(asked.id, by=ANNA).state is State.DROPPED


def test_loosening_the_guards_of_a_blocking_list_needs_two(store):
    curated = curation(store)
    made = blocking(curated)
    assert curated.change(made.id, ListWish(growth=GrowthLimits(percent=5, rows=10)), by=ANNA)[1] is None
    assert curated.change(made.id, ListWish(growth=GrowthLimits(percent=5, rows=11)), by=ANNA)[1].state is State.STAGED
    assert curated.change(made.id, ListWish(feeds=("partner",)), by=ANNA)[1].state is State.STAGED
    assert curated.change(made.id, ListWish(shared=True), by=ANNA)[1].state is State.STAGED
    assert curated.change(made.id, ListWish(owner="person_carl"), by=CARL)[1].state is State.STAGED


def test_a_feed_stops_and_asks_at_abnormal_growth(store):
    clock = SetClock()
    curated = curation(store, clock=clock)
    made = curated.create(name="trial", by=ANNA, growth=GrowthLimits(percent=20, rows=400))
    feed = Wishes(origin="partner", feed=True)
    assert curated.take_in(made.id, stream(ndjson(1000)), feed, by=ANNA).state is State.APPLIED
    clock.forward(days=2)
    assert curated.take_in(made.id, stream(ndjson(150, seed=2, prefix="f")), feed, by=ANNA).state is State.APPLIED
    more = curated.take_in(made.id, stream(ndjson(60, seed=3, prefix="g")), feed, by=ANNA)
    assert (more.state, "over 20 %" in more.why) == (State.STAGED, True)
    assert len(live_refs(store, made)) == 1150
    clock.forward(days=2)
    assert curated.take_in(made.id, stream(ndjson(60, seed=4, prefix="h")), feed, by=ANNA).state is State.APPLIED
    gone = curated.take_in(made.id, stream(ndjson(300, deleted=True)), feed, by=ANNA)
    assert (gone.state, "withdraws 300" in gone.why) == (State.STAGED, True)


def test_a_feed_that_two_let_in_enters_a_blocking_list_while_its_growth_is_usual(store):
    curated = curation(store)
    made = blocking(curated)
    feed = Wishes(origin="partner", feed=True)
    first = curated.take_in(made.id, stream(ndjson(1000)), feed, by=CONSOLE)
    assert first.state is State.STAGED
    curated.decide(first.id, by=BERT, approve=True)
    _, asked = curated.change(made.id, ListWish(feeds=("partner",)), by=ANNA)
    curated.decide(asked.id, by=BERT, approve=True)
    curated.clock.forward(days=2)
    assert curated.take_in(made.id, stream(ndjson(50, seed=2, prefix="f")), feed, by=CONSOLE).state is State.APPLIED
    other = curated.take_in(
        made.id, stream(ndjson(5, seed=3, prefix="o")), Wishes(origin="other", feed=True), by=CONSOLE
    )
    assert other.state is State.STAGED
    flood = curated.take_in(made.id, stream(ndjson(500, seed=4, prefix="x")), feed, by=CONSOLE)
    assert flood.state is State.STAGED


def test_canaries_and_noisy_hashes_are_set_aside_unless_they_are_accepted(store):
    curated = curation(store)
    made, signals = blocking(curated), draw(6)
    good, own, loud = signals.pdq(), signals.pdq(), signals.pdq()
    benign = curated.create(name="benign", by=ANNA)
    known_good = Category(scheme="known-good", code="known")
    digest = signals.sha256()
    curated.add(benign.id, [entry("g", good, digest, category=known_good)], Wishes(), by=ANNA)
    curated.guard("canary", [own], by=ANNA)
    curated.guard("noisy", [loud], by=ANNA)
    given = [
        entry("near-good", signals.near(good, 20)),
        entry("digest", digest),
        entry("near-own", signals.near(own, 31)),
        entry("beyond", signals.near(own, 60)),
        entry("loud", signals.near(loud, 3)),
        entry("flat", EntrySignal(signal=type(good)(bytes(32)))),
        entry("low", EntrySignal(signal=signals.pdq(), quality=10)),
        entry("fine", signals.pdq()),
    ]
    changes = curated.add(made.id, given, Wishes(), by=ANNA)
    assert (changes.counts["canary"], changes.counts["noisy"]) == (3, 3)
    done = curated.decide(changes.id, by=BERT, approve=True)
    assert (done.outcomes["set_aside"], live_refs(store, made)) == (6, {"beyond", "fine"})
    again = curated.add(made.id, given, Wishes(accept_flagged=True), by=ANNA)
    assert curated.decide(again.id, by=BERT, approve=True).outcomes["add"] == 6
    assert len(live_refs(store, made)) == 8


def test_what_is_near_a_canary_may_be_observed_but_not_begin_to_block_unseen(store):
    curated = curation(store)
    signals = draw(7)
    own = signals.pdq()
    curated.guard("canary", [own], by=ANNA)
    made = curated.create(name="trial", by=ANNA)
    changes = curated.add(
        made.id, [entry("near", signals.near(own, 5)), entry("far", signals.pdq())], Wishes(), by=ANNA
    )
    assert (changes.counts["canary"], changes.outcomes["add"]) == (1, 2)
    with pytest.raises(ConflictError, match="speak against 1 entries; the first is 'near'"):
        curated.change(made.id, ListWish(mode=Mode.BLOCKING), by=ANNA)
    _, asked = curated.change(made.id, ListWish(mode=Mode.BLOCKING), by=ANNA, accept_flagged=True)
    with store.read() as conn:
        rows = staging_records.rows_from(conn, asked.id, first=0, limit=10)
    assert [(row.ref, row.flag.partition(":")[0]) for row in rows] == [("near", "canary")]
    assert curated.decide(asked.id, by=BERT, approve=True).state is State.APPLIED


def test_a_key_takes_back_its_own_changes_and_nobody_elses(store):
    curated = curation(store)
    made = blocking(curated, by=ANNA)
    keys = [
        Principal(kind="service", id=f"key_{name}", pseudonym=name, scopes=frozenset({Scope.LISTS}), service=name)
        for name in ("forum", "blog")
    ]
    asked = curated.add(made.id, entries(2), Wishes(), by=keys[0])
    with pytest.raises(NotPermittedError):
        curated.take_back(asked.id, by=keys[1])
    assert curated.changeset(asked.id).state is State.STAGED
    assert curated.take_back(asked.id, by=keys[0]).state is State.DROPPED
