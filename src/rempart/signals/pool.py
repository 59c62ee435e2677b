"""Worker processes that look at files: many at a time, each within its limits, none of them able to stop the rest."""

from __future__ import annotations

import fcntl
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
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
    """What to make of each file: a probe set by name (None for digests only), and facets or not. `whole`: what a file
    holds beneath what it shows, too (see `beneath`); one that cannot be looked at whole is unreadable."""

    probe_set: str | None = "canonical"
    facets: bool = False
    whole: bool = False

    def wire(self) -> dict[str, Any]:
        """The plan as the worker's task is told it."""
        return {"probe_set": self.probe_set, "facets": self.facets} | ({"whole": True} if self.whole else {})


CANONICAL = Plan()
DEFAULT_LIMITS = Limits()


class _Loan:
    """Lanes lent to one caller. Whoever touches them holds `lock`, so that a pool may be closed at any moment."""

    def __init__(self, lanes: list[Lane], *, long: bool) -> None:
        self.lanes = lanes
        self.long = long
        self.lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Turn:
    """A place in the queue for workers."""

    long: bool


class WorkerPool:
    """A number of decode workers, as a context manager.

    A worker that crashes, hangs or grows too large costs its own job alone: that job gets its outcome, the file's
    digests are made by a fresh worker, and what else had been sent is sent again. `examine` may be called by many
    threads, of which `waiting` at most wait for a worker; a `map` keeps the workers that were idle when it began until
    it ends. While maps hold all of them, one worker more is started for `examine` alone, so that it never waits longer
    than for other single files. `told` is handed to the task's `prepare_worker`, before the walls go up: a folder, say;
    never a secret.
    """

    def __init__(
        self,
        *,
        workers: int = 1,
        limits: Limits = DEFAULT_LIMITS,
        task: str = TASK,
        waiting: int = 1024,
        told: str | None = None,
    ) -> None:
        if workers < 1:
            raise ValueError("a pool has at least one worker")
        self._limits = limits
        self._starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="rempart-workers")
        self._lanes = [Lane(limits, task, self._on_starter, told=told) for _ in range(workers)]
        self._spare = Lane(limits, task, self._on_starter, told=told)
        self._spare_idle = True
        self._idle = list(self._lanes)
        self._loans: list[_Loan] = []
        self._most_waiting = waiting
        self._queue: deque[_Turn] = deque()
        self._change = threading.Condition()
        self._closed = False
        self._bell = os.eventfd(0, os.EFD_CLOEXEC)

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
        """End all workers and wait until they are gone. Jobs still out are given up: whoever waits for one, in any
        thread, gets UnavailableError."""
        with self._change:
            if self._closed:
                return
            self._closed = True
            loans = list(self._loans)
            self._change.notify_all()
        os.eventfd_write(self._bell, 1)
        for loan in loans:
            with loan.lock:
                for lane in loan.lanes:
                    lane.abandon()
        for lane in (*self._lanes, self._spare):
            lane.stop()
        self._starter.shutdown()
        os.close(self._bell)

    def examine(
        self, source: bytes | memoryview | int, plan: Plan = CANONICAL, *, timeout: float | None = None
    ) -> Examination:
        """Look at one file and wait for it; callers are served in the order they came.

        Raises UnavailableError when no worker was free within `timeout` seconds, when too many wait already, when no
        worker can be started, or no memory is left for the bytes.
        """
        try:
            loan = self._borrow(most=1, timeout=timeout)
        except BaseException:
            if isinstance(source, int):
                os.close(source)
            raise
        with closing(self._drive(loan, iter((Job(source=source),)), plan)) as answers:
            return next(answers)[1]

    def map(self, jobs: Iterable[Job], plan: Plan = CANONICAL) -> Iterator[tuple[Job, Examination]]:
        """Look at many files. Answers come as they are ready, not in order; `jobs` is drawn from as needed.

        Never raises for what a file holds or does to its worker. Raises UnavailableError when no worker can be
        started, and whatever `jobs` raises.
        """
        yield from self._drive(self._borrow(most=len(self._lanes), long=True), iter(jobs), plan)

    def sandbox_report(self) -> dict[str, Any]:
        """The walls round a live worker, as it measured them (see `sandbox.report` for the fields)."""
        loan = self._borrow(most=1)
        lane = loan.lanes[0]
        try:
            while True:
                with self._holding(loan):
                    lane.start()
                    if lane.report is not None:
                        return dict(lane.report)
                    self._wait(loan.lanes)
                    if lane.receive() is None and lane.deadline < time.monotonic():
                        raise UnavailableError("A decode worker did not start in time.")
        except (EOFError, FrameError) as err:
            with loan.lock:
                lane.stop()
            raise UnavailableError("A decode worker could not be started.") from err
        finally:
            self._give_back(loan)

    def _borrow(self, *, most: int, long: bool = False, timeout: float | None = None) -> _Loan:
        turn = _Turn(long=long)
        with self._change:
            self._queue.append(turn)
            try:
                if len(self._queue) > self._most_waiting and not self._is_served(turn):
                    raise _busy(f"All decode workers are busy, and their queue is full ({self._most_waiting} waiting).")
                ready = self._change.wait_for(lambda: self._closed or self._is_served(turn), timeout)
                if self._closed:
                    raise UnavailableError("The pool is closed.")
                if not ready:
                    raise _busy(f"No decode worker was free within {timeout:g} seconds.")
                loan = _Loan(self._taken(most), long=long)
                self._loans.append(loan)
                return loan
            finally:
                self._queue.remove(turn)
                self._change.notify_all()

    def _is_served(self, turn: _Turn) -> bool:
        if self._idle:
            return self._queue[0] is turn
        if turn.long or not self._spare_idle or not any(loan.long for loan in self._loans):
            return False
        return next(one for one in self._queue if not one.long) is turn

    def _taken(self, most: int) -> list[Lane]:
        if not self._idle:
            self._spare_idle = False
            return [self._spare]
        taken, self._idle = self._idle[:most], self._idle[most:]
        return taken

    def _give_back(self, loan: _Loan) -> None:
        with self._change:
            self._loans.remove(loan)
            for lane in loan.lanes:
                if lane is self._spare:
                    self._spare_idle = True
                else:
                    self._idle.append(lane)
            if self._spare_idle and not self._closed and not any(one.long for one in self._loans):
                # Nobody needs it before the next map.
                self._spare.stop()
            self._change.notify_all()

    @contextmanager
    def _holding(self, loan: _Loan) -> Iterator[None]:
        """Touch the lanes of a loan; UnavailableError once the pool is closed."""
        with loan.lock:
            if self._closed:
                raise UnavailableError("The pool was closed.")
            yield

    def _drive(self, loan: _Loan, jobs: Iterator[Job], plan: Plan) -> Generator[tuple[Job, Examination]]:
        wire = plan.wire()
        more = True
        try:
            while True:
                more = more and self._fill(loan, jobs, wire)
                with self._holding(loan):
                    if not any(lane.pending for lane in loan.lanes):
                        return
                    self._wait(loan.lanes)
                for lane in loan.lanes:
                    with self._holding(loan):
                        answers, failure = _gathered(lane)
                    yield from answers
                    if failure is not None:
                        raise failure
        finally:
            with loan.lock:
                for lane in loan.lanes:
                    lane.abandon()
            self._give_back(loan)

    def _fill(self, loan: _Loan, jobs: Iterator[Job], wire: Mapping[str, Any]) -> bool:
        """Hand out jobs, the emptiest lanes first; False when there are no more."""
        for depth in range(1, IN_FLIGHT + 1):
            for lane in loan.lanes:
                if len(lane.pending) < depth:
                    job = next(jobs, None)
                    if job is None:
                        return False
                    self._submit(loan, lane, Pending(job, _descriptor(job.source), wire))
        return True

    def _submit(self, loan: _Loan, lane: Lane, pending: Pending) -> None:
        with ExitStack() as undo:
            undo.callback(pending.close)
            with self._holding(loan):
                undo.pop_all()
                lane.submit(pending)

    def _wait(self, lanes: list[Lane]) -> None:
        """Until a worker says something or dies, the pool is closed, or the nearest deadline."""
        waiting = select.poll()
        waiting.register(self._bell, select.POLLIN)
        for lane in lanes:
            if lane.listens is not None:
                waiting.register(lane.listens, select.POLLIN)
        nearest = min(lane.deadline for lane in lanes)
        waiting.poll(max(0.0, 1000 * (nearest - time.monotonic())) if nearest < float("inf") else None)


def _busy(message: str) -> UnavailableError:
    return UnavailableError(
        message, hint="Try again in a moment; more workers, or fewer files at a time, help for good."
    )


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


def _gathered(lane: Lane) -> tuple[list[tuple[Job, Examination]], UnavailableError | None]:
    """What a lane has to give now, and what stops it: answers that are there are never lost to an error."""
    answers: list[tuple[Job, Examination]] = []
    try:
        answers.extend(_collect(lane))
    except UnavailableError as err:
        return answers, err
    return answers, None


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
