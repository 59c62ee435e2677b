"""Whether the sealed bytes are all there and as they were written, told without opening any."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from rempart.errors import BlobMissingError
from rempart.evidence.vault.records import SealedObject, find_object, objects_after
from rempart.store.blobs import Blobs
from rempart.store.engine import Store

_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobCheck:
    """How many objects are as they were sealed, and which are not."""

    good: int
    missing: tuple[str, ...]
    damaged: tuple[str, ...]


def check_blobs(store: Store, blobs: Blobs) -> BlobCheck:
    """Read every blob and compare its SHA-256 with the one that was taken when it was written."""
    good, missing, damaged, after = 0, list[str](), list[str](), ""
    while True:
        with store.read() as conn:
            batch = objects_after(conn, after, limit=_BATCH)
        for one in batch:
            state = blob_state(store, blobs, one)
            good += state == "good"
            (missing if state == "missing" else damaged if state == "damaged" else []).append(one.id)
        if len(batch) < _BATCH:
            return BlobCheck(good=good, missing=tuple(missing), damaged=tuple(damaged))
        after = batch[-1].id


def blob_state(store: Store, blobs: Blobs, one: SealedObject) -> str:
    """`good`, `missing`, `damaged`; `destroyed` when the object was destroyed meanwhile."""
    digest = hashlib.sha256()
    try:
        for piece in blobs.get(one.blob or ""):
            digest.update(piece)
    except BlobMissingError:
        with store.read() as conn:
            now = find_object(conn, one.id)
        return "missing" if now is None or now.destroyed is None else "destroyed"
    return "good" if digest.digest() == one.blob_sha256 else "damaged"
