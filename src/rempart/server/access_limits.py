"""How often: token buckets in memory, a bounded number of them, and daily quotas that all processes share."""

from __future__ import annotations

import ipaddress
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rempart.clock import Clock
from rempart.people.records import keys as key_records
from rempart.store.engine import Store

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DAY = 86400


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Buckets:
    """Token buckets by name. With `most` of them in use, the one unused for longest makes room: it is the fullest."""

    def __init__(self, *, most: int = 20_000, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()
        self._most, self._monotonic = most, monotonic
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._buckets)

    def wait(self, name: str, *, per_minute: float, burst: float | None = None, take: bool = True) -> float:
        """Take one from a bucket: 0.0 when it was taken (or could be, without `take`), otherwise the seconds until."""
        rate, size = per_minute / 60, burst if burst is not None else max(per_minute / 4, 1.0)
        now = self._monotonic()
        with self._lock:
            bucket = self._buckets.get(name)
            if bucket is None:
                while len(self._buckets) >= self._most:
                    self._buckets.popitem(last=False)
                bucket = self._buckets[name] = _Bucket(size, now)
            else:
                bucket.left = min(size, bucket.left + (now - bucket.at) * rate)
                bucket.at = now
                self._buckets.move_to_end(name)
            if bucket.left >= 1.0:
                bucket.left -= 1.0 if take else 0.0
                return 0.0
            return (1.0 - bucket.left) / rate


class Quotas:
    """Daily quotas of keys. Each process takes a hundredth of a quota at a time from the database and spends it in
    memory, so the sum over all processes never passes the quota; a killed process loses what it had not spent."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._left: dict[str, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def spend(self, key: str, count: int, *, limit: int) -> bool | None:
        """Spend from what is at hand: True. None when `take` has to ask the database. Never waits."""
        day = int(self._clock().timestamp()) // _DAY
        with self._lock:
            of_day, left = self._left.get(key, (day, 0))
            if of_day != day or left < count:
                return None
            self._left[key] = (day, left - count)
            return True

    def take(self, key: str, count: int, *, limit: int) -> bool:
        """Spend, asking the database for more; False when the day's quota does not hold that much any more.

        Blocks: not for the event loop. Raises StoreUnavailableError.
        """
        day = int(self._clock().timestamp()) // _DAY
        for portion in (max(count, limit // 100), count):
            with self._store.write() as conn:
                taken = key_records.take_quota(conn, key, day=day, count=portion, limit=limit)
            if taken:
                with self._lock:
                    of_day, left = self._left.get(key, (day, 0))
                    self._left[key] = (day, (left if of_day == day else 0) + portion - count)
                return True
        return self.spend(key, count, limit=limit) is True

    def until_tomorrow(self) -> float:
        """Seconds until quotas begin anew, at midnight UTC."""
        return _DAY - self._clock().timestamp() % _DAY


def networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """The networks written as `10.0.0.0/8`, `::1`. ValueError for anything else."""
    return tuple(ipaddress.ip_network(text.strip()) for text in texts)


def client_address(peer: str | None, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """Whose request it is: the peer, or, when the peer is a trusted proxy, the last address in X-Forwarded-For
    that is not one. What cannot be read ends the search at the last address that could."""
    found = peer or "unknown"
    chain = [part.strip() for line in forwarded for part in line.split(",")] if trusted else []
    while _inside(found, trusted) and chain:
        step = _bare(chain.pop())
        if step is None:
            break
        found = step
    return found


def bucket_of(address: str) -> str:
    """An address as far as one client is told from another: IPv6 by its /64, because each host has a whole one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6 and parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _inside(address: str, trusted: Sequence[Network]) -> bool:
    if not trusted:
        return False
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed.version == network.version and parsed in network for network in trusted)


def _bare(text: str) -> str | None:
    if text.startswith("[") and "]" in text:
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
