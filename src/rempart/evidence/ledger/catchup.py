"""Bringing a newer ledger into a database that was restored from an older backup, so that history goes on unforked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection, select

from rempart.errors import LedgerForkedError, RefusedError
from rempart.evidence.ledger import records
from rempart.evidence.ledger.appending import insert_leaves
from rempart.evidence.ledger.canonical import canonical
from rempart.evidence.ledger.exportfile import FULL, LeafLine, read_line, read_lines
from rempart.evidence.ledger.leaves import TIME
from rempart.evidence.ledger.notes import VerifierKey
from rempart.evidence.ledger.sequencer import keep_checkpoint, lock_tree, place
from rempart.evidence.ledger.storedtree import StoredTree, frontier_of, size_of
from rempart.evidence.ledger.tree import leaf_hash
from rempart.evidence.ledger.verify import verify_with_roots
from rempart.store.engine import Store

_BATCH = 1024


def catch_up(store: Store, path: Path, *, keys: Sequence[VerifierKey]) -> int:
    """Add to the ledger what a full export has beyond it; returns how many leaves that were.

    One transaction: it happens as a whole or not at all. Salts are in no export, so that what these leaves commit to
    can be opened only as far as the export opens it. Raises what `verify` raises, LedgerForkedError when the export
    does not go on from what the database has, and RefusedError for one that was made for outsiders.
    """
    with store.read() as conn:
        size = size_of(conn)
    found, head, roots = verify_with_roots(path, keys=keys, sizes={size})
    if found.form != FULL:
        raise RefusedError("An export for outsiders has no exact times.", hint="Bring in a full one.")
    if size > found.size:
        return 0
    with store.write() as conn:
        lock_tree(conn)
        frontier = frontier_of(conn)
        if frontier.size != size or roots[size] != StoredTree(conn, size).root():
            raise LedgerForkedError(f"The export does not go on from the {frontier.size} leaves that the database has.")
        queued = _queued(conn)
        leaves = _after(path, size)
        while batch := list(islice(leaves, _BATCH)):
            _add_missing(conn, batch, queued)
            place(conn, frontier, [(queued.pop(one.hash), canonical(one.body)) for one in batch])
        if frontier.root() != found.root:
            raise LedgerForkedError("The export was changed while it was read.")
        keep_checkpoint(conn, note=head.note, key=found.key, at=store.clock())
        return found.size - size


def _after(path: Path, size: int) -> Iterator[LeafLine]:
    with path.open("rb") as stream:
        for line in read_lines(stream):
            told = read_line(line)
            if isinstance(told, LeafLine) and told.leaf >= size:
                yield told


def _queued(conn: Connection) -> dict[bytes, int]:
    """Leaves that the backup has without a position, by their hashes: the export may have them with one."""
    rows = conn.execute(
        select(records.leaves.c.id, records.leaves.c.body).join(
            records.pending, records.pending.c.leaf_id == records.leaves.c.id
        )
    )
    return {leaf_hash(row.body.encode()): row.id for row in rows}


def _add_missing(conn: Connection, batch: Sequence[LeafLine], queued: dict[bytes, int]) -> None:
    missing = [one for one in batch if one.hash not in queued]
    rows = []
    for one in missing:
        time = next(opening for opening in one.opens or () if opening.name == TIME)
        rows.append((canonical(one.body).decode(), datetime.fromisoformat(str(time.value)), time.salt))
    ids = insert_leaves(conn, rows)
    queued.update((one.hash, id_) for one, id_ in zip(missing, ids, strict=True))
