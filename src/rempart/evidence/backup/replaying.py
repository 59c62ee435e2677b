"""Repeating, after a restore, what the ledger says was done since the backup was made.

The newest ledger is brought in first, so that history goes on unforked. Each room says what a leaf of its own means for
the rows of today; what is repeated is not written down a second time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from rempart.errors import RefusedError
from rempart.evidence.backup.records import Restore, finish_restore, pending_restore
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.ledger.exportfile import LeafLine, read_line, read_lines
from rempart.evidence.ledger.leaves import SUBJECT
from rempart.evidence.ledger.records import positions
from rempart.evidence.vault.records import Custody, erase_keys, find_object, log_custody
from rempart.evidence.vault.sealing import Actor
from rempart.evidence.vault.vault import UNLINK, Vault
from rempart.store.engine import Store
from rempart.store.jobs import enqueue


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A leaf that is later than the backup. `subject` is None where its salt was erased."""

    position: int
    action: str
    facts: Mapping[str, Any]
    subject: str | None


Again = Callable[[Connection, Step], bool]
"""Does a step once more; False when there was nothing to do."""


def later_steps(export: Path, *, after: int) -> Iterator[Step]:
    """The leaves of a full export from position `after` on, in their order. The export has been verified before."""
    with export.open("rb") as stream:
        for line in read_lines(stream):
            told = read_line(line)
            if isinstance(told, LeafLine) and told.leaf >= after:
                subjects = [str(one.value) for one in told.opens or () if one.name == SUBJECT]
                subject = subjects[0] if subjects else None
                body = told.body
                yield Step(position=told.leaf, action=body["action"], facts=body["facts"], subject=subject)


def finish(
    store: Store, steps: Iterable[Step], again: Mapping[str, Again], *, by: Actor, without_ledger: str = ""
) -> Mapping[str, int]:
    """Repeat the later steps and open the service again; gives how often each action was repeated.

    The newest ledger has been brought in before. All of it is one transaction: until then the restore is pending.
    `without_ledger` is the reason why there is no newer ledger than the backup's own, when there is none; it is written
    down. Raises RefusedError when no restore is pending, or when neither later steps nor a reason are there.
    """
    with store.write() as conn:
        begun = pending_restore(conn)
        if begun is None:
            raise RefusedError("No restore is pending in this database.")
        done: Counter[str] = Counter()
        later = 0
        known = _already_in(conn, begun)
        for step in steps:
            later += 1
            if step.position not in known and step.action in again and again[step.action](conn, step):
                done[step.action] += 1
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


def _already_in(conn: Connection, begun: Restore) -> frozenset[int]:
    """Positions of leaves that the backup had, though not yet in the tree: what they tell of is in it too."""
    own = positions.c.position >= begun.ledger_size, positions.c.leaf_id <= begun.last_leaf
    return frozenset(conn.scalars(select(positions.c.position).where(*own)))


def destroyed_again(vault: Vault) -> Again:
    """For `vault.destroyed`: the object's keys are erased and its blob is deleted, holds or not: it was done."""

    def again(conn: Connection, step: Step) -> bool:
        found = find_object(conn, str(step.facts.get("object")), lock=True)
        if found is None or found.destroyed is not None:
            return False
        now = vault.clock()
        erase_keys(conn, found.id, at=now)
        log_custody(conn, found.id, Custody(at=now, who="restore", action="destroyed", why="again", result="done"))
        enqueue(conn, UNLINK, {"object": found.id, "blob": found.blob}, now=now, key=f"{UNLINK}:{found.id}")
        return True

    return again
