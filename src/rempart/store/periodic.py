"""Work that some process must do every so often, and only one at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rempart.errors import RempartError
from rempart.store.engine import Store
from rempart.store.workers import Worker

log = logging.getLogger(__name__)

# So soon somebody else does the work of a process that died, however seldom the work is due.
_LOOK_AGAIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """`run` every `seconds`, in the one process that holds the lease `name`; with `everywhere`, in each process.

    `run` gets the worker: it guards each of its transactions with `worker.guard`, or it is written so that being run
    twice at once does no harm.
    """

    name: str
    seconds: float
    run: Callable[[Worker], None]
    everywhere: bool = False


class Periodics:
    """A thread for each periodic work. A failure is logged, and the work is tried again when it is next due."""

    def __init__(self, store: Store, worker: Worker, works: Sequence[Periodic]) -> None:
        self._store, self._worker = store, worker
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._keep, args=(work,), name=f"rempart-{work.name}", daemon=True)
            for work in works
        ]
        self.last_success: dict[str, float] = {}
        """When each work last ended well, in seconds of the steady clock."""

    def start(self) -> None:
        """Begin; each work is tried at once."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Begin nothing more and wait for what runs."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _keep(self, work: Periodic) -> None:
        while True:
            pause = work.seconds
            try:
                if work.everywhere or self._holds(work.name):
                    work.run(self._worker)
                    self.last_success[work.name] = time.monotonic()
                else:
                    pause = min(pause, _LOOK_AGAIN_SECONDS)
            except RempartError as err:
                log.warning("%s: %s", work.name, err)
            except Exception:  # the outermost handler of this thread
                log.exception("%s failed", work.name)
            if self._stopping.wait(pause):
                return

    def _holds(self, name: str) -> bool:
        with self._store.write() as conn:
            return self._worker.take(conn, name)
