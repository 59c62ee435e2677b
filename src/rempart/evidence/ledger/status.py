"""How the ledger stands, for operators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from rempart.evidence.ledger import records
from rempart.evidence.ledger.sequencer import latest_checkpoint, queued_count
from rempart.evidence.ledger.storedtree import size_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Counts of leaves. `lost` are neither in the tree nor waiting for it: somebody went around the triggers."""

    leaves: int
    in_tree: int
    waiting: int
    checkpoint_size: int | None
    signed: datetime | None

    @property
    def lost(self) -> int:
        return self.leaves - self.in_tree - self.waiting


def status_of(conn: Connection) -> Status:
    """How the ledger stands now. Counts every leaf: for a person who asks, not for each scrape of metrics."""
    waiting = queued_count(conn)
    size = size_of(conn)
    leaves = int(conn.execute(select(func.count()).select_from(records.leaves)).scalar_one())
    last = latest_checkpoint(conn)
    return Status(
        leaves=leaves,
        in_tree=size,
        waiting=waiting,
        checkpoint_size=None if last is None else last.size,
        signed=None if last is None else last.at,
    )
