"""Many writers, one commit: whatever waits is written in one transaction, and answered when that is durable."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

from rempart.errors import RempartError, UnavailableError

log = logging.getLogger(__name__)

W = TypeVar("W")
R = TypeVar("R")
MOST_IN_GROUP = 256
# Where one group follows the other, a moment's wait fills the next one: a commit costs ten times what a check does.
_BUSY_SECONDS = 0.0003
_WAIT_SECONDS = 0.0005


class GroupWriter(Generic[W, R]):
    """One thread that hands all that waits to `commit`, again and again.

    `commit` gives a result for each piece of work, in order; an exception among them fails that piece alone. When
    `commit` itself raises, each piece is tried by itself, so that a bad one fails alone; when a resource is away
    (UnavailableError) all of them fail at once.
    """

    def __init__(self, commit: Callable[[Sequence[W]], Sequence[R | Exception]], *, most_waiting: int) -> None:
        self._commit, self._most = commit, most_waiting
        self._waiting: deque[tuple[W, Future[R]]] = deque()
        self._change = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="rempart-group", daemon=True)
        self.groups = 0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Take nothing more, write what waits, and end."""
        with self._change:
            self._closed = True
            self._change.notify()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def waiting(self) -> int:
        """How many pieces of work wait."""
        return len(self._waiting)

    def submit(self, work: W, future: Future[R]) -> None:
        """Queue a piece of work, whose result the future gets. Raises UnavailableError when too much waits."""
        with self._change:
            if self._closed:
                raise UnavailableError("The server is stopping.")
            if len(self._waiting) >= self._most:
                raise UnavailableError("Too many checks are waiting.", hint="Send it again shortly.")
            self._waiting.append((work, future))
            if len(self._waiting) == 1:
                self._change.notify()

    def _run(self) -> None:
        ended = 0.0
        while True:
            with self._change:
                while not self._waiting and not self._closed:
                    self._change.wait()
                if not self._waiting:
                    return
            if time.monotonic() - ended < _BUSY_SECONDS:
                time.sleep(_WAIT_SECONDS)
            with self._change:
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_IN_GROUP))]
            self.groups += 1
            self._settle(group)
            ended = time.monotonic()

    def _settle(self, group: Sequence[tuple[W, Future[R]]]) -> None:
        try:
            results = self._commit([work for work, _ in group])
        except Exception as err:  # noqa: BLE001 - each future gets it
            self._failed(group, err)
            return
        for (_, future), result in zip(group, results, strict=True):
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)

    def _failed(self, group: Sequence[tuple[W, Future[R]]], err: Exception) -> None:
        if len(group) == 1 or isinstance(err, UnavailableError):
            if not isinstance(err, RempartError):
                log.error("a check could not be written", exc_info=err)
            for _, future in group:
                future.set_exception(err)
            return
        log.warning("a group of %d checks failed with %s; each is tried by itself", len(group), type(err).__name__)
        for one in group:
            self._settle([one])
