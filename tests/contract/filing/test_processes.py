"""One worker for each report, whoever dies, stands still or comes twice; and no call that is not written down first."""

from contextlib import contextmanager

import pytest
from sqlalchemy import delete

from rempart.errors import StorageFullError
from rempart.reports.cybertip.filing.filer import Filer
from rempart.reports.cybertip.filing.outbox import Outbox
from rempart.reports.cybertip.records import calls
from rempart.reports.cybertip.values import ReportState
from rempart.store.jobs import JobRunner, release_jobs_of
from rempart.store.workers import Worker, workers
from tipfiling import begun, desk, means_of, stands, tipline, told_of

FILED = ReportState.FILED


def test_an_answer_that_cannot_be_written_down_now_is_kept_in_mind(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    report_id = begun(store, vault)
    with tipline(clock=store.clock) as server, Worker(store, on_death=release_jobs_of) as worker:
        means = means_of(vault, server)
        filer, outbox = Filer(store, means), Outbox(store, means)
        runner = JobRunner(store, worker, filer.handlers())
        write, asked = store.write, []

        def failing():
            if server.calls[-1:] == ["finish"] and len(asked) < 3:
                asked.append(1)
                raise StorageFullError
            return write()

        store.write = failing
        for _ in range(8):
            try:
                outbox.run(worker)
                runner.run_due()
            except StorageFullError:
                pass
            store.clock.go_on(minutes=10)
        store.write = write
        assert len(asked) == 3
        assert stands(store, report_id).state is FILED
        assert server.calls.count("finish") == 1


def test_two_processes_file_it_once(store, vault):
    ids = [begun(store, vault, number) for number in (1, 2)]
    with tipline(clock=store.clock) as server:
        means = means_of(vault, server)
        with desk(store, means) as first, desk(store, means) as second:
            for _ in range(3):
                first()
                second()
        assert [len(told_of(server, one)) for one in ids] == [1, 1]
        assert server.calls.count("submit") == 2


def test_a_second_job_leaves_a_report_to_the_one_that_is_at_it(store, vault):
    report_id = begun(store, vault)
    with tipline(clock=store.clock) as server, Worker(store, on_death=release_jobs_of) as worker:
        means = means_of(vault, server)
        other = JobRunner(store, worker, Filer(store, means).handlers())
        inside = []

        def connect(environment):
            if not inside:
                inside.append(1)
                Outbox(store, means).run(worker)
                inside.append(other.run_due())
            return means.connect(environment)

        mine = means_of(vault, server, connect=connect)
        JobRunner(store, worker, Filer(store, mine).handlers()).run_due()
        assert inside == [1, 0]
        assert server.calls.count("submit") == 1
        assert told_of(server, report_id) == [stands(store, report_id).number]


class Halting:
    """A connection on which whoever asks stands still before one call, while `meanwhile` happens."""

    def __init__(self, service, step, meanwhile):
        self.service, self.step, self.meanwhile = service, step, meanwhile

    def __getattr__(self, name):
        if name == self.step:
            self.step = None
            self.meanwhile()
        return getattr(self.service, name)


@pytest.mark.parametrize("step", ["open", "upload", "describe", "finish"])
def test_a_process_that_stands_still_in_a_call_and_wakes_up_later_doubles_nothing(store, vault, step):
    report_id = begun(store, vault)
    with tipline(clock=store.clock) as server, Worker(store, on_death=release_jobs_of) as worker:
        means = means_of(vault, server)

        def others_take_over():
            with store.write() as conn:
                conn.execute(delete(workers).where(workers.c.id == worker.id))
                release_jobs_of(conn, worker.id)
            with desk(store, means) as go:
                go(minutes=10, hours=1)

        @contextmanager
        def connect(environment):
            with means.connect(environment) as service:
                yield Halting(service, step, others_take_over)

        halting = means_of(vault, server, connect=connect)
        JobRunner(store, worker, Filer(store, halting).handlers()).run_due()
        row = stands(store, report_id)
        assert row.state is FILED
        assert told_of(server, report_id) == [row.number]
        assert len(server.finished) == 1
        (held,) = server.finished
        assert len(held.files) == 1


def test_no_call_is_made_that_is_not_written_down_first(sqlite_store, one_vault):
    store, vault = sqlite_store, one_vault
    report_id = begun(store, vault)
    with tipline(clock=store.clock) as server:
        known = []

        class Watched:
            def __init__(self, service):
                self.service = service

            def __getattr__(self, name):
                with store.read() as conn:
                    known.append([one.step for one in calls.of_report(conn, report_id) if one.ended is None])
                return getattr(self.service, name)

        means = means_of(vault, server)

        @contextmanager
        def connect(environment):
            with means.connect(environment) as service:
                yield Watched(service)

        with desk(store, means_of(vault, server, connect=connect)) as go:
            go()
        assert known == [["open"], ["upload"], ["describe"], ["finish"]]
