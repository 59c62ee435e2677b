"""In what condition a deployment is: its clock, its disk, its backups, its settings, and the work that failed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.evidence.backup.making import BACKUPS
from rempart.evidence.ledger import records as ledger
from rempart.evidence.ledger.lookup import KeptLeaf, about
from rempart.settings import Settings
from rempart.store.engine import Store
from rempart.store.gauges import clock_seconds

MOST_SECONDS_APART = 30.0
"""So much two clocks may differ before a person should look."""
LITTLE_ROOM = 0.10
BACKUP_DUE = timedelta(days=8)


@dataclass(slots=True, kw_only=True)
class ClockWatch:
    """The wall clock beside a steady one since this process began: what they differ by, the wall clock was moved."""

    clock: Clock
    steady: Callable[[], float] = time.monotonic
    began: datetime = field(init=False)
    _since: float = field(init=False)

    def __post_init__(self) -> None:
        self.began, self._since = self.clock(), self.steady()

    def moved(self) -> float:
        """By how many seconds the wall clock was moved since, forward if positive."""
        return (self.clock() - self.began).total_seconds() - (self.steady() - self._since)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockState:
    """`moved`: as ClockWatch; `ahead`: so many seconds the newest ledger leaf lies in the future, because this clock or
    another machine's is wrong; `database`: so many the database's clock is ahead (None where it has none)."""

    now: datetime
    began: datetime
    moved: float
    ahead: float
    database: float | None

    @property
    def wrong(self) -> bool:
        """Whether somebody should look."""
        return max(abs(self.moved), self.ahead, abs(self.database or 0.0)) > MOST_SECONDS_APART


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A disk that something lies on: `what` is data, database or blobs."""

    what: str
    place: str
    free: int
    total: int

    @property
    def little(self) -> bool:
        """Whether it will soon be full."""
        return self.free < LITTLE_ROOM * self.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """The last backup that was made by command, and whether everything was in it. None: none is known of."""

    last: KeptLeaf | None
    whole: bool
    late: bool


def clock_state(conn: Connection, watch: ClockWatch) -> ClockState:
    """How this machine's clock stands beside what others wrote down."""
    last, now, theirs = ledger.newest_at(conn), watch.clock(), clock_seconds(conn)
    return ClockState(
        now=now, began=watch.began, moved=watch.moved(),
        ahead=0.0 if last is None else max(0.0, (last - now).total_seconds()),
        database=None if theirs is None else theirs - now.timestamp(),
    )  # fmt: skip


def rooms(settings: Settings, store: Store) -> tuple[Room, ...]:
    """The disks of this machine that data lie on, each once."""
    blobs = urlsplit(settings.blobs_url)
    places = [("data", settings.data), ("database", store.path.parent if store.path else None)]
    places.append(("blobs", Path(unquote(blobs.path)) if blobs.scheme == "file" else None))
    found: dict[int, Room] = {}
    for what, place in places:
        if place is None or not place.exists():
            continue
        use = shutil.disk_usage(place)
        found.setdefault(
            place.stat().st_dev, Room(what=what, place=str(place.absolute()), free=use.free, total=use.total)
        )
    return tuple(found.values())


def backups(conn: Connection, *, at: datetime) -> Backups:
    """What is known of backups: those of `rempart backup`, which writes them into the ledger."""
    last = next(iter(about(conn, BACKUPS, most=1)), None)
    late = last is None or at - last.at > BACKUP_DUE
    return Backups(last=last, whole=bool(last and last.facts.get("whole")), late=late)


def warnings(settings: Settings) -> tuple[str, ...]:
    """What of the settings somebody should look at before the service is public, as keys of the texts."""
    server, url = settings.server, urlsplit(settings.server.public_url)
    alone = url.hostname in (None, "localhost", "127.0.0.1", "::1")
    networks = [ip_network(one, strict=False) for one in server.trusted_proxies]
    found = {
        "no_public_url": not server.public_url,
        "no_tls": bool(server.public_url) and url.scheme != "https" and not alone,
        "no_proxy": url.scheme == "https" and not networks,
        "every_proxy": any(one.prefixlen == 0 for one in networks),
        "open_host": server.host not in ("127.0.0.1", "::1", "localhost") and url.scheme != "https",
        "no_mail": not settings.mail.host,
        "no_alarms": bool(settings.mail.host) and not settings.mail.alarms,
        "plain_mail": bool(settings.mail.host) and settings.mail.security == "none",
        "one_person": settings.people.one_person,
        "no_stamps": not settings.ledger.timestamp_url,
        "no_custodians": not settings.vault.custodians,
    }
    return tuple(name for name, holds in found.items() if holds)


WARNINGS = (
    "no_public_url", "no_tls", "no_proxy", "every_proxy", "open_host", "no_mail", "no_alarms", "plain_mail",
    "one_person", "no_stamps", "no_custodians",
)  # fmt: skip
"""Everything that `warnings` may say."""
