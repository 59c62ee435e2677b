"""The pool's side of one worker: the process, what was sent to it and not yet answered, and the clock of its job."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rempart.errors import UnavailableError
from rempart.signals.examine import PROGRESS_BYTES
from rempart.signals.frames import Channel, FrameError, channel_pair
from rempart.signals.outcome import Limits

START_SECONDS = 60.0
MOST_FAILED_STARTS = 3
_DEATH_SECONDS = 1.0  # from the end of a process's socket to its own

_PASSED_ON = ("LD_LIBRARY_PATH", "PYTHONHOME")
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS"), "1")
# Pictures of a size come one after the other: what the last one held is kept for the next, up to 64 MiB, instead of
# being given back and faulted in again page by page (a seventh of the time of a small JPEG).
_ALLOCATOR = {
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(64 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(64 << 20),
}


@dataclass(slots=True, eq=False)
class Pending:
    """A job on its way: its descriptor stays open here until it is answered, so that another worker can take over."""

    job: Any
    descriptor: int
    plan: Mapping[str, Any]
    # How a first attempt ended, when this is the second one, for the digests alone.
    ended: Any = None
    progress_left: int | None = None
    killed: bool = False

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def may_go_on(self) -> bool:
        """Whether the worker may still be reading: as often as the file's size allows, and no oftener."""
        if self.progress_left is None:
            self.progress_left = os.fstat(self.descriptor).st_size // PROGRESS_BYTES + 1
        self.progress_left -= 1
        return self.progress_left >= 0


class Lane:
    """One worker process, started when first needed and again after each death. Not for two threads at once."""

    def __init__(self, limits: Limits, task: str, run: Any, *, told: str | None = None) -> None:
        self._limits = limits
        self._task = (task,) if told is None else (task, told)
        self._run = run
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._failed_starts = 0
        self.pending: deque[Pending] = deque()
        self.deadline = float("inf")
        self.report: dict[str, Any] | None = None

    @property
    def listens(self) -> socket.socket | None:
        """The socket to wait on; None while no process runs."""
        return self._channel.socket if self._channel else None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process if none runs; it says later that it is ready."""
        if self._process is not None:
            return
        channel, theirs = channel_pair()
        try:
            # On the pool's own thread: the kernel ends a worker with the *thread* that started it.
            self._process = self._run(self._spawn, theirs)
        except BaseException:
            channel.close()
            raise
        finally:
            theirs.close()
        channel.socket.setblocking(False)
        self._channel = channel
        self.report = None
        self.deadline = time.monotonic() + START_SECONDS

    def _spawn(self, theirs: socket.socket) -> subprocess.Popen[bytes]:
        number = str(theirs.fileno())
        limits = json.dumps(asdict(self._limits))
        return subprocess.Popen(  # noqa: S603  our own interpreter, our own arguments
            [
                sys.executable,
                "-P",
                "-m",
                "rempart.signals.worker",
                number,
                str(os.getpid()),
                limits,
                *self._task,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=_environment(),
            pass_fds=(theirs.fileno(),),
            process_group=0,
        )

    def submit(self, pending: Pending) -> None:
        """Queue a job and send it; a worker that died meanwhile is noticed by whoever waits on it."""
        self.pending.append(pending)
        if len(self.pending) == 1:
            if self._process is not None and self._process.poll() is not None:
                # It died while it had nothing to do: that is not this job's doing.
                self.stop()
            if self.report is not None:
                self.deadline = time.monotonic() + self._limits.seconds
        self.start()
        self._send(pending)

    def _send(self, pending: Pending) -> None:
        assert self._channel is not None
        try:
            self._channel.send(pending.plan, pending.descriptor)
        except OSError:
            # The process is gone: `receive` says so next, and everything pending is sent anew.
            return

    def receive(self) -> dict[str, Any] | None:
        """The answer to the job at the head, if there is one; notes readiness and progress on the way.

        Raises EOFError when the process died, FrameError when it sent nonsense, UnavailableError when it says that
        it cannot start.
        """
        assert self._channel is not None
        while True:
            try:
                message = self._channel.receive()
            except BlockingIOError:
                return None
            except ConnectionResetError:
                # The process ended with jobs unread. The kernel tells this once, before it hands out the answers
                # that the process still gave: those must not be lost, or the wrong job would be blamed.
                continue
            if message is None:
                raise EOFError
            if self.report is None:
                self._note_ready(message)
            elif "reading" in message:
                if not (self.pending and self.pending[0].may_go_on()):
                    raise FrameError
                self.deadline = time.monotonic() + self._limits.seconds
            else:
                return message

    def _note_ready(self, message: Mapping[str, Any]) -> None:
        ready = message.get("ready")
        if not isinstance(ready, dict):
            raise _cannot_start(str(message.get("failed", "it said nothing of use")))
        self.report = ready
        self._failed_starts = 0
        self.deadline = time.monotonic() + self._limits.seconds if self.pending else float("inf")

    def note_failed_start(self) -> None:
        """The process ended or hung before it was ready; UnavailableError when that happened too often in a row."""
        self._failed_starts += 1
        if self._failed_starts >= MOST_FAILED_STARTS:
            raise _cannot_start("it ended before it was ready")

    def was_killed(self) -> bool:
        """Whether the process was ended by a SIGKILL that this lane did not send: somebody else's, or the kernel's
        when memory ran out for the whole machine. A decoder that crashes dies of other signals, and one that was taken
        over may close its socket and live on: then it was not killed."""
        if self._process is None:
            return False
        try:
            return self._process.wait(_DEATH_SECONDS) == -signal.SIGKILL
        except subprocess.TimeoutExpired:
            return False

    def finish_head(self) -> Pending:
        """The job at the head, answered; the clock of the next one starts."""
        done = self.pending.popleft()
        self.deadline = time.monotonic() + self._limits.seconds if self.pending else float("inf")
        return done

    def restart(self) -> None:
        """Kill, start anew, and send everything pending again."""
        self.stop()
        if self.pending:
            self.start()
            for pending in self.pending:
                self._send(pending)

    def stop(self) -> None:
        """End the process, at once, and wait until it is gone."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        self.deadline = float("inf")
        self.report = None

    def abandon(self) -> None:
        """Give up what is pending; the process, which may be busy with it, goes too."""
        if self.pending:
            self.stop()
        while self.pending:
            self.pending.popleft().close()


def _cannot_start(reason: str) -> UnavailableError:
    return UnavailableError(
        f"A decode worker could not be started: {reason}.", hint="`rempart doctor` shows what is missing."
    )


def _environment() -> dict[str, str]:
    """What a worker needs to find its code, and nothing else: no keys, no settings, no home."""
    package_root = str(Path(__file__).resolve().parents[2])
    paths = [package_root, *(path for path in sys.path if path and os.pathsep not in path)]
    kept = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        **_ALLOCATOR,
        **_ONE_THREAD,
        **kept,
    }
