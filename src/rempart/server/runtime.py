"""A running service: its parts put together, its threads started and, in the other order, stopped."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from types import TracebackType
from typing import Self

from rempart.cases.events import DELIVER
from rempart.cases.lookback import LOOKBACK, LookBack
from rempart.clock import Clock, utc_now
from rempart.errors import SettingsError, UnavailableError
from rempart.evidence.vault import HeldKeys, KeyFile, Keyring, Vault
from rempart.evidence.vault.upkeep import handlers as vault_handlers
from rempart.evidence.vault.upkeep import periodics as vault_periodics
from rempart.intake.upload import Checker, CheckLimits
from rempart.intake.upload_record import Recorder
from rempart.intake.upload_ruling import Ruler
from rempart.items import upkeep as items_upkeep
from rempart.items.lookback import ItemIndex
from rempart.lists import curation_upkeep
from rempart.lists.breaker import Breaker
from rempart.lists.curation import Curation
from rempart.lists.guards import GuardKeeper
from rempart.lists.live import LiveLists
from rempart.people.principal import SYSTEM
from rempart.policy.versions import PolicyStore, ensure_first
from rempart.server.access import Access, build_access
from rempart.server.bodies import BodyMemory
from rempart.server.delivery import Delivery
from rempart.server.mail import SEND, Mailer
from rempart.server.meters import Meters
from rempart.server.readiness import Readiness
from rempart.server.service import Service
from rempart.settings import Settings
from rempart.signals.outcome import Limits
from rempart.signals.pool import WorkerPool
from rempart.signals.probes import SETS
from rempart.store.blobs import open_blobs
from rempart.store.engine import Store
from rempart.store.jobs import Handler, JobRunner, release_jobs_of
from rempart.store.migrate import upgrade
from rempart.store.periodic import Periodic, Periodics
from rempart.store.workers import Worker

log = logging.getLogger(__name__)

_STALE_SECONDS = 5.0
_PHOTOS_PER_WORKER = 32
_SENDERS = 4
BODY_MEMORY = 256 << 20
"""Bytes of bodies that a process holds at a time, at least; and always twice the largest body."""


class Runtime:
    """A service in this process, as a context manager: opened, `service` and `access` can be handed to the door.

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
            ensure_first(conn, at=self._clock())
        vault = Vault(store, open_blobs(settings.blobs_url), open_keyring(settings), self._clock)
        lists = LiveLists(store, settings.data / "index", self._clock)
        lists.open()
        item_index = ItemIndex(store, settings.data / "index", self._clock, radius=settings.check.radius)
        item_index.open()
        parts = _Parts(
            store=store, vault=vault, lists=lists, items=item_index, policies=PolicyStore(),
            curation=open_curation(settings, store, lists, self._clock),
        )  # fmt: skip
        pool = stack.enter_context(_pool(settings, self._share))
        checker, count = self._checker(parts, pool), _workers(settings, self._share)
        worker = stack.enter_context(Worker(store, on_death=release_jobs_of))
        meters = Meters()
        meters.watch(lambda: gauges(checker, lists))
        self.access = build_access(settings, store, clock=self._clock)
        self.access.keys.start()
        stack.callback(self.access.keys.stop)
        works = periodics(parts, settings)
        periodic = Periodics(store, worker, works)
        self.service = Service(
            settings=settings, store=store, worker=worker, clock=self._clock, vault=vault, lists=lists,
            items=item_index, curation=parts.curation, policies=parts.policies, checker=checker, meters=meters,
            bodies=BodyMemory(max(BODY_MEMORY, 2 * settings.server.body_bytes)),
            readiness=readiness(parts, periodic, lists.works()),
        )  # fmt: skip
        log.info("%d decode workers, %d list entries in the index", count, len(lists.index))
        runner = JobRunner(store, worker, handlers(parts, settings))
        sender = JobRunner(store, worker, senders(parts, settings), threads=_SENDERS)
        for start, stop in (
            (checker.start, checker.close),
            (runner.start, runner.stop),
            (sender.start, sender.stop),
            (periodic.start, periodic.stop),
        ):
            start()
            stack.callback(stop)

    def _checker(self, parts: _Parts, pool: WorkerPool) -> Checker:
        settings, count = self._settings, _workers(self._settings, self._share)
        with parts.store.read() as conn:
            policy = parts.policies.current(conn)
        ruler = Ruler(parts.lists, radius=settings.check.radius, policy=policy)
        recorder = Recorder(
            parts.store, ruler=ruler, policies=parts.policies, vault=parts.vault, breaker=Breaker(),
            clock=self._clock, keep_signals=settings.check.keep_signals != "off",
        )  # fmt: skip
        return Checker(
            parts.store, pool=pool, ruler=ruler, recorder=recorder, vault=parts.vault, workers=count,
            probe_set=settings.check.probe_set, limits=CheckLimits(photos=_PHOTOS_PER_WORKER * count),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What background work is made of."""

    store: Store
    vault: Vault
    lists: LiveLists
    items: ItemIndex
    curation: Curation
    policies: PolicyStore


def handlers(parts: _Parts, settings: Settings) -> Mapping[str, Handler]:
    """Every kind of job that works on our own data, and what runs it."""
    look = LookBack(
        parts.store, index=parts.items, lists=parts.lists, policies=parts.policies, clock=parts.store.clock,
        radius=settings.check.radius,
    )  # fmt: skip
    return {LOOKBACK: look, **vault_handlers(parts.vault, by=SYSTEM), **curation_upkeep.handlers(parts.curation)}


def senders(parts: _Parts, settings: Settings) -> Mapping[str, Handler]:
    """Every kind of job that waits for others; they have threads of their own, so that nothing else waits too."""
    listed = [ip_network(one) for one in settings.webhooks.private_networks]
    keyring, clock = parts.vault.keyring, parts.store.clock
    found: dict[str, Handler] = {DELIVER: Delivery(parts.store, keyring=keyring, clock=clock, listed=listed)}
    if settings.mail.host:
        found[SEND] = Mailer(settings.mail, keyring=keyring, clock=clock)
    return found


def periodics(parts: _Parts, settings: Settings) -> Sequence[Periodic]:
    """All periodic work of a process."""
    return (
        *parts.lists.works(),
        *curation_upkeep.periodics(parts.curation),
        *parts.items.works(),
        *vault_periodics(parts.vault, by=SYSTEM),
        *items_upkeep.periodics(parts.store, keep=settings.check.keep_signals),
    )


def open_curation(settings: Settings, store: Store, lists: LiveLists, clock: Clock) -> Curation:
    """What curators do; what they let in is looked up in this process from then on."""
    people = settings.people
    return Curation(
        store=store, guards=GuardKeeper(store, monotonic=time.monotonic, radius=settings.check.radius), clock=clock,
        entered=lists.catch_up, alone_after=timedelta(hours=people.alone_after_hours) if people.one_person else None,
    )  # fmt: skip


def readiness(parts: _Parts, periodic: Periodics, fresh: Sequence[Periodic]) -> Readiness:
    """What a check needs: the database, lists that are not stale, the blob store and the service key."""
    tails = [work.name for work in fresh if work.everywhere]

    def database() -> None:
        with parts.store.read() as conn:
            parts.policies.current(conn)

    def lists() -> None:
        now = time.monotonic()
        last = [periodic.last_success.get(name) for name in tails]
        if any(moment is None or now - moment > _STALE_SECONDS for moment in last):
            raise UnavailableError("Changes of the lists are not being followed.")

    def service_key() -> None:
        parts.vault.keyring.active()

    return Readiness(
        [("database", database), ("lists", lists), ("blobs", parts.vault.blobs.check), ("service key", service_key)]
    )


def gauges(checker: Checker, lists: LiveLists) -> Mapping[str, tuple[str, float]]:
    """What stands now, for `/metrics`."""
    photos, writes = checker.waiting
    return {
        "rempart_photos_waiting": ("Checks with bytes that are on their way.", photos),
        "rempart_writes_waiting": ("Checks that wait for the next commit.", writes),
        "rempart_lookups_total": ("Signals that were looked up by this process.", checker.lookups),
        "rempart_photos_total": ("Bodies that were examined by this process.", checker.examined),
        "rempart_commits_total": ("Commits of groups of checks by this process.", checker.groups),
        "rempart_list_mark": ("The number of the last change of the lists that is followed.", lists.mark),
        "rempart_list_keys": ("Signals in the index of the lists.", len(lists.index)),
    }


def open_keyring(settings: Settings, environ: Mapping[str, str] | None = None) -> Keyring:
    """The service keys: from the environment if they stand there, else from the data folder."""
    text = (os.environ if environ is None else environ).get("REMPART_SERVICE_KEY")
    return KeyFile(settings.data / "keys" / "service.key") if text is None else HeldKeys(text)


def _workers(settings: Settings, share: int) -> int:
    """How many decode workers this process starts."""
    wanted = settings.check.workers or max(2, os.cpu_count() or 1)
    return max(1, wanted // share)


def _pool(settings: Settings, share: int) -> WorkerPool:
    if settings.check.probe_set not in SETS:
        raise SettingsError(
            f"check.probe_set: there is no probe set {settings.check.probe_set!r}.", hint=f"Known: {', '.join(SETS)}."
        )
    limits = Limits(file_bytes=settings.server.body_bytes)
    return WorkerPool(workers=_workers(settings, share), limits=limits)
