"""What filing works with, handed in once; and what it tells the operator."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection as Database

from rempart.evidence.vault import Vault
from rempart.reports.cybertip.document.editions import DEFAULT, Edition
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.filing.values import Limits
from rempart.reports.cybertip.service.connection import Connection
from rempart.reports.cybertip.values import Environment


class Told(StrEnum):
    """What people have to hear of."""

    STOPPED = "stopped"
    """Nothing is sent: the service refuses the credentials. About an environment, not about one report."""
    MANUAL = "manual"
    """People find out what became of a report."""
    REJECTED = "rejected"
    """The service, or our own rules, will not have it so."""
    LATE = "late"
    """It was to be filed long ago."""
    STORAGE = "storage"
    """It is filed, and its receipt cannot be kept."""
    DIFFERS = "differs"
    """It is filed, and the receipt names other files than were sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Something to tell the operator. `report` is None where it is about all of them."""

    told: Told
    environment: Environment
    report: str | None = None
    case_id: str | None = None
    why: str | None = None
    since: datetime | None = None


def _silent(conn: Database, word: Word) -> None:
    """Nobody is told."""


def _allowed(conn: Database, environment: Environment) -> None:
    """Everything may be sent everywhere."""


def _by_hand(conn: Database, report: str, at: datetime) -> None:
    """Nothing begins by itself."""


def _usual() -> Edition:
    return DEFAULT


def _right(tip: CyberTip, now: datetime) -> Sequence[object]:
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What filing is handed.

    `connect` gives a connection to an environment's service, and raises RefusedError where none is set up; `mark` a
    keyed digest of its credentials. `require` raises RefusedError where nothing may be sent now. `check` says what
    is wrong with a document, `edition` which schema it follows. `begin` begins to file what was confirmed while nothing
    could be sent. `alarm` tells the operator in the transaction of what it is about (`server.alarms.Alarms.reports`).
    """

    vault: Vault
    connect: Callable[[Environment], AbstractContextManager[Connection]]
    mark: Callable[[Environment], bytes]
    require: Callable[[Database, Environment], None] = _allowed
    check: Callable[[CyberTip, datetime], Sequence[object]] = _right
    edition: Callable[[], Edition] = _usual
    begin: Callable[[Database, str, datetime], None] = _by_hand
    alarm: Callable[[Database, Word], None] = _silent
    limits: Limits = field(default_factory=Limits)
    jitter: Callable[[], float] = random.random
