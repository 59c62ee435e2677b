"""What a process does by itself: jobs, periodic work, and what it says about itself in `/readyz` and `/metrics`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network

from rempart.cases import upkeep as cases_upkeep
from rempart.cases.assessing.answering import SETTLE
from rempart.cases.assessing.listing import Lister
from rempart.cases.assessing.settling import FOLLOW, Settler
from rempart.cases.assessing.tasks import LIST
from rempart.cases.events import DELIVER
from rempart.cases.lookback import LOOKBACK, LookBack
from rempart.cases.marks import MARK
from rempart.cases.quality import upkeep as quality_upkeep
from rempart.errors import UnavailableError
from rempart.evidence.vault import Vault
from rempart.evidence.vault.upkeep import handlers as vault_handlers
from rempart.evidence.vault.upkeep import periodics as vault_periodics
from rempart.intake.generator import upkeep as gate_upkeep
from rempart.intake.generator.protection import ProtectedPhotos
from rempart.intake.marks import MarkReader
from rempart.intake.notices import removals, seeds
from rempart.intake.notices import upkeep as notices_upkeep
from rempart.intake.notices.follow import Follower
from rempart.intake.upload import Checker
from rempart.items import upkeep as items_upkeep
from rempart.items.lookback import ItemIndex
from rempart.lists import curation_upkeep
from rempart.lists.curation import Curation
from rempart.lists.live import LiveLists
from rempart.lists.parts import keeping as part_keeping
from rempart.lists.parts.finding import PartFinder
from rempart.people import upkeep as people_upkeep
from rempart.people.principal import SYSTEM
from rempart.policy.versions import PolicyStore
from rempart.provenance.origin.trust import Trust
from rempart.reports.cybertip.drafting import upkeep as drafting_upkeep
from rempart.reports.orders import clockwork as orders
from rempart.reports.referrals import upkeep as referrals_upkeep
from rempart.reports.transparency import counting
from rempart.server import filing, ledgers, reasons
from rempart.server.alarms import Alarms
from rempart.server.delivery import Delivery
from rempart.server.drafting import maker_of
from rempart.server.mail import SEND, Mailer
from rempart.server.noticing import writer_of
from rempart.server.readiness import Readiness
from rempart.server.vaults import WRAPPED_ELSEWHERE
from rempart.settings import Settings
from rempart.signals.pool import WorkerPool
from rempart.store import upkeep as store_upkeep
from rempart.store.engine import Store
from rempart.store.jobs import Handler
from rempart.store.periodic import Periodic, Periodics

_STALE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What background work is made of."""

    store: Store
    vault: Vault
    lists: LiveLists
    items: ItemIndex
    protected: ProtectedPhotos
    curation: Curation
    policies: PolicyStore
    alarms: Alarms
    readers: WorkerPool
    finder: PartFinder | None = None


def handlers(parts: Parts, settings: Settings) -> Mapping[str, Handler]:
    """Every kind of job that works on our own data, and what runs it."""
    look = LookBack(
        parts.store, index=parts.items, lists=parts.lists, policies=parts.policies, clock=parts.store.clock,
        radius=settings.check.radius, opened=seeds.told,
    )  # fmt: skip
    return {
        LOOKBACK: look,
        SETTLE: Settler(
            parts.store,
            vault=parts.vault,
            clock=parts.store.clock,
            asked=maker_of(settings, keyring=parts.vault.keyring).of_outcome,
        ),
        LIST: Lister(parts.store, curation=parts.curation, clock=parts.store.clock),
        FOLLOW: Follower(writer=writer_of(settings, keyring=parts.vault.keyring), clock=parts.store.clock),
        **vault_handlers(parts.vault, by=SYSTEM, also=WRAPPED_ELSEWHERE),
        **curation_upkeep.handlers(parts.curation),
    }


def markers(parts: Parts, settings: Settings) -> Mapping[str, Handler]:
    """The job that takes a second of computing: a thread of its own, so that no decision waits behind many of them."""
    trust = Trust.kept(settings.data)
    return {
        MARK: MarkReader(
            parts.store, vault=parts.vault, pool=parts.readers, trust=trust, clock=parts.store.clock
        )
    }  # fmt: skip


def senders(parts: Parts, settings: Settings) -> Mapping[str, Handler]:
    """Every kind of job that waits for others; they have threads of their own, so that nothing else waits too."""
    listed = [ip_network(one) for one in settings.webhooks.private_networks]
    keyring, clock = parts.vault.keyring, parts.store.clock
    found: dict[str, Handler] = {DELIVER: Delivery(parts.store, keyring=keyring, clock=clock, listed=listed)}
    if settings.mail.host:
        found[SEND] = Mailer(settings.mail, keyring=keyring, clock=clock)
    return {**found, **reasons.senders(parts.store, settings)}


def filers(parts: Parts, settings: Settings) -> Mapping[str, Handler]:
    """What files reports, in threads of its own: a long film must not keep mails and webhooks waiting."""
    return filing.handlers(settings, parts.store, vault=parts.vault, alarms=parts.alarms)


def periodics(parts: Parts, settings: Settings) -> Sequence[Periodic]:
    """All periodic work of a process."""
    return (
        *parts.lists.works(),
        *curation_upkeep.periodics(parts.curation),
        *part_keeping.periodics(parts.vault),
        *(() if parts.finder is None else parts.finder.live.works()),
        *parts.items.works(),
        *parts.protected.works(),
        *gate_upkeep.periodics(parts.store, stamps_kept=_stamps_kept(settings)),
        *vault_periodics(parts.vault, by=SYSTEM),
        *ledgers.periodics(settings, parts.store),
        *people_upkeep.periodics(parts.store),
        *items_upkeep.periodics(parts.store, keep=settings.check.keep_signals),
        *cases_upkeep.periodics(parts.store, details_kept=timedelta(days=settings.cases.keep_details_days)),
        *quality_upkeep.periodics(parts.store, vault=parts.vault),
        *notices_upkeep.periodics(
            parts.store, alarm=parts.alarms.notice, keep=timedelta(days=settings.notices.keep_days)
        ),
        *reasons.periodics(parts.store, settings),
        *referrals_upkeep.periodics(parts.store),
        *drafting_upkeep.periodics(parts.store, maker=maker_of(settings, keyring=parts.vault.keyring)),
        *orders.periodics(parts.store, parts.vault, alarm=parts.alarms.order),
        *filing.periodics(settings, parts.store, vault=parts.vault, alarms=parts.alarms),
        *removals.periodics(parts.store, alarm=parts.alarms.removals),
        *counting.periodics(parts.store),
        *store_upkeep.periodics(parts.store),
    )


def _stamps_kept(settings: Settings) -> timedelta | None:
    return timedelta(days=settings.stamp.keep_days) if settings.stamp.keep_days else None


def readiness(parts: Parts, periodic: Periodics) -> Readiness:
    """What a check needs: the database, lists that are not stale, the blob store and the service key."""
    tails = [work.name for part in (parts.lists, parts.protected) for work in part.works() if work.everywhere]

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


def gauges(checker: Checker, parts: Parts, periodic: Periodics) -> Mapping[str, tuple[str, float]]:
    """What stands now, for `/metrics`."""
    photos, writes = checker.waiting
    tails = [work.name for work in parts.lists.works() if work.everywhere]
    seen = [periodic.last_success[name] for name in tails if name in periodic.last_success]
    return {
        "rempart_photos_waiting": ("Checks with bytes that are on their way.", photos),
        "rempart_writes_waiting": ("Checks that wait for the next commit.", writes),
        "rempart_lookups_total": ("Signals that were looked up by this process.", checker.lookups),
        "rempart_photos_total": ("Bodies that were examined by this process.", checker.examined),
        "rempart_commits_total": ("Commits of groups of checks by this process.", checker.groups),
        "rempart_alarms_total": ("Alarms that were raised by this process.", parts.alarms.raised),
        "rempart_list_mark": ("The number of the last change of the lists that is followed.", parts.lists.mark),
        "rempart_list_keys": ("Signals in the index of the lists.", len(parts.lists.index)),
        "rempart_list_age_seconds": (
            "Since changes of the lists were last looked for.",
            time.monotonic() - min(seen) if seen else -1.0,
        ),
    }
