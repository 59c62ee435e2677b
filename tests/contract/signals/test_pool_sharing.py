"""One pool, many threads: nobody waits without limit, nobody is starved, and it may be closed at any moment."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable

import pytest

import pictures
from rempart.errors import UnavailableError
from rempart.signals.outcome import Limits, Outcome
from rempart.signals.pool import Job, WorkerPool

MISBEHAVE = "workertasks:misbehave"
PHOTO = pictures.jpeg(1)


def together(count: int, function: Callable[[int], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=function, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


def joined(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_wait_for_a_worker_is_bounded_and_says_so() -> None:
    with WorkerPool(task=MISBEHAVE, limits=Limits(seconds=2)) as pool:
        pool.examine(PHOTO)
        threads = together(1, lambda _: pool.examine(b"hang now"))
        until(lambda: not pool._idle)
        start = time.monotonic()
        reading, writing = os.pipe()
        os.close(writing)
        with pytest.raises(UnavailableError, match=r"No decode worker was free within 0\.2 seconds"):
            pool.examine(reading, timeout=0.2)
        assert time.monotonic() - start >= 0.2
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(reading)
        joined(threads)
        assert pool.examine(PHOTO, timeout=60).outcome is Outcome.OK


def test_only_so_many_may_wait() -> None:
    with WorkerPool(task=MISBEHAVE, limits=Limits(seconds=2), waiting=1) as pool:
        pool.examine(PHOTO)
        answers: list[Outcome] = []
        threads = together(2, lambda _: answers.append(pool.examine(b"hang now").outcome))
        until(lambda: len(pool._queue) == 1)
        with pytest.raises(UnavailableError, match=r"queue is full \(1 waiting\)"):
            pool.examine(PHOTO, timeout=10)
        joined(threads)
        assert answers == [Outcome.TIMED_OUT] * 2
        assert pool.examine(PHOTO).outcome is Outcome.OK


def test_pool_where_nobody_may_wait_still_serves_whoever_finds_a_worker_free() -> None:
    with WorkerPool(waiting=0) as pool:
        assert pool.examine(PHOTO).outcome is Outcome.OK


def test_callers_are_served_in_the_order_they_came() -> None:
    with WorkerPool(task="workertasks:slow", limits=Limits(seconds=5)) as pool:
        served: list[int] = []
        threads = []
        for number in range(4):
            threads += together(1, lambda _, own=number: (pool.examine(b"x"), served.append(own)))
            until(lambda: not pool._idle and len(pool._queue) == len(threads) - 1)  # noqa: B023  asked at once
        joined(threads)
        assert served == [0, 1, 2, 3]


def test_map_that_nobody_draws_from_keeps_no_single_file_waiting() -> None:
    with WorkerPool(workers=2) as pool:
        answers = pool.map(Job(key=number, source=PHOTO) for number in range(50))
        next(answers)
        others = together(1, lambda _: next(pool.map([Job(source=PHOTO)])))
        until(lambda: len(pool._queue) == 1)
        found: list[Outcome] = []
        threads = together(4, lambda _: found.append(pool.examine(PHOTO, timeout=20).outcome))
        joined(threads)
        assert found == [Outcome.OK] * 4
        assert pool._spare.pid is not None
        assert len(list(answers)) == 49
        joined(others)
        assert pool._spare.pid is None


def test_closing_ends_the_wait_of_every_thread() -> None:
    for _ in range(3):
        pool = WorkerPool(workers=2, task=MISBEHAVE, limits=Limits(seconds=60))
        said: list[str] = []

        def work(number: int, pool: WorkerPool = pool, said: list[str] = said) -> None:
            try:
                if number == 0:
                    list(pool.map(Job(source=b"hang now") for _ in range(9)))
                else:
                    pool.examine(b"hang now")
            except UnavailableError as err:
                said.append(str(err))

        with pool:
            threads = together(6, work)
            until(lambda: len(pool._queue) >= 3)  # noqa: B023  asked at once
        joined(threads)
        assert len(said) == 6
        assert all("closed" in words for words in said)
        assert all(lane.pid is None and not lane.pending for lane in (*pool._lanes, pool._spare))
        pool.close()


def test_threads_that_work_while_the_pool_is_closed_get_answers_or_are_told() -> None:
    for delay in (0.0, 0.02, 0.05, 0.1):
        pool = WorkerPool(workers=2)
        wrong: list[object] = []

        def work(_: int, pool: WorkerPool = pool, wrong: list[object] = wrong) -> None:
            try:
                while True:
                    for _, found in pool.map(Job(source=PHOTO) for _ in range(3)):
                        if found.outcome is not Outcome.OK:
                            wrong.append(found)
                    if pool.examine(PHOTO).outcome is not Outcome.OK:
                        wrong.append("examine")
            except UnavailableError:
                return
            except BaseException as err:
                wrong.append(err)
                raise

        before = len(os.listdir("/proc/self/fd"))
        with pool:
            threads = together(5, work)
            time.sleep(0.3 + delay)
        joined(threads)
        assert wrong == []
        assert len(os.listdir("/proc/self/fd")) < before


def test_map_that_is_drawn_from_after_the_pool_was_closed_says_so() -> None:
    with WorkerPool() as pool:
        answers = pool.map(Job(key=number, source=PHOTO) for number in range(50))
        next(answers)
    with pytest.raises(UnavailableError, match="closed"):
        list(answers)
