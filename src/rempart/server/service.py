"""What a running service is made of; `server.runtime` puts it together and doors hand it round."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from rempart.cases.sight.showing import Showing
from rempart.clock import Clock
from rempart.evidence.vault import Vault
from rempart.intake.generator.gating import Gate
from rempart.intake.generator.protection import ProtectedPhotos
from rempart.intake.generator.stamping import Stamper
from rempart.intake.upload import Checker
from rempart.items.lookback import ItemIndex
from rempart.lists.curation import Curation
from rempart.lists.live import LiveLists
from rempart.policy.versions import PolicyStore
from rempart.server.alarms import Alarms
from rempart.server.bodies import BodyMemory
from rempart.server.condition import ClockWatch
from rempart.server.fetching import Fetcher
from rempart.server.meters import Meters
from rempart.server.readiness import Readiness
from rempart.settings import Settings
from rempart.store.engine import Store
from rempart.store.workers import Worker


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything that routes, pages and background work share. The parts are safe from several threads at once."""

    settings: Settings
    store: Store
    worker: Worker
    clock: Clock
    vault: Vault
    lists: LiveLists
    curation: Curation
    items: ItemIndex
    policies: PolicyStore
    checker: Checker
    gate: Gate
    protected: ProtectedPhotos
    stamper: Stamper
    sight: Showing
    bodies: BodyMemory
    fetcher: Fetcher
    meters: Meters
    readiness: Readiness
    watch: ClockWatch
    alarms: Alarms


async def get_service(request: Request) -> Service:
    """The service of an application, for routes: `Depends(get_service)`. Async, or it would cost a thread each time."""
    service: Service = request.app.state.service
    return service
