"""Giving leaves their place in the tree, and signing checkpoints of it.

Appenders only queue their leaves, so that nobody waits for the head of the log. One process at a time moves the queue
into the tree in small transactions, each of which reads where the tree ends, so that one that stood still can never
write where another has gone on: the positions' primary key would refuse it even if lease and lock did not.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text

from rempart.errors import LeaseLostError, LedgerForkedError, RefusedError, StorageFullError
from rempart.evidence.ledger import records
from rempart.evidence.ledger.notes import Checkpoint, Signer, checkpoint_text, parse_checkpoint
from rempart.evidence.ledger.storedtree import StoredTree, frontier_of, save_tiles, size_of
from rempart.evidence.ledger.tree import Frontier, Tile, leaf_hash
from rempart.store.engine import Store
from rempart.store.prepared import Prepared
from rempart.store.workers import Worker

log = logging.getLogger(__name__)

LEASE = "sequencer"
# Checks wait for each batch's transaction: short ones, and room for theirs in between.
BATCH = 128
_PAUSE_SECONDS = 0.004
CHECKPOINT_EVERY = timedelta(seconds=30)
_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('rempart_ledger_tree'))")

Guard = Callable[[Connection], None]
"""Called at the start of each transaction; raises when it must not go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint as it was signed and stored."""

    id: int
    size: int
    root: bytes
    note: str
    at: datetime


class LastSigned:
    """The newest checkpoint in a file beside the database, so that a database that was set back is noticed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Checkpoint | None:
        """What was signed last; None when nothing was. Raises RefusedError for a file that is no checkpoint."""
        try:
            return parse_checkpoint(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as err:
            raise RefusedError(f"{self._path} is no checkpoint.") from err

    def write(self, note: str) -> None:
        """Keep a newer one in its place. Raises StorageFullError."""
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            with beside.open("w", encoding="utf-8") as stream:
                stream.write(note)
                stream.flush()
                os.fsync(stream.fileno())
            beside.replace(self._path)
        except OSError as err:
            raise StorageFullError(f"{self._path} could not be written: {err.strerror}.") from err


class Sequencer:
    """Moves queued leaves into the tree and signs its checkpoints. Safe to have in many processes."""

    def __init__(
        self,
        store: Store,
        *,
        signer: Signer,
        last_signed: LastSigned | None = None,
        batch: int = BATCH,
        every: timedelta = CHECKPOINT_EVERY,
    ) -> None:
        self._store, self._signer, self._last_signed = store, signer, last_signed
        self._batch, self._every = batch, every
        self._frontier: Frontier | None = None
        self._taking = threading.Lock()

    def run(self, worker: Worker) -> None:
        """What is to be done every second or so by whoever holds the lease: sequence, and sign when it is time."""

        def guard(conn: Connection) -> None:
            if not worker.take(conn, LEASE):
                raise LeaseLostError

        if self._has_nothing_to_do():
            return
        self.sequence(guard, pause=_PAUSE_SECONDS)
        if self._may_be_due():
            self.sign(guard, only_when_due=True)

    def checkpoint(self) -> SignedCheckpoint:
        """A checkpoint of all that was committed before the call. Needs no lease: it waits for whoever is at it."""
        self.sequence(_nobody_minds)
        return self.sign(_nobody_minds)

    def sequence(self, guard: Guard, *, pause: float = 0.0) -> int:
        """Give every queued leaf its position, a batch in each transaction and `pause` seconds between two; returns
        how many there were.

        Raises LedgerForkedError, and moves nothing, when the database was set back behind what was signed.
        """
        total = 0
        while True:
            count = self._sequence_some(guard)
            total += count
            if count < self._batch:
                return total
            time.sleep(pause)

    def sign(self, guard: Guard, *, only_when_due: bool = False) -> SignedCheckpoint:
        """The newest checkpoint; a new one is signed when the tree has grown since, or the key is another.

        Raises LedgerForkedError, and signs nothing, when the tree does not go on from what was signed before.
        """
        with self._store.write() as conn:
            guard(conn)
            lock_tree(conn)
            now, size, last = self._store.clock(), size_of(conn), latest_checkpoint(conn)
            if last is not None and (self._is_current(last, size) or (only_when_due and not self._is_due(last, now))):
                return last
            tree = StoredTree(conn, size)
            self._check_history(conn, size, last)
            root = tree.root()
            note = self._signer.sign(checkpoint_text(origin=self._signer.key.name, size=size, root=root))
            id_ = keep_checkpoint(conn, note=note, key=self._signer.key.line, at=now)
        if self._last_signed is not None:
            self._last_signed.write(note)
        return SignedCheckpoint(id=id_, size=size, root=root, note=note, at=now)

    def _has_nothing_to_do(self) -> bool:
        with self._store.read() as conn:
            if _QUEUED.rows(conn, {"most": 1}):
                return False
            last = latest_checkpoint(conn)
            return last is not None and self._is_current(last, size_of(conn))

    def _may_be_due(self) -> bool:
        """Looked at beside the writers; `sign` looks again in its own transaction."""
        with self._store.read() as conn:
            last = latest_checkpoint(conn)
        return last is None or self._is_due(last, self._store.clock())

    def _is_current(self, last: SignedCheckpoint, size: int) -> bool:
        if last.size != size:
            return False
        key = self._signer.key
        return any((one.name, one.hash) == (key.name, key.hash) for one in parse_checkpoint(last.note).signatures)

    def _is_due(self, last: SignedCheckpoint, now: datetime) -> bool:
        # A clock that was set back must not stop the checkpoints for as long.
        return not timedelta(0) <= now - last.at < self._every

    def _check_history(self, conn: Connection, size: int, last: SignedCheckpoint | None) -> None:
        """Refuse to sign a tree that is not the continuation of every tree that is known to have been signed."""
        seen = self._last_signed.read() if self._last_signed is not None else None
        for name, old in (("database", last), ("file", seen)):
            if old is None:
                continue
            if old.size > size:
                raise LedgerForkedError(
                    f"The database has {size} leaves, but a checkpoint of {old.size} was signed: it was set back.",
                    hint="Bring the newest ledger in with `rempart ledger catch-up EXPORT`.",
                )
            if StoredTree(conn, old.size).root() != old.root:
                raise LedgerForkedError(f"The tree is not the one of which {old.size} leaves were signed ({name}).")

    def _sequence_some(self, guard: Guard) -> int:
        seen, leaves = self._queue()
        if not leaves:
            return 0
        with self._taking:
            frontier, self._frontier = self._frontier, None  # kept again only when all went well
        # What needs no transaction is done before it: checks wait for as long as it takes.
        grown = grow(frontier, leaves) if frontier is not None and frontier.size == seen else None
        with self._store.write() as conn:
            guard(conn)
            lock_tree(conn)
            first = size_of(conn)
            if frontier is None or grown is None or first != seen:  # this is the first time, or somebody else was here
                self._check_history(conn, first, latest_checkpoint(conn))
                frontier, leaves = frontier_of(conn), _leaves(conn, self._batch)
                grown = grow(frontier, leaves)
            keep(conn, grown)
        self._frontier = frontier
        return len(leaves)

    def _queue(self) -> tuple[int, list[tuple[int, bytes]]]:
        """The size of the tree, and leaves that waited for their place in it: looked at beside the writers.

        They still wait, and none of them has a place, as long as the tree has this size.
        """
        with self._store.read() as conn:
            return size_of(conn), _leaves(conn, self._batch)


_QUEUED = Prepared(
    select(records.leaves.c.id, records.leaves.c.body)
    .join(records.pending, records.pending.c.leaf_id == records.leaves.c.id)
    .order_by(records.pending.c.leaf_id)
    .limit(bindparam("most"))
)
_PLACE = Prepared(insert(records.positions))
_UNQUEUE = Prepared(
    delete(records.pending).where(
        records.pending.c.leaf_id.in_(
            select(records.positions.c.leaf_id).where(records.positions.c.position >= bindparam("first"))
        )
    )
)


class Grown(NamedTuple):
    """What a tree grew by: rows of positions from `first` on, and the tiles that they finished."""

    first: int
    rows: list[dict[str, Any]]
    tiles: list[Tile]


def grow(frontier: Frontier, leaves: list[tuple[int, bytes]]) -> Grown:
    """Put leaves (number and body) at the end of the tree whose edge this is; nothing is written yet."""
    grown = Grown(frontier.size, [], [])
    for position, (leaf_id, body) in enumerate(leaves, grown.first):
        digest = leaf_hash(body)
        grown.rows.append({"position": position, "leaf_id": leaf_id, "hash": digest})
        grown.tiles.extend(frontier.append(digest))
    return grown


def keep(conn: Connection, grown: Grown) -> None:
    """Write what the tree grew by, and take its leaves out of the queue."""
    _PLACE.write(conn, grown.rows)
    save_tiles(conn, grown.tiles)
    _UNQUEUE.write(conn, [{"first": grown.first}])


def place(conn: Connection, frontier: Frontier, leaves: list[tuple[int, bytes]]) -> None:
    """Put leaves (number and body) at the end of the tree, and take them out of the queue."""
    keep(conn, grow(frontier, leaves))


def _leaves(conn: Connection, most: int) -> list[tuple[int, bytes]]:
    """The first leaves that wait for their place: number and body."""
    return [(id_, body.encode()) for id_, body in _QUEUED.rows(conn, {"most": most})]


def latest_checkpoint(conn: Connection) -> SignedCheckpoint | None:
    """The newest signed checkpoint; None before the first."""
    row = conn.execute(select(records.checkpoints).order_by(records.checkpoints.c.id.desc()).limit(1)).first()
    return (
        None
        if row is None
        else SignedCheckpoint(id=row.id, size=row.size, root=bytes(row.root), note=row.note, at=row.at)
    )


def keep_checkpoint(conn: Connection, *, note: str, key: str, at: datetime) -> int:
    """Store a signed checkpoint, and the verifier key if it is new; returns the checkpoint's number."""
    if conn.execute(select(records.keys.c.id).where(records.keys.c.line == key)).first() is None:
        conn.execute(insert(records.keys), {"line": key, "at": at})
    told = parse_checkpoint(note)
    row = {"size": told.size, "root": told.root, "note": note, "at": at}
    return int(conn.execute(insert(records.checkpoints).values(row).returning(records.checkpoints.c.id)).scalar_one())


def queued_count(conn: Connection) -> int:
    """How many leaves wait for their position."""
    return int(conn.execute(select(func.count()).select_from(records.pending)).scalar_one())


def lock_tree(conn: Connection) -> None:
    """Be the only transaction at the tree's end, until it ends. SQLite has one writer anyway."""
    if conn.dialect.name != "sqlite":
        conn.execute(_LOCK)


def _nobody_minds(conn: Connection) -> None:
    """The guard of a single step that needs no lease."""
