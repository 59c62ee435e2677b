"""Transactions, migrations, shared work: what every room relies on, on both databases."""

import importlib
import pkgutil
import sqlite3
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, update

import rempart
from rempart.clock import utc_now
from rempart.errors import LeaseLostError, StoreUnavailableError, UnavailableError
from rempart.store import upkeep
from rempart.store.counters import current_number, next_number
from rempart.store.engine import Store
from rempart.store.jobs import JobRunner, RetryLater, enqueue, jobs, release_jobs_of
from rempart.store.migrate import newest, upgrade
from rempart.store.schema import metadata
from rempart.store.workers import Worker, workers


def _states(store):
    with store.read() as conn:
        return [row.state for row in conn.execute(select(jobs).order_by(jobs.c.id))]


@pytest.fixture
def worker(store):
    with Worker(store, on_death=release_jobs_of) as one:
        yield one


def _import_every_table():
    for module in pkgutil.walk_packages(rempart.__path__, "rempart."):
        holds_tables = "records" in module.name or module.name.startswith("rempart.store.")
        if holds_tables and "migrations" not in module.name:
            importlib.import_module(module.name)


def test_all_migrations_together_are_the_fresh_schema(store):
    _import_every_table()
    with store.read() as conn:
        assert compare_metadata(MigrationContext.configure(conn), metadata) == []


def test_the_newest_revision_by_name_is_the_one_that_every_other_leads_to():
    config = Config()
    config.set_main_option("script_location", "rempart.store:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [newest()]


def test_an_upgrade_of_an_upgraded_database_does_nothing(store):
    assert upgrade(store) is False


def test_numbers_are_committed_in_their_order(store):
    seen: list[int] = []

    def take():
        for _ in range(20):
            with store.write() as conn:
                number = next_number(conn, "lists")
                time.sleep(0.001)
                seen.append(number)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == list(range(1, 81))
    with store.read() as conn:
        assert current_number(conn, "lists") == 80


def test_a_number_of_a_transaction_that_failed_is_given_again(store):
    def fail():
        with store.write() as conn:
            return next_number(conn, "items") / 0

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.write() as conn:
        assert next_number(conn, "items") == 1


def test_a_database_file_that_was_moved_away_refuses_writes_until_it_is_back(sqlite_store):
    enqueue_one(sqlite_store)
    away = Path(f"{sqlite_store.path}.away")
    sqlite_store.path.rename(away)
    with pytest.raises(StoreUnavailableError):
        enqueue_one(sqlite_store)
    away.rename(sqlite_store.path)
    enqueue_one(sqlite_store)
    assert _states(sqlite_store) == ["queued", "queued"]


def enqueue_one(store, kind="sum", **options):
    with store.write() as conn:
        enqueue(conn, kind, {"a": 1}, **options)


def test_a_database_file_that_was_replaced_is_the_one_that_is_written_to(sqlite_store, tmp_path):
    with sqlite_store.write() as conn:
        next_number(conn, "items")
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(sqlite_store.path)) as other:
        other.execute("VACUUM INTO ?", [str(copy)])
    with sqlite_store.write() as conn:
        next_number(conn, "items")
    sqlite_store.move_log()
    for beside in ("-wal", "-shm"):
        sqlite_store.path.with_name(sqlite_store.path.name + beside).unlink(missing_ok=True)
    copy.replace(sqlite_store.path)
    with sqlite_store.read() as conn:
        assert current_number(conn, "items") == 1
    with sqlite_store.write() as conn:
        assert next_number(conn, "items") == 2
    with sqlite_store.read() as conn:
        assert current_number(conn, "items") == 2


def test_a_job_is_run_once_and_done_with_its_effects(store, worker):
    ran = []

    def handler(job):
        with job.finishing() as conn:
            ran.append(conn.execute(select(func.count()).select_from(jobs)).scalar_one())

    enqueue_one(store)
    assert JobRunner(store, worker, {"sum": handler}).run_due() == 1
    assert ran == [1]
    assert _states(store) == ["done"]


def test_a_job_whose_key_is_queued_already_is_not_queued_again(store):
    enqueue_one(store, key="one")
    enqueue_one(store, key="one")
    assert _states(store) == ["queued"]


def test_a_failing_job_is_tried_again_later_and_says_why(store, worker):
    def handler(job):
        raise UnavailableError("The partner is away.")

    enqueue_one(store)
    assert JobRunner(store, worker, {"sum": handler}).run_due() == 1
    with store.read() as conn:
        row = conn.execute(select(jobs)).one()
    assert (row.state, row.attempts, row.error) == ("queued", 1, "The partner is away.")
    assert row.run_at > utc_now()


def test_a_job_that_waits_for_its_time_does_not_use_up_its_attempts(store, worker):
    def handler(job):
        raise RetryLater(timedelta(seconds=-1), "not yet")

    enqueue_one(store)
    JobRunner(store, worker, {"sum": handler}).run_due(most=40)
    with store.read() as conn:
        assert conn.execute(select(jobs)).one().attempts == 0


def test_a_job_is_given_up_in_the_end_and_tells_the_alarm(store, worker):
    told = []

    def handler(job):
        raise ValueError

    enqueue_one(store)
    runner = JobRunner(store, worker, {"sum": handler}, on_dead=lambda conn, *what: told.append(what))
    for _ in range(16):
        with store.write() as conn:
            conn.execute(update(jobs).values(run_at=datetime(2020, 1, 1, tzinfo=UTC)))
        assert runner.run_due(most=1) == 1
    assert _states(store) == ["dead"]
    assert told == [("sum", {"a": 1}, "ValueError")]


def test_a_process_that_stood_still_cannot_finish_what_another_took_over(store, worker):
    with Worker(store, on_death=release_jobs_of) as other:

        def handler(job):
            other._bury(worker.id, _beat(store, worker.id))
            with job.finishing():
                raise AssertionError("finished although it was taken over")

        enqueue_one(store)
        runner = JobRunner(store, worker, {"sum": handler})
        assert runner.run_due(most=1) == 1
        assert _states(store) == ["queued"]
        with pytest.raises(LeaseLostError), store.write() as conn:
            worker.guard(conn)
        worker.beat()
        assert worker.deaths == 1
        with store.write() as conn:
            worker.guard(conn)


def _beat(store, name):
    with store.read() as conn:
        return conn.execute(select(workers.c.beat).where(workers.c.id == name)).scalar_one()


def test_a_worker_is_called_dead_by_what_was_seen_of_it_and_never_by_a_wall_clock(store):
    moment = [100.0]
    silent, witness = Worker(store), Worker(store, ttl=10, steady=lambda: moment[0])
    silent._register()
    witness._register()
    with store.write() as conn:
        assert silent.take(conn, "sequencer")
    for _ in range(3):
        witness.beat()
        moment[0] += 4
    with store.write() as conn:
        assert not witness.take(conn, "sequencer")
    for _ in range(3):
        moment[0] += 4
        witness.beat()
    with store.write() as conn:
        assert witness.take(conn, "sequencer")


def test_a_killed_neighbour_on_this_machine_is_noticed_at_once(store):
    gone = Worker(store)
    gone._register()
    with store.write() as conn:
        assert gone.take(conn, "merge")
        place = conn.execute(select(workers.c.place)).scalar_one()
        conn.execute(update(workers).values(place=place.rpartition(":")[0] + ":1"))
    with Worker(store) as next_one, store.write() as conn:
        assert next_one.take(conn, "merge")


def test_two_processes_share_the_jobs_and_none_is_run_twice(store, database_url):
    ran: list[int] = []

    def handler(job):
        with job.finishing():
            ran.append(job.id)

    with store.write() as conn:
        for _ in range(60):
            enqueue(conn, "sum", {})
    with Store.open(database_url) as second, Worker(store) as one, Worker(second) as two:
        runners = [JobRunner(store, one, {"sum": handler}), JobRunner(second, two, {"sum": handler})]
        for runner in runners:
            runner.start()
        deadline = time.monotonic() + 20
        while len(ran) < 60 and time.monotonic() < deadline:
            time.sleep(0.02)
        for runner in runners:
            runner.stop()
    assert sorted(ran) == list(range(1, 61))


def test_a_job_put_off_by_a_clock_that_was_wrong_is_not_forgotten(store, worker):
    ran = []
    enqueue_one(store, now=utc_now() + timedelta(hours=5), delay=timedelta(seconds=3))
    JobRunner(store, worker, {"sum": ran.append}).run_due()
    assert len(ran) == 1


def test_work_that_was_done_is_forgotten_after_two_days_and_what_was_given_up_is_not(store, worker, monkeypatch):
    monkeypatch.setattr(upkeep, "_AT_ONCE", 2)
    now = utc_now()
    ages = {"done": (3, 3, 3, 3, 1), "dead": (3,), "queued": (3,)}
    with store.write() as conn:
        for state, days in ages.items():
            for age in days:
                enqueue(conn, "a", {"state": state, "age": age}, now=now - timedelta(days=age))
        for row in conn.execute(select(jobs)).all():
            finished = None if row.payload["state"] == "queued" else row.created
            conn.execute(update(jobs).where(jobs.c.id == row.id).values(state=row.payload["state"], finished=finished))
    work = upkeep.periodics(store)[0]
    work.run(worker)
    with store.read() as conn:
        left = sorted((row.state, row.payload["age"]) for row in conn.execute(select(jobs)))
    assert left == [("dead", 3), ("done", 1), ("queued", 3)]


def test_what_the_log_holds_is_moved_into_the_database_file(sqlite_store):
    for _ in range(50):
        enqueue_one(sqlite_store)
    assert sqlite_store.path.read_bytes().count(b'{"a":1}') == 0
    for work in upkeep.periodics(sqlite_store):
        if work.everywhere:
            work.run(None)
    assert sqlite_store.path.read_bytes().count(b'{"a":1}') == 50
