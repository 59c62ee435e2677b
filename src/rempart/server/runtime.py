"""A running service: its parts put together, its threads started and, in the other order, stopped."""

from __future__ import annotations

import gc
import logging
import os
import time
from contextlib import AbstractContextManager, ExitStack, closing
from types import TracebackType
from typing import Self

from rempart.cases.sight.showing import Showing
from rempart.clock import Clock, utc_now
from rempart.errors import SettingsError
from rempart.evidence.backup.restoring import refuse_while_pending
from rempart.intake.generator.gating import Gate
from rempart.intake.generator.marked import MarkLooker
from rempart.intake.generator.protection import ProtectedPhotos
from rempart.intake.generator.tries import TryLimits
from rempart.intake.upload import Checker, CheckLimits
from rempart.intake.upload_record import Recorder
from rempart.intake.upload_ruling import Ruler
from rempart.items.lookback import ItemIndex
from rempart.lists.breaker import Breaker
from rempart.lists.curation import Curation
from rempart.lists.guards import GuardKeeper
from rempart.lists.live import LiveLists
from rempart.policy.versions import PolicyStore, ensure_first
from rempart.provenance import examining, looking
from rempart.provenance.origin.trust import Trust
from rempart.server.access import Access, build_access
from rempart.server.alarms import Alarms
from rempart.server.background import Parts, filers, gauges, handlers, markers, periodics, readiness, senders
from rempart.server.bodies import BodyMemory
from rempart.server.condition import ClockWatch
from rempart.server.fetching import Fetcher, read_origins
from rempart.server.meters import Meters
from rempart.server.parts import open_finder
from rempart.server.service import Service
from rempart.server.stamping import open_stamper, stamping_pool
from rempart.server.vaults import open_keyring, open_vault
from rempart.settings import Settings
from rempart.signals.drawing import drawing_pool
from rempart.signals.outcome import Limits
from rempart.signals.pool import WorkerPool
from rempart.signals.probes import SETS
from rempart.store.engine import Store
from rempart.store.jobs import JobRunner, release_jobs_of
from rempart.store.migrate import upgrade
from rempart.store.periodic import Periodics
from rempart.store.workers import Worker

log = logging.getLogger(__name__)

_PHOTOS_PER_WORKER = 32
_SENDERS = 4
_FILERS = 2
_DRAWING_SECONDS = 10.0
# Python's own 700, 10 and 10 look through all that lives every few seconds, and all checks wait for that.
_COLLECT = (5_000, 20, 50)
BODY_MEMORY = 256 << 20
"""Bytes of bodies that a process holds at a time, at least; and always twice the largest body."""


class Runtime:
    """A service in this process, as a context manager: opened, `service` and `access` are for the door.

    `share` is the part of the machine's decode workers that this process starts, one of so many server processes.
    """

    def __init__(self, settings: Settings, *, clock: Clock = utc_now, share: int = 1) -> None:
        self._settings, self._clock, self._share = settings, clock, share
        self._stack = ExitStack()
        self.service: Service
        self.access: Access

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.service.readiness.stop()
        self._stack.close()

    def _open(self) -> None:
        """Parts first, in the order in which they need each other; threads last, so that they stop first."""
        settings, stack = self._settings, self._stack
        store = stack.enter_context(Store.open(settings.database_url, clock=self._clock))
        upgrade(store)
        with store.write() as conn:
            refuse_while_pending(conn)
            ensure_first(conn, at=self._clock())
        vault = open_vault(settings, store, keyring=open_keyring(settings), clock=self._clock)
        lists, item_index, protected = self._indexes(store)
        readers = stack.enter_context(closing(looking.reading_pool(limits=_looking_limits(settings))))
        stampers = stack.enter_context(closing(stamping_pool(settings)))
        parts = Parts(
            store=store, vault=vault, lists=lists, items=item_index, protected=protected, policies=PolicyStore(),
            curation=open_curation(settings, store, lists, self._clock),
            alarms=Alarms(settings, keyring=vault.keyring, clock=self._clock),
            readers=readers, finder=open_finder(settings, vault, stack, share=self._share),
        )  # fmt: skip
        pool = stack.enter_context(_pool(settings, self._share))
        ruler, count = self._ruler(parts), _workers(settings, self._share)
        checker = self._checker(parts, pool, ruler)
        worker = stack.enter_context(Worker(store, on_death=release_jobs_of))
        meters = Meters()
        self.access = build_access(settings, store, clock=self._clock)
        self.access.keys.start()
        stack.callback(self.access.keys.stop)
        works = periodics(parts, settings)
        periodic = Periodics(store, worker, works)
        meters.watch(lambda: gauges(checker, parts, periodic))
        self.service = Service(
            settings=settings, store=store, worker=worker, clock=self._clock, vault=vault, lists=lists,
            items=item_index, curation=parts.curation, policies=parts.policies, checker=checker, meters=meters,
            gate=open_gate(parts, settings, checker=checker, ruler=ruler), protected=parts.protected,
            stamper=open_stamper(settings, store, pool=stampers, keyring=vault.keyring, clock=self._clock),
            bodies=BodyMemory(max(BODY_MEMORY, 2 * settings.server.body_bytes)),
            readiness=readiness(parts, periodic), fetcher=_fetcher(settings), alarms=parts.alarms,
            watch=ClockWatch(clock=self._clock),
            sight=Showing(
                store, vault=vault, pool=stack.enter_context(_drawers(settings)), clock=self._clock, readers=readers
            ),
        )  # fmt: skip
        log.info("%d decode workers, %d signals of lists in the index", count, len(lists.index))
        runner = JobRunner(store, worker, handlers(parts, settings), on_dead=parts.alarms.dead_job)
        sender = JobRunner(store, worker, senders(parts, settings), threads=_SENDERS, on_dead=parts.alarms.dead_job)
        marker = JobRunner(store, worker, markers(parts, settings), threads=1, on_dead=parts.alarms.dead_job)
        filer = JobRunner(store, worker, filers(parts, settings), threads=_FILERS, on_dead=parts.alarms.dead_job)
        for start, stop in (
            (checker.start, checker.close),
            (runner.start, runner.stop),
            (sender.start, sender.stop),
            (marker.start, marker.stop),
            (filer.start, filer.stop),
            (periodic.start, periodic.stop),
        ):
            start()
            stack.callback(stop)
        gc.collect()
        gc.freeze()  # what was loaded so far stays: no collection has to look through it again
        gc.set_threshold(*_COLLECT)

    def _indexes(self, store: Store) -> tuple[LiveLists, ItemIndex, ProtectedPhotos]:
        """What is looked up, mapped and up to date."""
        folder, radius = self._settings.data / "index", self._settings.check.radius
        lists = LiveLists(store, folder, self._clock)
        lists.open()
        items = ItemIndex(store, folder, self._clock, radius=radius)
        items.open()
        protected = ProtectedPhotos(store, folder, self._clock, radius=radius)
        protected.open()
        return lists, items, protected

    def _ruler(self, parts: Parts) -> Ruler:
        with parts.store.read() as conn:
            policy = parts.policies.current(conn)
        return Ruler(parts.lists, radius=self._settings.check.radius, policy=policy, parts=parts.finder)

    def _checker(self, parts: Parts, pool: WorkerPool, ruler: Ruler) -> Checker:
        settings, count = self._settings, _workers(self._settings, self._share)
        recorder = Recorder(
            parts.store, ruler=ruler, policies=parts.policies, vault=parts.vault,
            breaker=Breaker(on_trip=parts.alarms.breaker), clock=self._clock,
            keep_signals=settings.check.keep_signals != "off",
        )  # fmt: skip
        return Checker(
            parts.store, pool=pool, ruler=ruler, recorder=recorder, vault=parts.vault, workers=count,
            probe_set=settings.check.probe_set, limits=CheckLimits(photos=_PHOTOS_PER_WORKER * count),
        )  # fmt: skip


def open_gate(parts: Parts, settings: Settings, *, checker: Checker, ruler: Ruler) -> Gate:
    """What stands before a generator."""
    limits = TryLimits(an_hour=settings.gate.tries_an_hour, refused_a_day=settings.gate.refusals_a_day)
    return Gate(
        parts.store, checker=checker, ruler=ruler, photos=parts.protected, policies=parts.policies, limits=limits,
        marks=MarkLooker(parts.readers, keyring=parts.vault.keyring, trust=Trust.kept(settings.data)),
    )  # fmt: skip


def open_curation(settings: Settings, store: Store, lists: LiveLists, clock: Clock) -> Curation:
    """What curators do; what they let in is looked up in this process from then on."""
    return Curation(
        store=store, guards=GuardKeeper(store, monotonic=time.monotonic, radius=settings.check.radius), clock=clock,
        entered=lists.catch_up, alone_after=settings.people.alone_after,
    )  # fmt: skip


def _fetcher(settings: Settings) -> Fetcher:
    origins, server = read_origins(settings.check.fetch_origins), settings.server
    return Fetcher(origins=origins, most=server.body_bytes, seconds=server.body_seconds)


def _workers(settings: Settings, share: int) -> int:
    """How many decode workers this process starts."""
    wanted = settings.check.workers or max(2, os.cpu_count() or 1)
    return max(1, wanted // share)


def _drawers(settings: Settings) -> AbstractContextManager[WorkerPool]:
    """Evidence is drawn in a worker of its own, which starts with the first look."""
    return closing(drawing_pool(limits=_looking_limits(settings)))


def _looking_limits(settings: Settings) -> Limits:
    return Limits(file_bytes=settings.server.body_bytes, seconds=_DRAWING_SECONDS)


def _pool(settings: Settings, share: int) -> WorkerPool:
    if settings.check.probe_set not in SETS:
        raise SettingsError(
            f"check.probe_set: there is no probe set {settings.check.probe_set!r}.", hint=f"Known: {', '.join(SETS)}."
        )
    limits = Limits(file_bytes=settings.server.body_bytes)
    Trust.kept(settings.data)  # a damaged file is said now, and not by workers that do not start
    told = str(settings.data.absolute())
    return WorkerPool(workers=_workers(settings, share), limits=limits, task=examining.TASK, told=told)
