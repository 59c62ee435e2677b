"""Running what is due, also beside a service whose own threads take some of it."""

import time

from sqlalchemy import select

from rempart.store.jobs import JobRunner, jobs, release_jobs_of
from rempart.store.workers import Worker


def run_due(store, handlers):
    """Run what is due here, and wait for what somebody else works at; gives how many jobs ran here."""
    with Worker(store, on_death=release_jobs_of) as worker:
        runner, ran = JobRunner(store, worker, handlers), 0
        for _ in range(3_000):
            ran += runner.run_due()
            if not _worked_at(store, tuple(handlers)):
                return ran
            time.sleep(0.02)
    raise AssertionError(f"somebody works at {sorted(handlers)} for a minute")


def _worked_at(store, kinds):
    with store.read() as conn:
        return conn.execute(select(jobs.c.id).where(jobs.c.kind.in_(kinds), jobs.c.state == "running")).first()
