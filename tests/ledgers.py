"""Ledgers for tests: made on a real store, exported, and tampered with."""

import io
import tracemalloc
from pathlib import Path

from rempart.clock import utc_now
from rempart.evidence.ledger import Leaf, append_many
from rempart.evidence.ledger.export import export
from rempart.evidence.ledger.notes import Signer
from rempart.evidence.ledger.sequencer import Sequencer
from rempart.evidence.ledger.status import status_of
from rempart.evidence.ledger.verify import verify
from rempart.store.engine import Store
from rempart.store.migrate import upgrade


def some_leaves(count, first=0):
    """Leaves like those of a working service."""
    return [
        Leaf(
            action="check.answered",
            actor="svc-1",
            facts={"verdict": "hold" if n % 3 else "allow", "probe": "canonical", "distance": n % 32},
            sealed={"item_id": f"photo-{n}", "sha256": n.to_bytes(32, "big"), "uploader": f"someone-{n % 7}"},
            subject=f"item:{n}" if n % 5 else None,
        )
        for n in range(first, first + count)
    ]


class Log:
    """A ledger of its own on SQLite."""

    def __init__(self, folder: Path, *, signer=None, name="example.org/ledger"):
        folder.mkdir(parents=True, exist_ok=True)
        self.store = Store.open(f"sqlite:///{folder / 'rempart.db'}", clock=utc_now)
        upgrade(self.store)
        self.signer = signer or Signer.generate(name)
        self.sequencer = Sequencer(self.store, signer=self.signer)
        self.count = 0

    @property
    def key(self):
        return self.signer.key

    def grow(self, count, *, leaves=None):
        """Write leaves down and sign; returns the checkpoint's note."""
        with self.store.write() as conn:
            append_many(conn, leaves or some_leaves(count, self.count), at=utc_now())
        self.count += count
        return self.sequencer.checkpoint().note

    def export(self, *, outsider=False):
        stream = io.BytesIO()
        export(self.store, stream, outsider=outsider)
        return stream.getvalue()

    def close(self):
        self.store.close()


def peak_of(store, folder: Path, size: int, signer=None) -> int:
    """The most memory that Python held while a ledger of this size was sequenced, exported and verified."""
    signer, path = signer or Signer.generate("example.org/ledger"), folder / "export.jsonl"
    with store.read() as conn:
        count = status_of(conn).leaves
    for first in range(count, size, 512):
        with store.write() as conn:
            append_many(conn, some_leaves(min(512, size - first), first), at=utc_now())
    tracemalloc.start()
    try:
        Sequencer(store, signer=signer).checkpoint()
        with path.open("wb") as stream:
            export(store, stream)
        assert verify(path, keys=[signer.key]).size == size
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
