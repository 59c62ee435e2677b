"""Damaged files of every format through real workers: each gets an outcome, and the pool outlives them."""

from __future__ import annotations

from collections import Counter

import mutations
import pictures
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Job, Plan, WorkerPool

FILES = 700
LIMITS = Limits(seconds=10, pixels=20_000_000, memory_bytes=1 << 30)


def run(number: int, *, seed: int) -> Counter[str]:
    """Outcomes by name of so many damaged files; asserts what must hold of each."""
    outcomes: Counter[str] = Counter()
    with WorkerPool(workers=2, limits=LIMITS) as pool:
        jobs = (Job(key=data, source=data) for _, data in mutations.mutants(number, seed=seed))
        for job, found in pool.map(jobs, Plan(probe_set="default")):
            assert isinstance(job.key, bytes)
            assert found.sha256 == digest_bytes(job.key).sha256
            assert (found.pdq is not None) == (found.outcome in (Outcome.OK, Outcome.LOW_QUALITY))
            # An exception that nobody foresaw inside a worker is a bug of ours, whatever the file.
            assert not (found.error or "").startswith("The decoder failed"), found.error
            outcomes[found.outcome.value + (" by a crash" if "crashed" in (found.error or "") else "")] += 1
        assert pool.examine(pictures.jpeg(1)).outcome is Outcome.OK
    return outcomes


def test_every_damaged_file_gets_an_outcome_and_the_pool_lives_on() -> None:
    outcomes = run(FILES, seed=1)
    assert sum(outcomes.values()) == FILES
    assert outcomes["unreadable"] > FILES // 10
    assert outcomes["ok"] + outcomes["low_quality"] > FILES // 10


def test_whole_files_of_the_fuzzer_all_decode() -> None:
    with WorkerPool(workers=2) as pool:
        answers = list(pool.map(Job(key=number, source=data) for number, data in enumerate(mutations.seeds())))
    assert {found.outcome for _, found in answers} <= {Outcome.OK, Outcome.LOW_QUALITY}
