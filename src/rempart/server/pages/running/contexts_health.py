"""What the pages of the deployment's health show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rempart.cases.records.webhooks import Endpoint, Message
from rempart.evidence.backup.records import Restore
from rempart.evidence.ledger.status import Status
from rempart.server.condition import Backups, ClockState, Room
from rempart.server.machine import Finding
from rempart.server.pages.contexts import Context
from rempart.server.pages.running.contexts_lists import STYLES
from rempart.store.givenup import GivenUp
from rempart.store.workers import Alive


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """A list that a feed keeps up: when entries last came, and whether that is long ago."""

    id: str
    name: str
    newest: datetime | None
    stale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedMessage:
    """A message to a webhook that was given up, and what the last attempt ended in."""

    message: Message
    endpoint: Endpoint
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that shares the work; `here` for the one that shows the page, `machine` numbers the machines."""

    alive: Alive
    machine: int
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage(Context):
    """Everything that an administrator should look at, what asks for attention marked. `kept` are cases that nobody
    sees since a restore, `settings_lost`: the team's settings are those of a backup."""

    template: ClassVar[str] = "running/health"
    styles: ClassVar[tuple[str, ...]] = STYLES
    version: str
    lacking: tuple[str, ...]
    warnings: tuple[str, ...]
    queued: int
    oldest_work: datetime | None
    work_late: bool
    open_cases: int
    oldest_case: datetime | None
    kept: tuple[str, ...]
    settings_lost: bool
    dead: tuple[GivenUp, ...]
    more_dead: int
    failed: tuple[FailedMessage, ...]
    lists: tuple[Freshness, ...]
    more_lists: bool
    clock: ClockState
    rooms: tuple[Room, ...]
    database: str
    database_bytes: int
    backups: Backups
    restore: Restore | None
    ledger: Status
    processes: tuple[Process, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MachinePage(Context):
    """What the machine has, as the command `doctor` tells it."""

    template: ClassVar[str] = "running/machine"
    styles: ClassVar[tuple[str, ...]] = STYLES
    topics: tuple[tuple[str, tuple[Finding, ...]], ...]
