"""What the ledger does by itself."""

from __future__ import annotations

from rempart.evidence.ledger.sequencer import LEASE, Sequencer
from rempart.store.periodic import Periodic

SECONDS = 1.0


def periodics(sequencer: Sequencer) -> tuple[Periodic, ...]:
    """Sequence what is queued every second, and sign a checkpoint at least every minute in which there was any."""
    return (Periodic(name=LEASE, seconds=SECONDS, run=sequencer.run),)
