"""Cases with sealed pictures, people who have claimed them, and the worker that draws: all of it real."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import urandom
from pathlib import Path

from sqlalchemy import Connection

from desks import opened
from hosting import host
from rempart.cases.care.teams import team
from rempart.cases.records import cases
from rempart.cases.sight import grants
from rempart.cases.sight.evidence import evidence_of
from rempart.cases.sight.grants import Asked
from rempart.cases.sight.showing import Showing
from rempart.cases.work import claims
from rempart.evidence.vault import KeyFile, Vault
from rempart.items.records import items
from rempart.people import persons
from rempart.people.permissions import Role
from rempart.people.principal import CONSOLE, SYSTEM, Principal
from rempart.signals.derivatives import Derivative, Step
from rempart.signals.digests import digest_bytes
from rempart.signals.pool import WorkerPool
from rempart.store.blobs import open_blobs
from rempart.store.engine import Store
from signing import Watch


@dataclass
class Looking:
    """What is needed to look, and short ways to do it."""

    store: Store
    vault: Vault
    clock: Watch
    sight: Showing
    number: int = 0

    def person(self, name: str, *roles: Role) -> Principal:
        """A person in a session, as the grants see them."""
        with self.store.write() as conn:
            made = persons.add(
                conn, name=name, roles=roles or [Role.REVIEWER], by=CONSOLE, at=self.clock(), random=urandom
            )
        return Principal(
            kind="person", id=made.id, pseudonym=made.pseudonym, roles=made.roles, session=f"session_{name}",
            signed_in=self.clock(), proved=self.clock(),
        )  # fmt: skip

    def case(self, *contents: bytes, media_type: str | None = "image/jpeg") -> str:
        """A case with these bytes, sealed, each an item of its own."""
        found = ""
        for content in contents:
            self.number += 1
            sealed = self.vault.seal(content)
            digest = bytes(digest_bytes(content).sha256)
            with self.store.write() as conn:
                if found:
                    self._join(conn, found)
                else:
                    found = opened(conn, self.number, sha256=digest, at=self.clock())
                object_id = self.vault.record(
                    conn, sealed, item=f"item:{self.number}", basis="case", reference=found,
                    media_type=media_type or "application/octet-stream", by=SYSTEM,
                )  # fmt: skip
                items.change(conn, self.number, object=object_id, sha256=digest, media_type=media_type)
        return found

    def _join(self, conn: Connection, case_id: str) -> None:
        host(conn, self.number)
        cases.add_item(conn, case_id=case_id, item=self.number, service="forum", added=self.clock())

    def claim(self, case_id: str, who: Principal) -> None:
        with self.store.write() as conn:
            claims.claim(conn, case_id, who, at=self.clock())

    def ask(self, case_id: str, who: Principal, step: Step = Step.SKETCH, item: int = 0, **more: str) -> str:
        """A grant; gives its id."""
        with self.store.write() as conn:
            rules, asked = team(conn), Asked(item=item or self.number, step=step, **more)
            return grants.grant(
                conn, case_id, asked, evidence=evidence_of(conn, asked.item, vault=self.vault), who=who,
                limits=rules.limits, reveal_seconds=rules.reveal_seconds, at=self.clock(),
            ).id  # fmt: skip

    def picture(self, case_id: str, grant_id: str, who: Principal) -> Derivative:
        return self.sight.picture(case_id, grant_id, who=who)

    def cover(self, who: Principal, **which: str) -> int:
        with self.store.write() as conn:
            return grants.cover(conn, who=who, at=self.clock(), **which)


def in_session(who: Principal, session: str) -> Principal:
    """The same person, signed in a second time."""
    return replace(who, session=session)


@contextmanager
def looking(store: Store, folder: Path, drawers: WorkerPool, *, clock: Watch | None = None) -> Iterator[Looking]:
    """A vault in a folder, and pictures drawn by these workers."""
    for name in ("keys", "blobs"):
        (folder / name).mkdir(mode=0o700, exist_ok=True)
    keyring = KeyFile(folder / "keys" / "service.key")
    keyring.create()
    watch = clock or Watch()
    vault = Vault(store, open_blobs((folder / "blobs").as_uri()), keyring, watch)
    yield Looking(store, vault, watch, Showing(store, vault=vault, pool=drawers, clock=watch))
