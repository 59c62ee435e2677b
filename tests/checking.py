"""A Checker of real parts on a real database, for tests without a server process."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rempart.clock import utc_now
from rempart.evidence.vault import KeyFile, Vault
from rempart.intake.upload import Checker, CheckLimits
from rempart.intake.upload_record import Recorder
from rempart.intake.upload_ruling import Ruler
from rempart.intake.upload_values import CheckAnswer, CheckRequest
from rempart.lists.breaker import Breaker, BreakerLimits
from rempart.lists.live import LiveLists
from rempart.lists.parts.finding import PartFinder
from rempart.people.permissions import Scope
from rempart.people.principal import Principal
from rempart.policy.versions import PolicyStore, ensure_first
from rempart.signals.pool import WorkerPool
from rempart.store.blobs import open_blobs
from rempart.store.engine import Store

SERVICE = "forum"
ASKER = Principal(
    kind="service", id="key_1", pseudonym="key-1", scopes=frozenset({Scope.CHECK, Scope.SIGNALS}), service=SERVICE
)


@dataclass(frozen=True)
class Checking:
    """The parts, and short ways to ask."""

    store: Store
    lists: LiveLists
    vault: Vault
    ruler: Ruler
    recorder: Recorder
    checker: Checker

    def submit(self, item_id: str = "a", **asked: Any) -> Future[CheckAnswer]:
        return self.checker.submit(request(item_id, **asked))

    def ask(self, item_id: str = "a", **asked: Any) -> CheckAnswer:
        return self.submit(item_id, **asked).result(60)


def request(item_id: str = "a", **asked: Any) -> CheckRequest:
    return replace(CheckRequest(service=SERVICE, by=ASKER, item_id=item_id), **asked)


@contextmanager
def checking(
    store: Store,
    folder: Path,
    pool: WorkerPool,
    *,
    keep_signals: bool = True,
    breaker: BreakerLimits | None = None,
    limits: CheckLimits | None = None,
    lists: LiveLists | None = None,
    parts: Callable[[Vault], PartFinder] | None = None,
) -> Iterator[Checking]:
    for name in ("keys", "blobs", "index"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    keyring = KeyFile(folder / "keys" / "service.key")
    keyring.create()
    vault = Vault(store, open_blobs((folder / "blobs").as_uri()), keyring, utc_now)
    lists = lists or LiveLists(store, folder / "index", utc_now)
    lists.open()
    policies = PolicyStore()
    with store.write() as conn:
        ensure_first(conn, at=utc_now())
        policy = policies.current(conn)
    ruler = Ruler(lists, radius=31, policy=policy, parts=parts(vault) if parts else None)
    recorder = Recorder(
        store, ruler=ruler, policies=policies, vault=vault, breaker=Breaker(breaker), clock=utc_now,
        keep_signals=keep_signals,
    )  # fmt: skip
    checker = Checker(
        store, pool=pool, ruler=ruler, recorder=recorder, vault=vault, probe_set="default", workers=2, limits=limits
    )
    checker.start()
    try:
        yield Checking(store, lists, vault, ruler, recorder, checker)
    finally:
        checker.close()
