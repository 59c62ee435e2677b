"""Temporary files for building lists in flat memory: append records, then read them back in sorted partitions.

The files are unnamed (unlinked at birth), so a kill at any moment leaves nothing of a list behind.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from rempart.errors import DISK_FULL, StorageFullError, UnavailableError

PARTITION = 1 << 18
"""Records sorted at once: with keys of 32 bytes this needs about 60 MB."""
_BUFFER = 1 << 20


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Turn a full disk (or a file size limit) into StorageFullError, what else fails into UnavailableError."""
    try:
        yield
    except OSError as err:
        if err.errno not in DISK_FULL:
            raise UnavailableError(f"The list could not be written: {err.strerror}.") from err
        raise StorageFullError(
            "No room left while building the list.", hint="Nothing was changed; free some space and try again."
        ) from err


class Spool:
    """An append-only temporary file; `close` gives its room back."""

    def __init__(self, folder: Path) -> None:
        with full_disk_told():
            self._file: IO[bytes] = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._pending = bytearray()
        self.size = 0

    def append(self, data: bytes | bytearray | memoryview) -> None:
        """Add bytes at the end; raises StorageFullError."""
        self._pending += data
        self.size += len(data)
        if len(self._pending) >= _BUFFER:
            self._flush()

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from `start` to `stop` in pieces of at most 1 MiB."""
        self._flush()
        while start < stop:
            self._file.seek(start)
            piece = self._file.read(min(_BUFFER, stop - start))
            if not piece:
                raise StorageFullError("A temporary file was cut short.")
            yield piece
            start += len(piece)

    def records(self, dtype: DTypeLike, *, at_once: int = PARTITION) -> Iterator[NDArray[Any]]:
        """The file's records in order, as arrays of at most `at_once`."""
        self._flush()
        wanted = np.dtype(dtype)
        position = 0
        while position < self.size:
            self._file.seek(position)
            length = min(at_once * wanted.itemsize, self.size - position)
            data = self._read(length)
            yield np.frombuffer(data, wanted)
            position += length

    def mapped(self, dtype: DTypeLike) -> NDArray[Any]:
        """The whole file as a writable array over its mapping; read and written on demand, not loaded."""
        self._flush()
        wanted = np.dtype(dtype)
        if not self.size:
            return np.empty(0, wanted)
        return np.memmap(self._file, wanted, mode="r+", shape=(self.size // wanted.itemsize,))

    def close(self) -> None:
        """Drop the file."""
        self._pending = bytearray()
        self._file.close()

    def _read(self, length: int) -> bytearray:
        data = bytearray(length)
        view, done = memoryview(data), 0
        while done < length:
            piece = self._file.read(length - done)
            if not piece:
                raise StorageFullError("A temporary file was cut short.")
            view[done : done + len(piece)] = piece
            done += len(piece)
        return data

    def _flush(self) -> None:
        if not self._pending:
            return
        # Taken before it is written: an error's traceback would hold on to a view of what is still to be added to.
        view, done = memoryview(self._pending), 0
        self._pending = bytearray()
        with full_disk_told():
            self._file.seek(0, 2)
            while done < len(view):
                done += self._file.write(view[done:])


class Spools:
    """The temporary files of one build, in one folder; `close` drops those that are left, whatever happened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: list[Spool] = []

    def new(self) -> Spool:
        """An empty spool; raises StorageFullError or UnavailableError."""
        spool = Spool(self._folder)
        self._made.append(spool)
        return spool

    def filled(self, size: int) -> Spool:
        """A spool of `size` zero bytes that have their room on the disk, to be mapped and written."""
        spool = self.new()
        for start in range(0, size, _BUFFER):
            spool.append(bytes(min(_BUFFER, size - start)))
        return spool

    def close(self) -> None:
        """Drop all of them; harmless when done before."""
        for spool in self._made:
            spool.close()
        self._made.clear()


def partitions(
    spool: Spool, dtype: DTypeLike, spools: Spools, bucket: Callable[[NDArray[Any], int], NDArray[np.int64]]
) -> Iterator[NDArray[Any]]:
    """Yield the spool's records in groups small enough to sort, the groups themselves in ascending order.

    `bucket(records, n)` gives each record's group, 0 to n-1, and must not decrease with the sort key. Within a
    group the records stand in the order they were appended.
    """
    wanted = np.dtype(dtype)
    count = -(-(spool.size // wanted.itemsize) // PARTITION)
    if count <= 1:
        yield from spool.records(wanted)
        return
    groups = [spools.new() for _ in range(min(count, 512))]
    try:
        for records in spool.records(wanted):
            into = bucket(records, len(groups))
            order = np.argsort(into, kind="stable")
            ends = np.searchsorted(into[order], np.arange(len(groups) + 1))
            ordered = records[order]
            for group, start, stop in zip(groups, ends[:-1], ends[1:], strict=True):
                group.append(ordered[start:stop].tobytes())
        for group in groups:
            yield from group.records(wanted, at_once=max(1, group.size // wanted.itemsize))
            group.close()
    finally:
        for group in groups:
            group.close()


def key_bucket(records: NDArray[Any], groups: int) -> NDArray[np.int64]:
    """The group of records by the first four bytes of their `key` field, as `partitions` needs it."""
    lead = np.ascontiguousarray(records["key"][:, :4]).view(">u4").reshape(-1).astype(np.int64)
    return np.asarray(lead * groups >> 32, dtype=np.int64)


def words(keys: NDArray[np.uint8]) -> tuple[NDArray[np.uint64], ...]:
    """The columns of an (n, L) key array as numbers, least significant first, as np.lexsort takes them."""
    rows, length = keys.shape
    padded = np.zeros((rows, -(-length // 8) * 8), np.uint8)
    padded[:, :length] = keys
    columns = padded.view(">u8").astype(np.uint64)
    return tuple(columns[:, at] for at in range(columns.shape[1] - 1, -1, -1))


def starts(*columns: NDArray[Any]) -> NDArray[np.bool_]:
    """True where a row of sorted columns differs from the row before it (the first row: True)."""
    new = np.zeros(len(columns[0]), np.bool_)
    new[:1] = True
    for column in columns:
        new[1:] |= column[1:] != column[:-1]
    return new
