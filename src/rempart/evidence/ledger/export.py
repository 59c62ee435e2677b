"""Writing an export from the database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from sqlalchemy import Connection, bindparam, select

from rempart.errors import LedgerIncompleteError
from rempart.evidence.ledger import records
from rempart.evidence.ledger.exportfile import FULL, OUTSIDER, end_line, head_line, leaf_line, tile_count, tile_line
from rempart.evidence.ledger.leaves import SALT_BYTES, SUBJECT, TIME, Opening, time_text
from rempart.evidence.ledger.notes import VerifierKey, parse_checkpoint
from rempart.evidence.ledger.sequencer import SignedCheckpoint, latest_checkpoint
from rempart.evidence.ledger.tree import TILE_WIDTH
from rempart.store.engine import Store

_RANGE = (
    select(
        records.positions.c.position,
        records.positions.c.hash,
        records.leaves.c.id,
        records.leaves.c.body,
        records.leaves.c.at,
        records.leaves.c.at_salt,
        records.salts.c.subject,
        records.salts.c.salts,
    )
    .join(records.leaves, records.leaves.c.id == records.positions.c.leaf_id)
    .join(records.salts, records.salts.c.leaf_id == records.positions.c.leaf_id, isouter=True)
    .where(records.positions.c.position >= bindparam("start"), records.positions.c.position < bindparam("end"))
    .order_by(records.positions.c.position)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export holds."""

    size: int
    form: str
    note: str


def export(store: Store, stream: IO[bytes], *, outsider: bool = False) -> Exported:
    """Write the leaves up to the newest checkpoint to `stream`, a tile at a time in bounded memory.

    `outsider`: times by the day only, and no subjects. What stands in the database is written as it is: whether it was
    tampered with is for `verify` to say. Raises LedgerIncompleteError when nothing was signed yet.
    """
    told, lines = begin(store, outsider=outsider)
    for line in lines:
        stream.write(line)
    return told


def begin(store: Store, *, outsider: bool = False) -> tuple[Exported, Iterator[bytes]]:
    """What an export will hold, and its lines as they are read; otherwise as `export`."""
    with store.read() as conn:
        checkpoint, key, stamp = _statement(conn)
    form = OUTSIDER if outsider else FULL
    timestamp = None if outsider else stamp
    told = Exported(size=checkpoint.size, form=form, note=checkpoint.note)
    return told, _ended(_lines(store, checkpoint, form=form, key=key, timestamp=timestamp), size=checkpoint.size)


def _ended(lines: Iterator[bytes], *, size: int) -> Iterator[bytes]:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
        yield line
    yield end_line(size, digest.digest())


def _lines(
    store: Store, checkpoint: SignedCheckpoint, *, form: str, key: str, timestamp: bytes | None
) -> Iterator[bytes]:
    yield head_line(note=checkpoint.note, form=form, key=key, timestamp=timestamp)
    for tile in range(tile_count(checkpoint.size)):
        with store.read() as conn:  # rows never change: a moment for each tile is as good as one for all
            rows = leaf_rows(conn, tile * TILE_WIDTH, min(checkpoint.size, (tile + 1) * TILE_WIDTH))
        yield tile_line(tile, b"".join(bytes(row.hash) for row in rows))
        for row in rows:
            yield leaf_line(row.position, row.body.encode(), None if form == OUTSIDER else openings(row))


def leaf_rows(conn: Connection, start: int, end: int) -> list[Any]:
    """Leaves by position, with what is known of them: position, hash, id, body, at, at_salt, subject, salts."""
    return list(conn.execute(_RANGE, {"start": start, "end": end}).all())


def openings(row: Any) -> dict[str, Opening]:
    """What opens a leaf's exact time, and its subject unless that was erased."""
    found = {TIME: Opening(name=TIME, salt=bytes(row.at_salt), value=time_text(row.at))}
    if row.salts is not None and row.subject is not None:
        found[SUBJECT] = Opening(name=SUBJECT, salt=salt_of(row.body, row.salts, SUBJECT), value=row.subject)
    return found


def salt_of(body: str, salts: bytes, name: str) -> bytes:
    """The salt of one commitment out of a leaf's row of salts. KeyError when the leaf has none of that name."""
    names = sorted(json.loads(body)["sealed"].keys() - {TIME})
    if name not in names:
        raise KeyError(name)
    place = names.index(name) * SALT_BYTES
    return bytes(salts[place : place + SALT_BYTES])


def _statement(conn: Connection) -> tuple[SignedCheckpoint, str, bytes | None]:
    """The newest checkpoint, the line of the key that signed it, and its time stamp."""
    checkpoint = latest_checkpoint(conn)
    if checkpoint is None:
        raise LedgerIncompleteError("No checkpoint was signed yet.", hint="Make one with `rempart ledger checkpoint`.")
    stamps = select(records.timestamps.c.response).where(records.timestamps.c.checkpoint_id == checkpoint.id)
    stamp = conn.execute(stamps).scalar_one_or_none()
    return checkpoint, signing_key(conn, checkpoint.note), None if stamp is None else bytes(stamp)


def signing_key(conn: Connection, note: str) -> str:
    """The line of the verifier key under a checkpoint of ours. Raises LedgerIncompleteError when it is not known."""
    signers = {one.key_id for one in parse_checkpoint(note).signatures}
    for line in key_lines(conn):
        if VerifierKey.parse(line).id in signers:
            return line
    raise LedgerIncompleteError("The key that signed the newest checkpoint is not in the database.")


def key_lines(conn: Connection) -> list[str]:
    """Every verifier key that ever signed here, the newest first."""
    return list(conn.execute(select(records.keys.c.line).order_by(records.keys.c.id.desc())).scalars())
