"""Making a backup while the service runs: the database at one moment, and the sealed blobs it speaks of."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlalchemy import func, select

from rempart.clock import iso
from rempart.errors import BlobMissingError
from rempart.evidence.backup.archive import BackupWriter
from rempart.evidence.ledger.records import positions
from rempart.evidence.vault.keyring import Keyring
from rempart.evidence.vault.records import SealedObject, alive_objects, find_object
from rempart.store.blobs import Blobs
from rempart.store.dump import Snapshot, encoded, snapshot
from rempart.store.engine import Store

_PART = 1 << 20
SETTINGS = "settings/rempart.toml"
BACKUPS = "backups:made"
"""The subject of the leaves that say when a backup was made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What went into a backup. `missing` and `damaged`: objects whose blob was not there, or not as written."""

    made: datetime
    rows: Mapping[str, int]
    blobs: int
    blob_bytes: int
    ledger_size: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether all that should be in it is."""
        return not self.missing and not self.damaged


def make_backup(
    store: Store,
    blobs: Blobs,
    stream: IO[bytes],
    *,
    keyring: Keyring | None,
    settings: bytes,
    version: str,
    with_blobs: bool = True,
) -> Made:
    """Write a backup to a stream. Keys are never in it: neither the service key nor the ledger's.

    A blob that is missing or damaged does not stop it: it is told in the result and in the manifest. Raises
    UnavailableError when the database or the blob store is away.
    """
    made = store.clock()
    with snapshot(store) as shot:
        size = shot.conn.scalar(select(func.count()).select_from(positions)) or 0
        head = {"made": iso(made), "revision": shot.revision, "dialect": store.dialect, "version": version}
        writer = BackupWriter(stream, head={**head, "ledger_size": size, "blobs": with_blobs})
        rows = {table: _write_table(writer, shot, table) for table in shot.tables}
        objects = tuple(alive_objects(shot.conn))
    writer.add(SETTINGS, settings)
    copied = [(one, _write_blob(writer, store, blobs, one)) for one in objects] if with_blobs else []
    done = [one for one, result in copied if result == "copied"]
    result = Made(
        made=made,
        rows=rows,
        blobs=len(done),
        blob_bytes=sum(one.blob_size for one in done),
        ledger_size=size,
        missing=tuple(one.id for one, result in copied if result == "missing"),
        damaged=tuple(one.id for one, result in copied if result == "damaged"),
    )
    writer.finish({"rows": rows, "missing": result.missing, "damaged": result.damaged}, keyring)
    return result


def _write_table(writer: BackupWriter, shot: Snapshot, table: str) -> int:
    count, number = 0, 0
    head = encoded(shot.columns(table))
    part = bytearray(head)
    for row in shot.rows(table):
        part += encoded(row)
        count += 1
        if len(part) >= _PART:
            writer.add(f"tables/{table}/{number:08}.jsonl", bytes(part))
            number, part = number + 1, bytearray(head)
    if len(part) > len(head) or number == 0:
        writer.add(f"tables/{table}/{number:08}.jsonl", bytes(part))
    return count


def _write_blob(writer: BackupWriter, store: Store, blobs: Blobs, one: SealedObject) -> str:
    """Copy one blob; "destroyed" when it went since the snapshot, which the ledger will tell a restore."""
    if one.blob is None:
        return "missing"
    try:
        data = b"".join(blobs.get(one.blob))
    except BlobMissingError:
        with store.read() as conn:
            now = find_object(conn, one.id)
        return "missing" if now is None or now.destroyed is None else "destroyed"
    if hashlib.sha256(data).digest() != one.blob_sha256:
        return "damaged"
    writer.add(f"blobs/{one.blob}", data)
    return "copied"
