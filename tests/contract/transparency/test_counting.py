"""Counting the ledger as it grows: every leaf once, whoever counts, whatever breaks off."""

import threading
from base64 import b64encode
from collections import Counter

import pytest

from actors import NOON
from rempart.evidence.ledger import append_many
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.reports.transparency import counting
from rempart.reports.transparency.counting import count, counted
from rempart.reports.transparency.laying import files_of
from rempart.reports.transparency.periods import Period
from rempart.reports.transparency.records import counts as records
from rempart.reports.transparency.reporting import report
from rempart.reports.transparency.template import built_in_text, read_template
from rempart.store.workers import Worker
from tallying import some_leaves, tallied


class Stopped(Exception):
    """A process that ends just now."""


def nobody_minds(conn):
    pass


def grow(store, leaves, *, at=NOON, sequencer=None):
    sequencer = sequencer or Sequencer(store, signer=Signer.generate("example.org/ledger"))
    with store.write() as conn:
        append_many(conn, leaves, at=at)
    sequencer.checkpoint()
    return sequencer


def of_day(store, day=f"{NOON:%Y-%m-%d}"):
    with store.read() as conn:
        return records.of_days(conn, first=day, last=day)


def standing(store):
    with store.read() as conn:
        return records.mark(conn, records.POSITION)


def test_counting_step_by_step_comes_to_the_same_as_all_at_once(store):
    leaves = some_leaves(3, 300)
    sequencer = grow(store, leaves[:40])
    count(store, nobody_minds, at_once=7)
    for first in range(40, 300, 65):
        grow(store, leaves[first : first + 65], sequencer=sequencer)
        count(store, nobody_minds, at_once=7)
    assert standing(store) == 300
    assert of_day(store) == tallied(leaves)


def test_two_that_count_at_the_same_time_count_nothing_twice(store):
    leaves = some_leaves(4, 400)
    grow(store, leaves)
    count(store, nobody_minds, at_once=1, most=1)  # the form is known
    together = threading.Barrier(2)

    def run():
        together.wait()
        count(store, nobody_minds, at_once=5)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    count(store, nobody_minds)
    assert standing(store) == 400
    assert of_day(store) == tallied(leaves)


def test_a_process_that_ends_between_leaves_nothing_half_counted(store, monkeypatch):
    leaves = some_leaves(5, 60)
    grow(store, leaves)
    count(store, nobody_minds, at_once=10, most=3)
    add = records.add

    def ends(conn, counts):
        add(conn, counts)
        raise Stopped

    monkeypatch.setattr(records, "add", ends)
    with pytest.raises(Stopped):
        count(store, nobody_minds, at_once=10)
    monkeypatch.undo()
    assert standing(store) == 20
    count(store, nobody_minds, at_once=10)
    assert of_day(store) == tallied(leaves)


def test_another_form_of_counting_begins_with_the_first_leaf_again(store, monkeypatch):
    leaves = some_leaves(6, 50)
    grow(store, leaves)
    count(store, nobody_minds)
    with store.write() as conn:
        records.add(conn, Counter({("2026-01-01", "of_an_earlier_form", "x"): 5}))
    monkeypatch.setattr(counting, "VERSION", 2)
    count(store, nobody_minds, at_once=20)
    assert of_day(store) == tallied(leaves)
    assert of_day(store, "2026-01-01") == Counter()


def test_leaves_without_a_position_wait(store):
    with store.write() as conn:
        append_many(conn, some_leaves(7, 5), at=NOON)
    assert count(store, nobody_minds) <= 2_000
    assert standing(store) == 0


def test_the_periodic_work_counts_under_its_lease(store):
    leaves = some_leaves(8, 30)
    grow(store, leaves)
    (work,) = counting.periodics(store)
    with Worker(store) as worker:
        work.run(worker)
    assert of_day(store) == tallied(leaves)


def test_counts_are_those_of_the_bodies_in_the_database(store):
    leaves = some_leaves(9, 80)
    grow(store, leaves)
    with store.read() as conn:
        found = counted(records.bodies(conn, start=0, most=80))
    assert Counter({key[1:]: value for key, value in found.items()}) == tallied(leaves)


def test_a_report_is_made_of_what_was_counted_and_of_the_root_over_it(store):
    leaves = some_leaves(10, 300)
    signed = grow(store, leaves).checkpoint()
    period = Period(first=NOON.date(), last=NOON.date())
    done = report(store, period, signed=signed, origin="example.org/ledger",
                  template=read_template(built_in_text()), written="")  # fmt: skip
    assert (done.made.leaves, done.made.root) == (300, b64encode(signed.root).decode())
    again = files_of(tallied(leaves), done.made, template=read_template(built_in_text()), written="", own=())
    assert done.files == again
