"""Makes and files statements in processes that end themselves by SIGKILL, each one step later than the one before.

`python filing_process.py DATABASE ADDRESS` prints how many were killed. A step is a committed transaction, or a moment
before or after asking the transparency database. The last process ends well.
"""

import os
import signal
import sys
from contextlib import contextmanager
from datetime import timedelta

from reasoning import checked, maker, match
from rempart.clock import utc_now
from rempart.reports.reasons.dsa.connection import Database
from rempart.reports.reasons.dsa.filing import FILE, Batcher, Filer
from rempart.reports.reasons.follow import Follower
from rempart.store.engine import Store
from rempart.store.jobs import JobRunner, release_jobs_of
from rempart.store.workers import Worker

IN_ROUND = 1
_MOST = 200


class Steps:
    """Counts steps, and ends the process at one."""

    def __init__(self, last: int) -> None:
        self.left = last

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class Counted(Store):
    """A store whose every commit is a step."""

    steps = staticmethod(lambda: None)

    @contextmanager
    def write(self):
        with super().write() as conn:
            yield conn
        self.steps()


class Asked(Database):
    """A connection whose every question has a step before and one after it."""

    steps = staticmethod(lambda: None)

    def _asked(self, *given):
        self.steps()
        answer = super()._asked(*given)
        self.steps()
        return answer


def one_process(url: str, address: str, number: int) -> None:
    """Restrict some items, make statements, file them."""
    with Counted.open(url, clock=utc_now) as store:
        with store.write() as conn:
            for place in range(IN_ROUND):
                checked(conn, 1 + number * IN_ROUND + place, "block", at=utc_now(), matches=[match()])
        with Worker(store, on_death=release_jobs_of) as worker:
            Counted.steps = Asked.steps = Steps(number)
            filer = Filer(store, lambda: Asked(address, "t", seconds=5), clock=store.clock)
            Follower(store, maker(filing=True)).run(worker)
            while Batcher(store, rest=timedelta(0)).run(worker):
                pass
            JobRunner(store, worker, {FILE: filer}).run_due()
            Counted.steps = Asked.steps = Steps(0)


def main() -> None:
    killed = 0
    with Database(sys.argv[2], "t"):
        pass  # what it loads is there for all of them
    for number in range(1, _MOST):
        child = os.fork()
        if child == 0:
            one_process(sys.argv[1], sys.argv[2], number)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status == 0:
            break
        if not os.WIFSIGNALED(status):
            sys.exit("a process failed by itself")
        killed += 1
    print(killed)


if __name__ == "__main__":
    main()
