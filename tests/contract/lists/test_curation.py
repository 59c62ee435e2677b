"""What enters a list that blocks is shown, checked and seconded; all of it on both databases."""

import gzip
import threading
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from curating import (
    ANNA,
    BERT,
    LISTED,
    SetClock,
    actions,
    blocking,
    count_live,
    curation,
    entries,
    entry,
    jobs,
    live_refs,
    live_signals,
    ndjson,
    person,
    stream,
)
from listfiles import draw
from rempart.errors import ConflictError, IncompleteError, ListFormatError, NotFoundError, RefusedError, TamperedError
from rempart.lists import applying, entry_records, staging_records
from rempart.lists.curation_settings import ListWish
from rempart.lists.entry import Category, Opinion
from rempart.lists.ingest import Wishes
from rempart.lists.records import Mode
from rempart.lists.staging_records import State
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE

CARL = person("carl")


def test_entries_enter_an_observing_list_at_once(store):
    told = []
    curated = curation(store, entered=lambda: told.append(live_signals(store)))
    made = curated.create(name="trial", by=ANNA)
    changes = curated.add(made.id, entries(3), Wishes(), by=ANNA)
    assert changes.state is State.APPLIED
    assert changes.outcomes["add"] == 3
    assert live_refs(store, made) == {"e0", "e1", "e2"}
    assert told == [6]
    assert actions(store) == ["list.created", "entry.added"]
    assert jobs(store, "lookback") == [{"after": 0, "upto": 1}]


def test_entries_of_a_blocking_list_wait_for_a_second_person(store):
    curated = curation(store)
    made = blocking(curated)
    changes = curated.add(made.id, entries(2), Wishes(), by=ANNA)
    assert changes.state is State.STAGED
    assert live_signals(store) == 0
    with pytest.raises(RefusedError, match="Who asked cannot approve"):
        curated.decide(changes.id, by=ANNA, approve=True)
    assert live_signals(store) == 0
    assert curated.decide(changes.id, by=BERT, approve=True, reason="seen").state is State.APPLIED
    assert live_refs(store, made) == {"e0", "e1"}
    assert actions(store)[-3:] == ["approval.given", "changes.approved", "entry.added"]
    assert len(jobs(store, "lookback")) == 1


def test_what_is_refused_never_enters(store):
    curated = curation(store)
    made = blocking(curated)
    changes = curated.add(made.id, entries(2), Wishes(), by=ANNA)
    assert curated.decide(changes.id, by=BERT, approve=False, reason="no").state is State.REFUSED
    assert live_signals(store) == 0
    with pytest.raises(ConflictError, match="it is refused"):
        curated.decide(changes.id, by=BERT, approve=True)


def test_who_may_not_approve_lists_cannot(store):
    curated = curation(store)
    changes = curated.add(blocking(curated).id, entries(1), Wishes(), by=ANNA)
    for who in (person("rita", Role.REVIEWER), person("adam", Role.ADMINISTRATOR), CONSOLE):
        with pytest.raises(RefusedError, match="You may not decide this"):
            curated.decide(changes.id, by=who, approve=True)
    assert live_signals(store) == 0


def test_a_shared_list_is_guarded_like_a_blocking_one(store):
    curated = curation(store)
    made = curated.create(name="given", by=ANNA, shared=True)
    changes = curated.add(made.id, entries(1), Wishes(), by=ANNA)
    assert (changes.state, changes.why) == (State.STAGED, "The list is shared.")


def test_two_who_approve_at_the_same_time_are_one_approval(store):
    curated = curation(store)
    made = blocking(curated)
    changes = curated.add(made.id, entries(5), Wishes(), by=ANNA)
    start, outcomes = threading.Barrier(2), []

    def approve(who):
        start.wait()
        try:
            outcomes.append(curated.decide(changes.id, by=who, approve=True).state)
        except ConflictError as err:
            outcomes.append(str(err))

    threads = [threading.Thread(target=approve, args=(who,)) for who in (BERT, CARL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert State.APPLIED in outcomes
    assert sum("waits no longer" in str(one) for one in outcomes) == 1
    assert actions(store).count("approval.given") == actions(store).count("entry.added") == 1
    assert live_signals(store) == 10


@pytest.mark.parametrize("column", ["ref", "step", "body", "flag"])
def test_rows_altered_between_asking_and_approving_are_refused(store, column):
    curated = curation(store)
    changes = curated.add(blocking(curated).id, entries(3), Wishes(), by=ANNA)
    values = {"ref": "other", "step": "withdraw", "body": '{"o":"positive","s":[]}', "flag": "noisy: no"}
    with store.write() as conn:
        conn.execute(text(f"UPDATE changeset_rows SET {column} = :v WHERE no = 1"), {"v": values[column]})
    with pytest.raises(TamperedError, match="not those that were staged"):
        curated.decide(changes.id, by=BERT, approve=True)
    assert live_signals(store) == 0
    assert curated.changeset(changes.id).state is State.STAGED


@pytest.mark.parametrize("statement", [
    "INSERT INTO changeset_rows (changeset_id, no, ref, step, what, flag) SELECT changeset_id, 3, 'x', step, what, flag"
    " FROM changeset_rows WHERE no = 0",
    "DELETE FROM changeset_rows WHERE no = 2",
    "UPDATE list_changesets SET target = '{\"flagged\":\"enter\"}'",
    "UPDATE list_changesets SET counts = '{}'",
])  # fmt: skip
def test_a_change_set_altered_between_asking_and_approving_is_refused(store, statement):
    curated = curation(store)
    changes = curated.add(blocking(curated).id, entries(3), Wishes(), by=ANNA)
    with store.write() as conn:
        conn.execute(text(statement))
    with pytest.raises((TamperedError, RefusedError)):
        curated.decide(changes.id, by=BERT, approve=True)
    assert live_signals(store) == 0


def test_rows_altered_after_the_approval_do_not_enter(store, monkeypatch):
    curated = curation(store)
    changes = curated.add(blocking(curated).id, entries(3), Wishes(), by=ANNA)
    monkeypatch.setattr("rempart.lists.curation.applying.apply_all", lambda *_, **__: None)
    curated.decide(changes.id, by=BERT, approve=True)
    monkeypatch.undo()
    with store.write() as conn:
        conn.execute(text("UPDATE changeset_rows SET ref = 'other' WHERE no = 1"))
    with pytest.raises(TamperedError, match="not what was agreed to"):
        applying.apply_all(store, changes.id, clock=curated.clock)
    assert live_signals(store) == 0


def test_the_difference_tells_added_changed_withdrawn_and_unchanged(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    signals = draw(3)
    hashes = [signals.pdq() for _ in range(5)]
    curated.add(made.id, [entry(f"e{n}", one) for n, one in enumerate(hashes[:4])], Wishes(), by=ANNA)
    lead = Category(scheme="known-good", code="known")
    again = [
        entry("e0", hashes[0]),
        entry("e1", hashes[1], opinion=Opinion.DISPUTED),
        entry("e2", hashes[2], category=lead, opinion=Opinion.NEGATIVE),
        entry("e3", hashes[4]),
        entry("e4", hashes[4]),
        entry("e4", hashes[4]),
    ]
    changes = curated.add(made.id, again, Wishes(), by=ANNA)
    assert dict(changes.counts) == {
        "unchanged": 1, "change": 3, "changed opinion": 1, "changed category and opinion": 1, "changed content": 1,
        "add": 1, "duplicates": 1,
    }  # fmt: skip
    with store.read() as conn:
        rows = {row.ref: row for row in staging_records.rows_from(conn, changes.id, first=0, limit=10)}
        live = entry_records.entries_page(conn, made.number, limit=10, withdrawn=False)
    assert rows["e1"].was == {"category": ["listed", "listed"], "opinion": "positive"}
    assert {one.ref: one.opinion for one in live}["e1"] is Opinion.DISPUTED
    assert live_refs(store, made) == {f"e{n}" for n in range(5)}


def test_withdrawals_in_a_file_are_part_of_the_difference(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    curated.take_in(made.id, stream(ndjson(4)), Wishes(), by=ANNA)
    changes = curated.take_in(
        made.id, stream(ndjson(2, deleted=True) + ndjson(1, seed=9, prefix="n")), Wishes(), by=ANNA
    )
    assert (changes.outcomes["withdraw"], changes.outcomes["add"]) == (2, 1)
    assert live_refs(store, made) == {"e2", "e3", "n0"}
    assert live_signals(store) == 3
    with store.read() as conn:
        found = entry_records.find_list(conn, made.id)
        assert found.live == count_live(conn, made.number) == 3


def test_the_same_file_again_changes_nothing_and_asks_nobody(store):
    curated = curation(store)
    made = blocking(curated)
    first = curated.take_in(made.id, stream(ndjson(10)), Wishes(origin="a.ndjson"), by=ANNA)
    curated.decide(first.id, by=BERT, approve=True)
    again = curated.take_in(made.id, stream(ndjson(10)), Wishes(origin="b.ndjson"), by=ANNA)
    assert (again.state, dict(again.counts)) == (State.APPLIED, {"unchanged": 10})


def test_an_entry_that_changed_after_it_was_shown_is_left_out(store):
    curated = curation(store)
    made = blocking(curated)
    signals = draw(8)
    one = signals.pdq()
    first = curated.add(made.id, [entry("a", one), entry("b", signals.pdq())], Wishes(), by=ANNA)
    curated.decide(first.id, by=BERT, approve=True)
    waiting = curated.add(
        made.id, [entry("a", one, opinion=Opinion.DISPUTED), entry("c", signals.pdq())], Wishes(), by=ANNA
    )
    curated.withdraw(made.id, "a", by=ANNA)
    done = curated.decide(waiting.id, by=BERT, approve=True)
    assert (done.outcomes["overtaken"], done.outcomes["add"]) == (1, 1)
    assert live_refs(store, made) == {"b", "c"}


def test_lines_that_cannot_be_read_are_refused_with_their_numbers(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    good = ndjson(2).splitlines()
    lines = [
        good[0],
        "nonsense",
        '{"hash_type":"pdq","hash_value":"' + "z" * 64 + '"}',
        '{"hash_type":"md5","hash_value":"' + "0" * 32 + '","scheme":"nobodys","code":"1"}',
        '{"hash_type":"md5","hash_value":"' + "0" * 32 + '","scheme":"vic-us","code":"77"}',
        '{"hash_type":"md5","hash_value":"' + "0" * 32 + '","source_id":"' + "x" * 10_000 + '"}',
        '{"hash_type":"md5","hash_value":"' + "1" * 32 + '","source_id":"a\\u0000b"}',
        '{"hash_type":"md5","hash_value":"' + "1" * 32 + '","source_id":"a\\ud800b"}',
        '{"hash_type":"crc32","hash_value":"00000000"}',
        '{"hash_type":"md5","hash_value":"' + "2" * 32 + '","source_id":"e0"}',
        '{"hash_type":"md5","hash_value":"' + "3" * 32 + '","source_id":"gone","deleted":true}',
        good[0],
        good[1],
    ]
    changes = curated.take_in(made.id, stream("\n".join(lines)), Wishes(), by=ANNA)
    told = dict(changes.refused)
    assert sorted(told) == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert changes.counts["refused"] == 10
    assert (changes.counts["add"], changes.counts["duplicates"]) == (2, 1)
    words = {2: "not JSON", 3: "hexadecimal", 4: "no category scheme", 5: "no code", 6: "512", 10: "earlier line"}
    assert [line for line, word in words.items() if word not in told[line]] == []
    assert "not on the list" in told[11]
    assert live_refs(store, made) == {"e0", "e1"}


def test_what_was_withdrawn_stays_so_unless_it_is_taken_back(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    one = entry("a", draw(4).pdq())
    curated.add(made.id, [one], Wishes(), by=ANNA)
    assert curated.withdraw(made.id, "a", by=ANNA, reason="a mistake") is None
    assert live_signals(store) == 0
    with pytest.raises(ConflictError, match="already withdrawn"):
        curated.withdraw(made.id, "a", by=ANNA)
    with pytest.raises(NotFoundError, match="no such entry"):
        curated.withdraw(made.id, "b", by=ANNA)
    with pytest.raises(NotFoundError, match="no such entry"):
        curated.withdraw(made.id, "b" * 10_000, by=ANNA)
    with pytest.raises(ConflictError, match="was withdrawn on 2026-03-04 and stays so"):
        curated.add(made.id, [one], Wishes(), by=ANNA)
    assert curated.add(made.id, [one], Wishes(restore=True), by=ANNA).outcomes["add"] == 1
    assert live_refs(store, made) == {"a"}
    assert live_signals(store) == 1


def test_entries_by_hand_enter_all_or_none(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    wrong = entry("b", draw(1).pdq(), category=Category(scheme="vic-us", code="77"))
    with pytest.raises(ConflictError, match="Entry 2: "):
        curated.add(made.id, [*entries(1), wrong], Wishes(), by=ANNA)
    with pytest.raises(RefusedError, match="From 1 to 1000"):
        curated.add(made.id, [], Wishes(), by=ANNA)
    assert live_signals(store) == 0


def test_an_import_that_is_cut_short_leaves_nothing(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    whole = gzip.compress(ndjson(3000).encode())
    with pytest.raises(IncompleteError, match="cut short"):
        curated.take_in(made.id, stream(whole[: len(whole) // 2].decode("latin1").encode("latin1")), Wishes(), by=ANNA)
    with pytest.raises(ListFormatError):
        curated.take_in(made.id, stream("what is this"), Wishes(), by=ANNA)
    with pytest.raises(RefusedError, match="no category scheme 'nobodys'"):
        curated.take_in(made.id, stream(ndjson(3)), Wishes(scheme="nobodys"), by=ANNA)
    with pytest.raises(NotFoundError):
        curated.take_in("list_none", stream(ndjson(3)), Wishes(), by=ANNA)
    assert live_signals(store) == 0
    with store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM changeset_rows")).scalar_one() == 0
        states = set(conn.execute(text("SELECT state FROM list_changesets")).scalars())
    assert states == {"dropped"}


def test_an_import_that_died_is_dropped_later_and_its_rows_forgotten(store, monkeypatch):
    clock = SetClock()
    curated = curation(store, clock=clock)
    made = curated.create(name="trial", by=ANNA)
    monkeypatch.setattr("rempart.lists.ingest.Intake._settle", lambda *_, **__: (_ for _ in ()).throw(SystemExit))
    monkeypatch.setattr("rempart.lists.ingest.drop", lambda *_, **__: None)
    with pytest.raises(SystemExit):
        curated.take_in(made.id, stream(ndjson(20)), Wishes(), by=ANNA)
    monkeypatch.undo()
    curated.tidy()
    with store.read() as conn:
        assert conn.execute(text("SELECT state FROM list_changesets")).scalar_one() == "reading"
    clock.forward(hours=2)
    curated.tidy()
    with store.read() as conn:
        assert conn.execute(text("SELECT state FROM list_changesets")).scalar_one() == "dropped"
        assert conn.execute(text("SELECT count(*) FROM changeset_rows")).scalar_one() == 0
    assert live_signals(store) == 0


def test_rows_of_change_sets_settled_long_ago_are_forgotten(store):
    clock = SetClock()
    curated = curation(store, clock=clock)
    made = curated.create(name="trial", by=ANNA)
    changes = curated.add(made.id, entries(2), Wishes(), by=ANNA)
    clock.forward(days=91)
    curated.tidy()
    with store.read() as conn:
        assert conn.execute(text("SELECT count(*) FROM changeset_rows")).scalar_one() == 0
    assert curated.changeset(changes.id).counts["add"] == 2


def test_what_was_agreed_to_is_finished_by_whoever_comes_next(store, monkeypatch):
    """A process that dies between two chunks leaves a job; another goes on where it stopped."""
    clock = SetClock()
    curated = curation(store, clock=clock)
    made = curated.create(name="trial", by=ANNA)
    real, done = applying._apply_chunk, []

    def dies(conn, changeset_id, *, clock):
        if len(done) == 2:
            raise SystemExit
        done.append(1)
        return real(conn, changeset_id, clock=clock)

    monkeypatch.setattr(applying, "_apply_chunk", dies)
    with pytest.raises(SystemExit):
        curated.take_in(made.id, stream(ndjson(3500)), Wishes(), by=ANNA)
    monkeypatch.undo()
    assert live_signals(store) == 2000
    (payload,) = jobs(store, applying.JOB)
    with pytest.raises(ConflictError, match="entering the list just now"):
        curated.change(made.id, ListWish(mode=Mode.BLOCKING), by=ANNA)
    finished = applying.apply_all(store, payload["changeset"], clock=clock)
    assert (finished.state, finished.outcomes["add"]) == (State.APPLIED, 3500)
    assert live_signals(store) == len(live_refs(store, made)) == 3500
    assert applying.apply_all(store, payload["changeset"], clock=clock).outcomes["add"] == 3500
    assert [one["upto"] for one in jobs(store, "lookback")] == [1, 2, 3, 4]


def test_two_processes_that_apply_the_same_changes_enter_them_once(store):
    curated = curation(store)
    made = blocking(curated)
    changes = curated.take_in(made.id, stream(ndjson(4000)), Wishes(), by=ANNA)
    real = applying.apply_all
    threads = []

    def twice(*given, **named):
        threads.extend(threading.Thread(target=real, args=given, kwargs=named) for _ in range(3))
        for thread in threads:
            thread.start()
        return real(*given, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("rempart.lists.curation.applying.apply_all", twice)
        done = curated.decide(changes.id, by=BERT, approve=True)
    for thread in threads:
        thread.join()
    assert done.state is State.APPLIED
    assert live_signals(store) == 4000
    assert curated.changeset(changes.id).outcomes["add"] == 4000


def test_a_name_is_given_once_and_lists_are_found_by_it(store):
    curated = curation(store)
    curated.create(name="trial", by=ANNA)
    with pytest.raises(ConflictError, match="of that name already"):
        curated.create(name="trial", by=BERT)
    other = curated.create(name="other", by=ANNA)
    with pytest.raises(ConflictError, match="of that name already"):
        curated.change(other.id, ListWish(name="trial"), by=ANNA)
    for name in ("", " x", "a\nb", "x" * 101):
        with pytest.raises(RefusedError, match="1 to 100 printable"):
            curated.create(name=name, by=ANNA)
    with pytest.raises(RefusedError, match="no category scheme"):
        curated.create(name="third", by=ANNA, scheme="nobodys")


def test_records_and_sources_with_odd_text_are_kept_on_both_databases(store):
    curated = curation(store)
    made = curated.create(name="trial", by=ANNA)
    odd = entry("a", draw(1).md5(), source="x\0y", tags=("t\0", "\ud800"), record={"k\0": "v\0\n\ud800", "n": 1.5})
    curated.add(made.id, [odd], Wishes(), by=ANNA)
    with store.read() as conn:
        (found,) = entry_records.entries_page(conn, made.number, limit=5)
    assert found.record == {"k\0": "v\0\n?", "n": 1.5}
    assert found.category == LISTED


def test_one_person_deployments_confirm_later_in_another_session(store):
    clock = SetClock()
    curated = curation(store, clock=clock, alone_after=timedelta(hours=12))
    changes = curated.add(blocking(curated).id, entries(1), Wishes(), by=ANNA)
    with pytest.raises(RefusedError, match="same session"):
        curated.decide(changes.id, by=ANNA, approve=True)


def test_references_of_a_list_are_looked_up_by_their_index(sqlite_store):
    curated = curation(sqlite_store)
    made = curated.create(name="trial", by=ANNA)
    curated.add(made.id, entries(3), Wishes(), by=ANNA)
    asked = []

    def note(conn, cursor, statement, parameters, *_):
        asked.append((statement, parameters))

    event.listen(sqlite_store.engine, "before_cursor_execute", note)
    with sqlite_store.read() as conn:
        assert set(entry_records.known(conn, made.number, ["e0", "e2", "none"])) == {"e0", "e2"}
        ((statement, values),) = asked
        plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert "ix_list_entries_list_ref (list=? AND ref=?)" in plan[0].detail
