"""Answers that leave at even times."""

import asyncio

import pytest

from rempart.server.evenly import EvenTimes


class Watch:
    """A clock that goes on by sleeping and by working."""

    def __init__(self):
        self.time = 100.0

    def __call__(self) -> float:
        return self.time

    def work(self, seconds: float) -> None:
        self.time += seconds

    async def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.time += seconds


@pytest.mark.parametrize(
    ("worked", "left"),
    [(0.0, 1.0), (0.001, 1.0), (0.7, 1.0), (0.999, 1.0), (1.0, 1.0), (1.2, 2.0), (5.01, 6.0)],
)
def test_however_long_the_work_was_the_answer_leaves_at_a_whole_step(worked, left):
    watch = Watch()
    times = EvenTimes(1.0, monotonic=watch, sleep=watch.sleep)
    began = times.now()
    watch.work(worked)
    asyncio.run(times.wait(began))
    assert watch.time == pytest.approx(100.0 + left)
