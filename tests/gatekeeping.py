"""A gate of real parts on a real database, for tests without a server process."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checking import ASKER, SERVICE, Checking, checking
from rempart.clock import utc_now
from rempart.intake.generator.gating import Gate, Passing, Told
from rempart.intake.generator.protection import ProtectedPhotos, protect
from rempart.intake.generator.records.protected import Photo
from rempart.intake.generator.tries import TryLimits
from rempart.intake.generator.values import Passage
from rempart.lists.entry import EntrySignal
from rempart.people.principal import CONSOLE
from rempart.policy.versions import PolicyStore
from rempart.signals.pool import WorkerPool
from rempart.store.engine import Store

USER = "user-one"


@dataclass(frozen=True)
class Gatehouse:
    """The parts, and short ways to ask."""

    store: Store
    checking: Checking
    photos: ProtectedPhotos
    gate: Gate

    def bring(self, data: bytes, *, end_user: str | None = USER) -> Told:
        return self.gate.reference(data, by=ASKER, service=SERVICE, end_user=end_user)

    def take_out(self, data: bytes, **more: Any) -> Told:
        passes = more.pop("passes", None)
        seen = self.checking.checker.examined_now(data)
        passing = Passing(passage=Passage.OUTPUT, by=ASKER, service=SERVICE, content=data, seen=seen, **more)
        return self.gate.pass_on(passing, passes=passes)

    def protect(self, data: bytes, *, quality: int = 100, **more: Any) -> Photo:
        seen = self.checking.checker.examined_now(data)
        assert seen.pdq is not None
        signals = [EntrySignal(signal=seen.pdq, quality=quality)]
        made = protect(self.store, signals, by=CONSOLE, at=utc_now(), **more)
        self.photos.catch_up()
        return made


@contextmanager
def gatehouse(store: Store, folder: Path, pool: WorkerPool, *, limits: TryLimits | None = None) -> Iterator[Gatehouse]:
    with checking(store, folder, pool) as made:
        photos = ProtectedPhotos(store, folder / "index", utc_now, radius=31)
        photos.open()
        gate = Gate(
            store, checker=made.checker, ruler=made.ruler, photos=photos, policies=PolicyStore(),
            limits=limits or TryLimits(an_hour=1000, refused_a_day=1000),
        )  # fmt: skip
        yield Gatehouse(store, made, photos, gate)
