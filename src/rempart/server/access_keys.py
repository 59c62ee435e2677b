"""Keys remembered in memory: a check costs a digest and a look, and a revoked key ends within a second everywhere.

Every change of a key moves a counter in the database. A thread reads the counter four times a second; when it has
moved, all that is remembered is forgotten. What is remembered is believed only while the last reading is younger
than `FRESH`: when the thread cannot read (database away, process stopped), keys are looked up again, and if that
fails too the request is refused as *unavailable*, never let through.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from rempart.clock import Clock
from rempart.errors import UnavailableError
from rempart.people import keys
from rempart.people.principal import Principal
from rempart.people.records.keys import ApiKey
from rempart.people.tokens import KEY_PREFIX, looks_like_token
from rempart.store.engine import Store

EVERY, FRESH = 0.25, 0.75
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A key that may be used until `ends` (seconds since 1970), and who asks with it."""

    key: ApiKey
    principal: Principal
    ends: float


class KeyCache:
    """The keys this process has seen. Safe from several threads; `start` it before use and `stop` it at the end."""

    def __init__(self, store: Store, *, clock: Clock, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock, self._monotonic = store, clock, monotonic
        self._known: dict[bytes, KnownKey] = {}
        self._seen = -1
        self._epoch = 0
        self._fresh_until = 0.0
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Read the counter four times a second from now on."""
        self._thread = threading.Thread(target=self._watch, name="keys", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def remembered(self, secret: str) -> KnownKey | None:
        """The key, when it is remembered and may be believed; never waits. None: ask `looked_up`."""
        if self._monotonic() >= self._fresh_until:
            return None
        known = self._known.get(sha256(secret.encode("utf-8", "surrogatepass")).digest())
        return known if known is not None and known.ends > self._clock().timestamp() else None

    def looked_up(self, secret: str) -> KnownKey | None:
        """The key as the database has it now, and remembered from now on; None when it cannot be used.

        Blocks: not for the event loop. Raises StoreUnavailableError.
        """
        if not looks_like_token(secret, KEY_PREFIX):
            return None
        began, epoch = self._monotonic(), self._epoch
        with self._store.read() as conn:
            change = keys.changes(conn)  # read first: a change that comes in between only makes us forget again
            key = keys.find(conn, secret)
        self._saw(change, began)
        at = self._clock()
        if key is None or not key.usable(at):
            return None
        ends = min(key.expires, key.revoked) if key.revoked else key.expires
        known = KnownKey(key=key, principal=keys.principal_of(key), ends=ends.timestamp())
        with self._lock:
            if change == self._seen and epoch == self._epoch:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[sha256(secret.encode()).digest()] = known
        return known

    def forget(self) -> None:
        """Look every key up again: called by whoever changed one in this process."""
        with self._lock:
            self._known = {}
            self._epoch += 1
            self._fresh_until = 0.0

    def refresh(self) -> None:
        """Read the counter once. Raises StoreUnavailableError."""
        began = self._monotonic()
        with self._store.read() as conn:
            change = keys.changes(conn)
        self._saw(change, began)

    def _saw(self, change: int, began: float) -> None:
        with self._lock:
            if change > self._seen:
                self._known = {}
                self._seen = change
            if change == self._seen:
                self._fresh_until = max(self._fresh_until, began + FRESH)

    def _watch(self) -> None:
        while not self._ending.wait(EVERY):
            try:
                self.refresh()
            except UnavailableError:
                continue  # what is remembered goes stale by itself
