"""Settles what is due, slowly, in a process of its own that a test kills: `python settling_process.py URL`."""

import sys
import time

from rempart.cases.assessing.answering import SETTLE
from rempart.cases.assessing.settling import Settler
from rempart.store.engine import Store
from rempart.store.jobs import JobRunner
from rempart.store.workers import Worker
from vaults import a_vault


class Slow(Settler):
    """One that rests after every item."""

    def _judge_some(self, *given):
        time.sleep(0.02)
        return super()._judge_some(*given)


def main() -> None:
    with Store.open(sys.argv[1]) as store:
        vault = a_vault(store)
        with Worker(store) as worker:
            settler = Slow(store, vault=vault, clock=store.clock, at_once=1)
            JobRunner(store, worker, {SETTLE: settler}).run_due()


if __name__ == "__main__":
    main()
