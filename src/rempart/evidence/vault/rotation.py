"""Rotation: a new service key, and every object's key wrapped again under it. The sealed bytes are not touched.

It goes by the rows that are not yet wrapped as they should be, so that it may be stopped and started anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Protocol

from sqlalchemy import Connection

from rempart.errors import RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import records
from rempart.evidence.vault.custodians import custodian_open
from rempart.evidence.vault.envelope import wrap_key
from rempart.evidence.vault.keyring import KeyFile, Keyring, ServiceKey
from rempart.evidence.vault.records import SealedObject
from rempart.evidence.vault.sealing import Actor
from rempart.evidence.vault.vault import Vault
from rempart.store.jobs import Job, enqueue

REWRAP = "vault.rewrap"
"""The kind of job that wraps every object's key again."""
_BATCH = 100


class Also(Protocol):
    """Wraps what another room keeps under the service key again, in the caller's transaction; gives how many."""

    def __call__(self, conn: Connection, *, keyring: Keyring) -> int: ...


def rotate(vault: Vault, keys: KeyFile, *, by: Actor) -> ServiceKey:
    """Put a new service key in front of the keyring and have everything rewrapped by a job; gives the new key.

    The key is on the disk before anything is wrapped under it.
    """
    key = ServiceKey.new()
    keys.add(key)
    request_rewrap(vault, by=by)
    return key


def request_rewrap(vault: Vault, *, by: Actor) -> None:
    """Queue the job that wraps everything under the active key and for today's custodians."""
    active = vault.keyring.active().id
    with vault.store.write() as conn:
        at = vault.clock()
        append(conn, Leaf(action="vault.rotation_begun", actor=by.pseudonym, facts={"key": active}), at=at)
        enqueue(conn, REWRAP, {}, now=at, key=REWRAP)


def rewrap_job(vault: Vault, job: Job, *, by: Actor, also: Sequence[Also] = ()) -> None:
    """The job: wrap everything again, batch by batch, and say so in the ledger."""
    done = rewrap(vault, guard=job.guard)
    with job.finishing() as conn:
        _end(vault, conn, done, by=by, also=also)


def rewrap_now(vault: Vault, *, by: Actor, also: Sequence[Also] = ()) -> int:
    """The same at once, without a job; gives how many objects were wrapped again."""
    done = rewrap(vault)
    with vault.store.write() as conn:
        _end(vault, conn, done, by=by, also=also)
    return done


def rewrap(vault: Vault, *, guard: Callable[[Connection], None] | None = None) -> int:
    """Wrap the keys of all objects that need it under the active key; gives how many were changed."""
    return _each(vault, lambda found: vault.object_key(found), guard=guard)


def recover(vault: Vault, identities: Sequence[str], *, by: Actor) -> int:
    """Give the active service key access to everything again, with a custodian's age identities; gives how many.

    For the day when the service key is lost. Objects that were sealed without custodians stay closed.
    """
    known = frozenset(vault.keyring.ids())

    def key_of(found: SealedObject) -> bytes | None:
        if found.key_id in known:
            return vault.object_key(found)
        if found.custodian_wrap is None:
            return None
        return custodian_open(found.custodian_wrap, identities, object_id=found.id)

    done = _each(vault, key_of)
    with vault.store.write() as conn:
        facts = {"objects": done, "key": vault.keyring.active().id}
        append(conn, Leaf(action="vault.recovered", actor=by.pseudonym, facts=facts), at=vault.clock())
    return done


def retire(vault: Vault, keys: KeyFile, *, by: Actor, also: Sequence[Also] = ()) -> tuple[str, ...]:
    """Take the keys that seal nothing any more out of the keyring; gives their ids.

    Raises RefusedError while an object is still wrapped under one of them. Backups made before need the old keys.
    """
    old = keys.ids()[1:]
    with vault.store.write() as conn:
        _rewrap_others(vault, conn, also)
        uses = records.uses_of_keys(conn)
        if waiting := sum(uses.get(key_id, 0) for key_id in old):
            raise RefusedError(
                f"{waiting} objects are still wrapped under an old key.", hint="Run `rempart vault rotate --resume`."
            )
        for key_id in old:
            append(conn, Leaf(action="vault.key_retired", actor=by.pseudonym, facts={"key": key_id}), at=vault.clock())
    for key_id in old:
        keys.remove(key_id)
    return old


def _each(
    vault: Vault,
    key_of: Callable[[SealedObject], bytes | None],
    *,
    guard: Callable[[Connection], None] | None = None,
) -> int:
    done, after = 0, ""
    service, mark = vault.keyring.active(), vault.custodians.mark
    while True:
        with vault.store.read() as conn:
            batch = records.to_rewrap(conn, key_id=service.id, mark=mark, after=after, limit=_BATCH)
        new = [(found, _wraps(vault, found, key, service)) for found in batch if (key := key_of(found)) is not None]
        with vault.store.write() if new else nullcontext() as writing:
            if writing is not None and guard is not None:
                guard(writing)
            for found, values in new:
                done += writing is not None and records.replace_wraps(writing, found, values)
        if len(batch) < _BATCH:
            return done
        after = batch[-1].id


def _wraps(vault: Vault, found: SealedObject, key: bytes, service: ServiceKey) -> dict[str, str | bytes | None]:
    return {
        "key_id": service.id,
        "wrap": wrap_key(key, service_key=service.secret, service_key_id=service.id, object_id=found.id),
        "custodian_mark": vault.custodians.mark,
        "custodian_wrap": vault.custodians.wrap(key, object_id=found.id),
    }


def _end(vault: Vault, conn: Connection, done: int, *, by: Actor, also: Sequence[Also]) -> None:
    _rewrap_others(vault, conn, also)
    facts = {"objects": done, "key": vault.keyring.active().id}
    append(conn, Leaf(action="vault.rotated", actor=by.pseudonym, facts=facts), at=vault.clock())


def _rewrap_others(vault: Vault, conn: Connection, also: Sequence[Also]) -> None:
    for one in also:
        one(conn, keyring=vault.keyring)
