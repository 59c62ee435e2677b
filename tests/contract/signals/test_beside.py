"""A task that looks at more than signals: what it tells comes along, and its bad end costs no file its digests."""

import pytest

from pictures import jpeg
from rempart.signals.digests import digest_bytes
from rempart.signals.outcome import Outcome
from rempart.signals.pool import Plan, WorkerPool


@pytest.fixture(scope="module")
def pool():
    with WorkerPool(task="origintasks:examine_in_worker") as made:
        yield made


def test_what_is_told_beside_stands_in_the_answer(pool):
    found = pool.examine(jpeg(1))
    assert (found.outcome, found.beside) == (Outcome.OK, "a word")
    assert pool.examine(jpeg(1), Plan(probe_set=None)).beside is None
    assert pool.examine(b"no picture").beside is None


@pytest.mark.parametrize("end", [b"!", b"+"])
def test_a_look_that_ends_the_worker_or_tells_too_much_leaves_the_digests_and_is_no_match_of_nothing(pool, end):
    found = pool.examine(jpeg(2) + end)
    assert (found.outcome, found.beside, found.pdq) == (Outcome.UNREADABLE, None, None)
    assert found.sha256 == digest_bytes(jpeg(2) + end).sha256
    assert pool.examine(jpeg(1)).outcome is Outcome.OK


def test_a_worker_is_told_before_its_walls_go_up():
    with WorkerPool(task="origintasks:tell_in_worker", told="a folder") as pool:
        assert pool.examine(jpeg(3)).beside == "a folder"
