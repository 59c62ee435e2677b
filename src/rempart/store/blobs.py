"""Where sealed bytes lie: a folder by default, an object store by URL.

A blob is written once under a random name, whole or not at all, and is on the disk when `put` returns. What lies here
is ciphertext: this module never sees a key.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from rempart.errors import BlobMissingError, BlobStoreUnavailableError, RefusedError
from rempart.store.blobfolder import PIECE, BlobFound, FolderBlobs

_BELIEVED = 10.0
_PARTS_AT_ONCE = 4
SCHEMES = frozenset({"file", "memory", "s3", "s3a", "gs", "az", "adl", "azure", "abfs", "abfss"})


class Blobs(Protocol):
    """A place for blobs. Every method may raise BlobStoreUnavailableError."""

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a blob; when this returns it outlives a power cut. Raises StorageFullError too."""

    def get(self, name: str) -> Iterator[bytes]:
        """Yield a blob's bytes in pieces of any size. Raises BlobMissingError."""

    def delete(self, name: str) -> None:
        """Remove a blob; harmless when it is not there."""

    def found(self) -> Iterator[BlobFound]:
        """Yield every blob in no order, also what an interrupted `put` left behind."""

    def check(self) -> None:
        """Raise BlobStoreUnavailableError when nothing could be written now."""


def open_blobs(url: str, *, options: Mapping[str, str] | None = None, timeout: float = 30.0) -> Blobs:
    """The blobs at a URL or in a folder: `blobs`, `file:///…`, `s3://bucket/prefix`, `gs://…`, `az://…`, `memory:///`.

    `options` go to the object store as they are (`endpoint`, `region`, keys, …; what is missing it takes from its own
    environment variables or the machine's role). A request that takes longer than `timeout` seconds counts as
    unavailable. Raises RefusedError for an address that means nothing, BlobStoreUnavailableError.
    """
    scheme, _, rest = url.rpartition("://")
    if scheme in ("", "file"):
        return FolderBlobs(_path_of(rest) if scheme else Path(url))
    if scheme not in SCHEMES:
        raise RefusedError(f"{scheme}:// is no place for blobs.", hint="Name a folder, s3://, gs:// or az://.")
    return ObjectBlobs(_opened(url, scheme, dict(options or {}), timeout), place=f"{scheme}://{rest.partition('/')[0]}")


class ObjectBlobs:
    """Blobs in an object store, through obstore: an upload of many parts appears only when it is whole."""

    def __init__(self, store: Any, *, place: str) -> None:
        self._store = store
        self._place = place
        self._well_until = 0.0

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a blob, in parts when it is long."""
        import obstore

        try:
            obstore.put(self._store, name, _joined(pieces), max_concurrency=_PARTS_AT_ONCE)
        except _foreign() as err:
            raise self._away(err) from err

    def get(self, name: str) -> Iterator[bytes]:
        """Yield a blob's bytes."""
        import obstore

        try:
            for piece in obstore.get(self._store, name).stream(min_chunk_size=PIECE):
                yield bytes(piece)
        except FileNotFoundError as err:
            raise BlobMissingError(f"The blob {name} is not in {self._place}.") from err
        except _foreign() as err:
            raise self._away(err) from err

    def delete(self, name: str) -> None:
        """Remove a blob."""
        import obstore

        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            return
        except _foreign() as err:
            raise self._away(err) from err

    def found(self) -> Iterator[BlobFound]:
        """Yield every blob below the prefix."""
        import obstore

        try:
            for batch in obstore.list(self._store):
                for one in batch:
                    yield BlobFound(name=one["path"], size=one["size"], modified=one["last_modified"])
        except _foreign() as err:
            raise self._away(err) from err

    def check(self) -> None:
        """Write and remove a blob of one byte; when that went well, it is believed for ten seconds."""
        if time.monotonic() < self._well_until:
            return
        self.put("check", [b"."])
        self.delete("check")
        self._well_until = time.monotonic() + _BELIEVED

    def _away(self, err: Exception) -> BlobStoreUnavailableError:
        said = str(err).splitlines()[0][:200] if str(err) else type(err).__name__
        return BlobStoreUnavailableError(f"{self._place} did not answer as it should: {said}")


def _joined(pieces: Iterable[bytes]) -> bytes | Iterator[bytes]:
    """The bytes themselves when they are one piece or two: a short blob is one request and not three."""
    waiting = iter(pieces)
    first = next(waiting, b"")
    second = next(waiting, b"")
    third = next(waiting, None)
    if third is None:
        return first + second
    return _chained((first, second, third), waiting)


def _chained(first: Iterable[bytes], rest: Iterable[bytes]) -> Iterator[bytes]:
    yield from first
    yield from rest


def _path_of(rest: str) -> Path:
    """The path of a `file://` address, in which characters may stand as %XX."""
    escaped = re.compile(rb"%([0-9A-Fa-f]{2})")
    return Path(os.fsdecode(escaped.sub(lambda found: bytes([int(found[1], 16)]), os.fsencode(rest))))


def _opened(url: str, scheme: str, options: dict[str, str], timeout: float) -> Any:
    from obstore import store as stores

    if scheme == "memory":
        return stores.MemoryStore()
    plain = options.get("endpoint", "").startswith("http://")
    seconds = timedelta(seconds=timeout)
    client: dict[str, Any] = {"timeout": seconds, "connect_timeout": min(seconds, timedelta(seconds=5))}
    if plain:
        client["allow_http"] = True
    retry: dict[str, Any] = {"max_retries": 2, "retry_timeout": seconds}
    try:
        return stores.from_url(url, client_options=client, retry_config=retry, **options)  # type: ignore[call-overload]
    except Exception as err:  # whatever the library makes of what the operator wrote
        raise RefusedError(f"The blob store cannot be opened: {str(err).splitlines()[0][:200]}") from err


def _foreign() -> tuple[type[Exception], ...]:
    """What obstore raises: its own tree, and Python's for what is missing or forbidden."""
    from obstore.exceptions import BaseError

    return (BaseError, OSError)
