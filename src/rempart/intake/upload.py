"""Checking uploads: bytes are examined in a decode worker, signals taken as they are; then lists, policy, commit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from rempart.errors import RempartError, UnavailableError
from rempart.evidence.vault import Sealed, Vault
from rempart.intake.upload_group import GroupWriter
from rempart.intake.upload_record import NeedsSealing, Recorder
from rempart.intake.upload_replays import another_body, replayed
from rempart.intake.upload_ruling import Ruler
from rempart.intake.upload_values import CheckAnswer, CheckRequest, Prepared
from rempart.items.records import replays
from rempart.lists.parts.values import Looked
from rempart.policy.facts import Keep
from rempart.provenance.carried import unpacked
from rempart.provenance.origin.values import Origin
from rempart.signals.examine import Examination
from rempart.signals.frames import FrameError
from rempart.signals.outcome import Outcome
from rempart.signals.pool import Plan
from rempart.store.engine import Store
from rempart.store.ids import Ids

log = logging.getLogger(__name__)


class Examiner(Protocol):
    """What looks at bytes; `signals.pool.WorkerPool` is one."""

    def examine(self, source: bytes | memoryview | int, plan: Plan) -> Examination: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckLimits:
    """How many checks may wait: with bytes (each holds its body and soon a decode worker), and in all."""

    photos: int = 64
    waiting: int = 4096


class Checker:
    """The one way from a question about an upload to its answer; `submit` from any thread, between `start` and `close`.

    An answer is given only once it is durable. What could not be done is an error, never an `allow`.
    """

    def __init__(
        self,
        store: Store,
        *,
        pool: Examiner,
        ruler: Ruler,
        recorder: Recorder,
        vault: Vault,
        probe_set: str,
        workers: int,
        limits: CheckLimits | None = None,
    ) -> None:
        self._store, self._pool, self._ruler, self._vault = store, pool, ruler, vault
        self._limits = limits or CheckLimits()
        self._plan = Plan(probe_set=probe_set)
        self._threads = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="rempart-check")
        self._writer: GroupWriter[Prepared, CheckAnswer] = GroupWriter(
            recorder.record, most_waiting=self._limits.waiting
        )
        self._lock = threading.Lock()
        self._photos = 0
        self._running: dict[tuple[str, bytes], tuple[bytes, Future[CheckAnswer]]] = {}
        self._ids = Ids("check")
        self.examined = 0

    def start(self) -> None:
        """Begin to answer."""
        self._writer.start()

    def close(self) -> None:
        """Answer what was taken, then end."""
        self._threads.shutdown()
        self._writer.close()

    @property
    def waiting(self) -> tuple[int, int]:
        """How many checks with bytes are on their way, and how many wait for the next commit."""
        return self._photos, self._writer.waiting

    @property
    def lookups(self) -> int:
        """How many signals were looked up so far."""
        return self._ruler.lookups

    @property
    def groups(self) -> int:
        """How many commits there were so far."""
        return self._writer.groups

    def submit(self, request: CheckRequest) -> Future[CheckAnswer]:
        """Ask. The future gives the answer, or raises what went wrong: RefusedError, UnavailableError.

        Raises UnavailableError at once when too much waits. A second request under an idempotency key that is being
        answered gets the same future, if it asks the same.
        """
        if request.key is None:
            return self._begin(request, Future())
        name, asked = (request.service, request.key), request.asked()
        future: Future[CheckAnswer] = Future()
        with self._lock:
            running = self._running.get(name)
            if running is None:
                self._running[name] = (asked, future)
        if running is not None:
            if running[0] != asked:
                raise another_body()
            return running[1]
        future.add_done_callback(lambda _: self._forget(name))
        try:
            return self._begin(request, future)
        except RempartError as err:
            # Others may wait for this very future already.
            future.set_exception(err)
            raise

    def examined_now(self, content: bytes, *, whole: bool = False) -> Examination:
        """The signals of some bytes that nobody asks a verdict about; nothing of them is kept. Blocks. `whole`: of what
        they hold beneath what they show, too.

        Raises UnavailableError when too much waits.
        """
        return self._pool.examine(content, replace(self._plan, whole=whole))

    def write(self, request: CheckRequest, seen: Examination, *, parts: Looked | None) -> Future[CheckAnswer]:
        """Rule on bytes that were looked at already, and write that down as `submit` does."""
        future: Future[CheckAnswer] = Future()
        prepared = Prepared(
            request=request, request_id=self._ids.new(), seen=seen, origin=_origin_of(seen), parts=parts
        )
        self._on_thread(lambda _, it: self._rule_and_write(prepared, it), request, future)
        return future

    def parts_of(self, content: bytes, seen: Examination) -> Looked | None:
        """The listed pictures of which some bytes show a part; None where nobody looks for parts. Blocks.

        Raises UnavailableError when a part of the service that it needs is away.
        """
        if self._ruler.parts is None or seen.outcome not in (Outcome.OK, Outcome.LOW_QUALITY):
            return None
        return self._ruler.parts.find(content)

    def _forget(self, name: tuple[str, bytes]) -> None:
        with self._lock:
            self._running.pop(name, None)

    def _begin(self, request: CheckRequest, future: Future[CheckAnswer]) -> Future[CheckAnswer]:
        if request.content is None:
            self._writer.submit(Prepared(request=request, request_id=self._ids.new(), seen=None), future)
            return future
        with self._lock:
            if self._photos >= self._limits.photos:
                raise UnavailableError("Too many pictures are waiting to be checked.", hint="Send it again shortly.")
            self._photos += 1
        future.add_done_callback(self._photo_done)
        self._on_thread(self._examined, request, future)
        return future

    def _photo_done(self, _: Future[CheckAnswer]) -> None:
        with self._lock:
            self._photos -= 1

    def _on_thread(
        self,
        step: Callable[[CheckRequest, Future[CheckAnswer]], None],
        request: CheckRequest,
        future: Future[CheckAnswer],
    ) -> None:
        try:
            self._threads.submit(self._guarded, step, request, future)
        except RuntimeError:
            future.set_exception(UnavailableError("The server is stopping."))

    def _guarded(
        self,
        step: Callable[[CheckRequest, Future[CheckAnswer]], None],
        request: CheckRequest,
        future: Future[CheckAnswer],
    ) -> None:
        try:
            step(request, future)
        except Exception as err:
            if not isinstance(err, RempartError):
                log.error("a check failed", exc_info=err)
            future.set_exception(err)

    def _examined(self, request: CheckRequest, future: Future[CheckAnswer]) -> None:
        before = self._answered_before(request)
        if before is not None:
            if isinstance(before, Exception):
                raise before
            future.set_result(before)
            return
        assert request.content is not None
        seen = self._pool.examine(request.content, self._plan)
        self.examined += 1
        prepared = Prepared(
            request=request, request_id=self._ids.new(), seen=seen, origin=_origin_of(seen),
            parts=self.parts_of(request.content, seen),
        )  # fmt: skip
        self._rule_and_write(prepared, future)

    def _rule_and_write(self, prepared: Prepared, future: Future[CheckAnswer]) -> None:
        ruled = self._ruler.rule([prepared])[0]
        prepared = replace(prepared, ruled=ruled)
        content = prepared.request.content
        if content is not None and (ruled.ruling.keep is not Keep.NOTHING or prepared.request.case is not None):
            prepared = replace(prepared, sealed=self._sealed(content))
        written: Future[CheckAnswer] = Future()
        written.add_done_callback(lambda done: self._written(prepared, done, future))
        self._writer.submit(prepared, written)

    def _sealed(self, content: bytes) -> Sealed:
        try:
            return self._vault.seal(content)
        except RempartError as err:
            if isinstance(err, UnavailableError):
                raise
            # Nothing that the service sent: the operator's key or settings.
            log.error("evidence cannot be sealed: %s", err)
            raise UnavailableError(
                "Evidence cannot be sealed now.", hint="The operator has to look at the log."
            ) from err

    def _written(self, prepared: Prepared, done: Future[CheckAnswer], future: Future[CheckAnswer]) -> None:
        err = done.exception()
        if err is None:
            future.set_result(done.result())
        elif isinstance(err, NeedsSealing) and prepared.sealed is None:
            # The lists changed between the look and the commit, and now they say: keep it.
            again = replace(prepared, ruled=None)
            self._on_thread(lambda _, it: self._rule_and_write(again, it), prepared.request, future)
        else:
            future.set_exception(err)

    def _answered_before(self, request: CheckRequest) -> CheckAnswer | Exception | None:
        """The answer that was given under the same idempotency key, found before the bytes are looked at."""
        if request.key is None:
            return None
        with self._store.read() as conn:
            found = replays.find(conn, request.service, [request.key]).get(request.key)
        return None if found is None else replayed(found, request.asked())


def _origin_of(seen: Examination) -> Origin | None:
    """What the worker told of the file's origin; None where it told nothing that can be read."""
    try:
        return unpacked(seen.beside)
    except FrameError:
        log.warning("a decode worker told nonsense of an origin")
        return None
