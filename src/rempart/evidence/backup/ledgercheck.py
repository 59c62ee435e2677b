"""Whether the ledger that a backup brought back is the one that was signed."""

from __future__ import annotations

from sqlalchemy import Connection, select

from rempart.errors import LedgerChangedError
from rempart.evidence.ledger.notes import VerifierKey, parse_checkpoint
from rempart.evidence.ledger.records import keys, leaves, positions
from rempart.evidence.ledger.sequencer import latest_checkpoint
from rempart.evidence.ledger.tree import Frontier, leaf_hash


def check_ledger(conn: Connection) -> int:
    """Read the whole ledger of a database and check it; gives the number of its leaves.

    What must hold:
    1. the positions go from 0 without gaps, and each leaf's hash is that of its body;
    2. the newest checkpoint's root is the root over its leaves;
    3. one of the keys on record signed that checkpoint.
    Raises LedgerChangedError. The keys on record came with the backup: whoever has the ledger's public key from
    elsewhere verifies an export with it.
    """
    newest = latest_checkpoint(conn)
    frontier = Frontier()
    query = (
        select(positions.c.position, positions.c.hash, leaves.c.body)
        .join(leaves, leaves.c.id == positions.c.leaf_id, isouter=True)
        .order_by(positions.c.position)
    )
    for position, digest, body in conn.execution_options(yield_per=1000).execute(query):
        if position != frontier.size or body is None or leaf_hash(body.encode()) != bytes(digest):  # 1
            raise LedgerChangedError(f"Leaf {frontier.size} of the ledger is not what was written.")
        frontier.add(bytes(digest))
        if newest is not None and frontier.size == newest.size and frontier.root() != newest.root:  # 2
            raise LedgerChangedError("The ledger is not the one that was signed.")
    if newest is not None:
        if frontier.size < newest.size:
            raise LedgerChangedError(f"{newest.size} leaves were signed, and {frontier.size} are there.")
        signed = parse_checkpoint(newest.note)
        signed.check([VerifierKey.parse(line) for line in conn.scalars(select(keys.c.line))])  # 3
        if (signed.size, signed.root) != (newest.size, newest.root):
            raise LedgerChangedError("The newest checkpoint is not the one that was signed.")
    return frontier.size
