"""Files reports in processes that end themselves by SIGKILL, each one step later than the one before.

`python tipfiling_process.py DATABASE ADDRESS BLOBS KEY` reads lines of JSON and answers each with one: {"do": "case"}
makes a decided case whose reports follow; {"do": "kill", "at": n} begins a report of it and dies at step n, or says
that it came to an end before; {"do": "finish"} does what is left. A step is the moment before or after a commit, before
or after a call, or before or after the receipt is sealed. Whoever comes first does what others left.
"""

import json
import os
import signal
import ssl
import sys
import time
from contextlib import contextmanager
from functools import partial

from sqlalchemy import event, func, select

from rempart.cases.records import tasks
from rempart.clock import utc_now
from rempart.evidence.vault import HeldKeys, Vault
from rempart.reports.cybertip.filing.beginning import begin
from rempart.reports.cybertip.filing.filer import Filer
from rempart.reports.cybertip.filing.outbox import Outbox
from rempart.reports.cybertip.records import filings, reports
from rempart.reports.cybertip.records.reports import reports as report_table
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.values import Environment, ReportState
from rempart.store.blobs import open_blobs
from rempart.store.engine import Store
from rempart.store.jobs import JobRunner, release_jobs_of
from rempart.store.workers import Worker
from reporting import reported
from tipfiling import NO_WAIT, PASSWORD, confirmed, means_of
from vaults import Hands

SECONDS = 0.3
_ROUNDS = 200
_NEVER = 1_000_000


class Steps:
    """Counts steps, and ends the process at one."""

    def __init__(self) -> None:
        self.left = 0

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


STEP = Steps()


class Counted(Store):
    """A store whose every commit has a step before and one after it."""

    @contextmanager
    def write(self):
        with super().write() as conn:
            yield conn
            STEP()
        STEP()


class Asked(Connection):
    """A connection whose every call has a step before and one after it."""

    def _asked(self, *given, **more):
        STEP()
        answer = super()._asked(*given, **more)
        STEP()
        return answer


class Kept(Vault):
    """A vault with a step before and after it seals."""

    def seal(self, data):
        STEP()
        sealed = super().seal(data)
        STEP()
        return sealed


class Setup:
    """What every process of a run works on. What SQLAlchemy has compiled is there for all that are forked."""

    def __init__(self, database: str, address: str, blobs: str, key: str) -> None:
        self.address = address
        self.store = Counted.open(database, clock=utc_now)
        if self.store.path is not None:
            event.listen(self.store.engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
        self.vault = Kept(self.store, open_blobs(blobs), HeldKeys(key), utc_now, duties=["us-2258a"])

    @contextmanager
    def opened(self):
        try:
            yield self.store, self.vault
        finally:
            self.store.close()

    def case(self) -> None:
        """A case that two people decided to report; with its first report, which is filed last, its task ends."""
        with self.opened() as (store, vault):
            hands = Hands()
            hands.now = utc_now()
            store.clock = vault.clock = hands
            task = reported(store, vault, 1 + int(time.time() * 1000) % 1_000_000_000)
            confirmed(store, vault, task=task, contents=(b"the first",), state=ReportState.DRAFT)

    def kill(self, at: int) -> None:
        """Begin a report, and die at a step."""
        with self.opened() as (store, vault):
            self._file_all(store, vault)
            with store.read() as conn:
                task = tasks.waiting(conn, kind="report", most=1)[0]
                part = conn.execute(select(func.count()).where(report_table.c.task_id == task.id)).scalar_one()
            report_id = confirmed(store, vault, task=task, part=part, contents=(b"picture %d" % part,))
            STEP.left = at
            with store.write() as conn:
                begin(conn, report_id, environment=Environment.PRODUCTION, at=store.clock())
            self._file_all(store, vault)
            STEP.left = 0

    def finish(self) -> None:
        """Do what is left, and end the task with it."""
        with self.opened() as (store, vault):
            with store.write() as conn:
                for one in reports.in_states(conn, {ReportState.DRAFT}, most=10):
                    reports.change(conn, one.id, state=ReportState.CONFIRMED.value)
            self._file_all(store, vault)
            with store.read() as conn:
                if tasks.waiting(conn, kind="report", most=1):
                    sys.exit("a task has not ended with its last report")

    def _file_all(self, store, vault) -> None:
        def connect(_):
            return Asked(self.address, "rehearsal", PASSWORD, seconds=SECONDS, silence=SECONDS)

        means = means_of(vault, None, url=self.address, connect=connect, limits=NO_WAIT)
        with Worker(store, on_death=release_jobs_of) as worker:
            outbox, runner = Outbox(store, means), JobRunner(store, worker, Filer(store, means).handlers())
            for _ in range(_ROUNDS):
                outbox.run(worker)
                runner.run_due()
                if not self._left(store):
                    return
        sys.exit("something is never done")

    def _left(self, store) -> bool:
        """Whether anything is still to be filed; what the service refused is asked for again, as people would."""
        with store.read() as conn:
            if filings.active(conn, most=1):
                return True
            states = {ReportState.REJECTED, ReportState.CONFIRMED}
            waiting = reports.in_states(conn, states, most=10)
        for one in waiting:
            with store.write() as conn:
                reports.change(conn, one.id, state=ReportState.CONFIRMED.value)
                begin(conn, one.id, environment=Environment.PRODUCTION, at=store.clock())
        return bool(waiting)


def forked(work) -> str:
    """Do it in a process of its own; gives how that ended."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "killed" if os.WTERMSIG(status) == signal.SIGKILL else "crashed"
    return "done" if status == 0 else "failed"


def _hurry() -> None:
    """A process that dies loses nothing that the system has (only a machine would), and reads no certificates twice."""
    trusted = ssl.create_default_context()
    ssl.create_default_context = lambda *_, **__: trusted
    os.fsync = lambda _: None


def main() -> None:
    _hurry()
    setup = Setup(*sys.argv[1:5])
    setup.case()
    setup.kill(_NEVER)
    setup.finish()
    for line in sys.stdin:
        told = json.loads(line)
        work = partial(getattr(setup, told.pop("do")), **told)
        print(json.dumps(forked(work)), flush=True)


if __name__ == "__main__":
    main()
