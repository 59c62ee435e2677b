"""Worker processes that look at files: many at a time, each within its limits, none of them able to stop the rest."""

from __future__ import annotations

import fcntl
import os
import select
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

from rempart.errors import UnavailableError
from rempart.signals.examine import Examination
from rempart.signals.frames import FrameError
from rempart.signals.lane import Lane, Pending
from rempart.signals.outcome import Limits, Outcome

TASK = "rempart.signals.examine:examine_in_worker"
_SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
IN_FLIGHT = 4
"""Jobs sent to one worker at a time: enough that it never waits for its pool, few enough that little is sent anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One file to look at. `key` stays here; `source` is its bytes, or an open descriptor of a regular file.

    A descriptor belongs to the pool from then on: it is closed when the job is answered or given up.
    """

    key: object = None
    source: bytes | memoryview | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to make of each file: a probe set by name (None for digests only), and facets or not."""

    probe_set: str | None = "canonical"
    facets: bool = False


CANONICAL = Plan()
DEFAULT_LIMITS = Limits()


class WorkerPool:
    """A number of decode workers, as a context manager.

    A worker that crashes, hangs or grows too large costs its own job alone: that job gets its outcome, the file's
    digests are made by a fresh worker, and what else had been sent is sent again. `examine` may be called by many
    threads; a `map` keeps the workers that were idle when it began until it ends.
    """

    def __init__(self, *, workers: int = 1, limits: Limits = DEFAULT_LIMITS, task: str = TASK) -> None:
        if workers < 1:
            raise ValueError("a pool has at least one worker")
        self._limits = limits
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rempart-workers")
        self._lanes = [Lane(limits, task, self._on_starter) for _ in range(workers)]
        self._idle = list(self._lanes)
        self._change = threading.Condition()
        self._closed = False

    def _on_starter(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self._starter.submit(function, *arguments).result()

    def __enter__(self) -> Self:
        for lane in self._lanes:
            lane.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers and wait until they are gone; jobs still out are given up."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        for lane in self._lanes:
            lane.abandon()
            lane.stop()
        self._starter.shutdown()

    def examine(self, source: bytes | memoryview | int, plan: Plan = CANONICAL) -> Examination:
        """Look at one file and wait for it. Raises UnavailableError when no worker can be started,
        or no memory is left for the bytes."""
        with closing(self._drive(self._borrow(most=1), iter((Job(source=source),)), plan)) as answers:
            return next(answers)[1]

    def map(self, jobs: Iterable[Job], plan: Plan = CANONICAL) -> Iterator[tuple[Job, Examination]]:
        """Look at many files. Answers come as they are ready, not in order; `jobs` is drawn from as needed.

        Never raises for what a file holds or does to its worker. Raises UnavailableError when no worker can be
        started, and whatever `jobs` raises.
        """
        yield from self._drive(self._borrow(most=len(self._lanes)), iter(jobs), plan)

    def sandbox_report(self) -> dict[str, Any]:
        """The walls round a live worker, as it measured them (see `sandbox.report` for the fields)."""
        lanes = self._borrow(most=1)
        try:
            lane = lanes[0]
            lane.start()
            while lane.report is None:
                _wait(lanes)
                if lane.receive() is None and lane.deadline < time.monotonic():
                    raise UnavailableError("A decode worker did not start in time.")
            return dict(lane.report)
        except (EOFError, FrameError) as err:
            lanes[0].stop()
            raise UnavailableError("A decode worker could not be started.") from err
        finally:
            self._give_back(lanes)

    def _borrow(self, *, most: int) -> list[Lane]:
        with self._change:
            self._change.wait_for(lambda: self._idle or self._closed)
            if self._closed:
                raise UnavailableError("The pool is closed.")
            taken, self._idle = self._idle[:most], self._idle[most:]
        return taken

    def _give_back(self, lanes: list[Lane]) -> None:
        with self._change:
            self._idle.extend(lanes)
            self._change.notify_all()

    def _drive(self, lanes: list[Lane], jobs: Iterator[Job], plan: Plan) -> Generator[tuple[Job, Examination]]:
        wire = {"probe_set": plan.probe_set, "facets": plan.facets}
        more = True
        try:
            while True:
                more = more and _fill(lanes, jobs, wire)
                if not any(lane.pending for lane in lanes):
                    return
                _wait(lanes)
                for lane in lanes:
                    yield from _collect(lane)
        finally:
            for lane in lanes:
                lane.abandon()
            self._give_back(lanes)


def _fill(lanes: list[Lane], jobs: Iterator[Job], wire: Mapping[str, Any]) -> bool:
    """Hand out jobs, the emptiest lanes first; False when there are no more."""
    for depth in range(1, IN_FLIGHT + 1):
        for lane in lanes:
            if len(lane.pending) < depth:
                job = next(jobs, None)
                if job is None:
                    return False
                lane.submit(Pending(job, _descriptor(job.source), wire))
    return True


def _descriptor(source: bytes | memoryview | int) -> int:
    if isinstance(source, int):
        return source
    descriptor = os.memfd_create("item", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        rest = memoryview(source).cast("B")
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except OSError as err:
        os.close(descriptor)
        raise UnavailableError(f"The bytes could not be handed to a worker: {err.strerror}.") from err
    return descriptor


def _wait(lanes: list[Lane]) -> None:
    """Until a worker says something or dies, or the nearest deadline."""
    waiting = select.poll()
    for lane in lanes:
        if lane.listens is not None:
            waiting.register(lane.listens, select.POLLIN)
    nearest = min(lane.deadline for lane in lanes)
    waiting.poll(max(0.0, 1000 * (nearest - time.monotonic())) if nearest < float("inf") else None)


def _collect(lane: Lane) -> Iterator[tuple[Job, Examination]]:
    """What a lane has to give now; a death or an exceeded deadline among it."""
    if lane.listens is None:
        return
    while True:
        try:
            message = lane.receive()
            if message is not None:
                yield from _answered(lane, message)
            elif lane.pending and time.monotonic() >= lane.deadline:
                yield from _ended(lane, Examination(outcome=Outcome.TIMED_OUT, error="The time limit was reached."))
            else:
                return
        except EOFError:
            if lane.pending and not lane.pending[0].killed and lane.was_killed():
                lane.pending[0].killed = True
                lane.restart()
            else:
                yield from _ended(lane, _crashed())
        except FrameError:
            yield from _ended(lane, _crashed())


def _crashed() -> Examination:
    return Examination(outcome=Outcome.UNREADABLE, error="The decoder crashed.")


def _answered(lane: Lane, message: Mapping[str, Any]) -> Iterator[tuple[Job, Examination]]:
    if not lane.pending:
        raise FrameError("An answer without a question.")
    examination = _read_answer(message)
    pending = lane.finish_head()
    pending.close()
    if pending.ended is not None:
        examination = _with_digests(pending.ended, examination)
    yield pending.job, examination


def _read_answer(message: Mapping[str, Any]) -> Examination:
    if "done" in message and isinstance(message["done"], dict):
        return Examination.from_wire(message["done"])
    if "memory" in message:
        return Examination(outcome=Outcome.TOO_LARGE, error="The picture needs more memory than the limit.")
    if "failed" in message:
        return Examination(outcome=Outcome.UNREADABLE, error=f"The decoder failed: {message['failed']}"[:300])
    raise FrameError


def _ended(lane: Lane, outcome: Examination) -> Iterator[tuple[Job, Examination]]:
    """The worker is gone or must go: its job is over, the rest is sent to a new one.

    A worker that died before it began costs no job anything.
    """
    if lane.report is None:
        lane.note_failed_start()
    elif lane.pending:
        pending = lane.pending.popleft()
        if pending.ended is None:
            # The digests are still owed: a fresh worker makes them, without decoding.
            lane.pending.appendleft(
                Pending(pending.job, pending.descriptor, {"probe_set": None, "facets": False}, ended=outcome)
            )
        else:
            pending.close()
            yield pending.job, pending.ended
    lane.restart()


def _with_digests(ended: Examination, digests: Examination) -> Examination:
    return replace(
        ended,
        media_type=digests.media_type,
        size=digests.size,
        sha256=digests.sha256,
        sha1=digests.sha1,
        md5=digests.md5,
    )


def sandbox_report(limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The walls round a worker started for this question alone."""
    with WorkerPool(limits=limits) as pool:
        return pool.sandbox_report()
