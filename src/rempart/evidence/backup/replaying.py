"""Repeating, after a restore, what the ledger says was done since the backup was made.

The newest ledger is brought in first (its leaves follow those of the backup, position by position). Each room says what
a leaf of its own means for the rows of today; what is repeated is not written down a second time.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, select

from rempart.errors import RefusedError
from rempart.evidence.backup.records import Restore, finish_restore, pending_restore
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.records import leaves, positions
from rempart.evidence.vault.records import erase_keys, find_object
from rempart.evidence.vault.sealing import Actor
from rempart.evidence.vault.vault import UNLINK, Vault
from rempart.store.engine import Store
from rempart.store.jobs import enqueue

_AT_ONCE = 500

Again = Callable[[Connection, Mapping[str, Any]], bool]
"""Does once more what a leaf with these facts tells of; False when there was nothing to do."""


def finish(store: Store, again: Mapping[str, Again], *, by: Actor, without_ledger: str = "") -> Mapping[str, int]:
    """Repeat the later steps and open the service again; gives how often each action was repeated.

    All of it is one transaction: until it is committed the restore is pending. `without_ledger` is the reason why
    there is no newer ledger than the backup's own, when there is none; it is written down. Raises RefusedError when no
    restore is pending, or when neither later leaves nor a reason are there.
    """
    with store.write() as conn:
        begun = pending_restore(conn)
        if begun is None:
            raise RefusedError("No restore is pending in this database.")
        done: Counter[str] = Counter()
        later = 0
        for body in _later_leaves(conn, begun):
            later += 1
            action = body["action"]
            if action in again and again[action](conn, body["facts"]):
                done[action] += 1
        if not later and not without_ledger.strip():
            raise RefusedError(
                "The ledger is not newer than the backup.",
                hint="Bring the newest one in, or say with --no-ledger why there is none.",
            )
        now = store.clock()
        facts = {"restore": begun.id, "later_leaves": later, "repeated": dict(sorted(done.items()))}
        sealed = {"reason": without_ledger} if without_ledger else {}
        append(conn, Leaf(action="restore.done", actor=by.pseudonym, facts=facts, sealed=sealed), at=now)
        finish_restore(conn, begun.id, at=now)
    return dict(done)


def destroyed_again(vault: Vault) -> Again:
    """For `vault.destroyed`: the object's keys are erased and its blob is deleted, holds or not: it was done."""

    def again(conn: Connection, facts: Mapping[str, Any]) -> bool:
        found = find_object(conn, str(facts.get("object")), lock=True)
        if found is None or found.destroyed is not None:
            return False
        now = vault.clock()
        erase_keys(conn, found.id, at=now)
        enqueue(conn, UNLINK, {"object": found.id, "blob": found.blob}, now=now, key=f"{UNLINK}:{found.id}")
        return True

    return again


def _later_leaves(conn: Connection, begun: Restore) -> list[Mapping[str, Any]]:
    """What the ledger has from the backup's size on, in its order."""
    query = (
        select(leaves.c.body)
        .join(positions, positions.c.leaf_id == leaves.c.id)
        .where(positions.c.position >= begun.ledger_size)
        .order_by(positions.c.position)
    )
    return [json.loads(body) for body in conn.scalars(query)]
