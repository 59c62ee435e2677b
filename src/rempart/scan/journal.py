"""The journal of a scan: what was done survives a kill, a power cut and a full disk.

One file: a magic line, then blocks. A block is `RJB1`, payload length and CRC-32 of the payload (little-endian u32),
the CRC-32 of these twelve bytes, and the payload: zlib-compressed lines. The first block holds the settings that the
scan is bound to. Each block is flushed to the disk before the next one is written, so only the last can be torn: it is
dropped quietly and its files are looked at again. Damage before a readable block cannot come from a kill: refused.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import io
import json
import os
import struct
import time
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Self

from rempart.errors import CorruptFileError, ForeignFileError, RefusedError, StorageFullError

MAGIC = b"rempart scan journal 1\n"
_HEAD = struct.Struct("<4sII")
_CRC = struct.Struct("<I")
_FRAME = _HEAD.size + _CRC.size
_MARK = b"RJB1"
_LARGEST_BLOCK = 1 << 30  # one line may name every entry of a list
_LINES_PER_BLOCK, _CHARS_PER_BLOCK, _SECONDS_PER_BLOCK = 512, 4 << 20, 0.5

Settings = Mapping[str, Any]


class Journal:
    """Lines appended in durable blocks and read back in order. One process at a time (a lock says so otherwise).

    `lines` yields what is on disk; call `flush` first to have everything there. Not thread-safe.
    """

    def __init__(self, stream: io.BufferedRandom | io.FileIO, *, name: str, durable: bool) -> None:
        self._file, self._name, self._durable = stream, name, durable
        self._pending: list[str] = []
        self._pending_chars = 0
        self._since = time.monotonic()
        self._end = self._first = 0
        self.kept = 0  # where the blocks of this run begin: what lies before was done by earlier runs

    @classmethod
    def open(cls, path: str, *, settings: Settings) -> Self:
        """Open or create the journal at `path` for a scan with these settings.

        Raises RefusedError when it belongs to a scan with other settings (naming them) or is in use,
        ForeignFileError, CorruptFileError, StorageFullError.
        """
        with _storage(path):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        journal = cls(io.FileIO(fd, "r+"), name=path, durable=True)
        try:
            journal._lock()
            journal._start(settings)
        except BaseException:
            journal._file.close()
            raise
        return journal

    @classmethod
    def temporary(cls, stream: io.BufferedRandom, *, settings: Settings) -> Self:
        """A journal that ends with the process: where outputs are written from when no resume was asked for."""
        journal = cls(stream, name="temporary file", durable=False)
        journal._begin(settings)
        return journal

    def append(self, line: str) -> None:
        """Add one line (no newline in it); it is on disk after half a second of further appends, or `flush`."""
        self._pending.append(line)
        self._pending_chars += len(line)
        full = len(self._pending) >= _LINES_PER_BLOCK or self._pending_chars >= _CHARS_PER_BLOCK
        if full or time.monotonic() - self._since > _SECONDS_PER_BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write what is pending as one block and wait for the disk. Raises StorageFullError, keeping earlier blocks."""
        if self._pending:
            self._write("\n".join(self._pending).encode("utf-8"))
            self._pending, self._pending_chars = [], 0
        self._since = time.monotonic()

    def lines(self, *, before: int | None = None) -> Iterator[str]:
        """All lines on disk in order, or those of the blocks before a position."""
        position = self._first
        end = self._end if before is None else before
        while position < end:
            payload, position = self._block(position)
            yield from payload.decode("utf-8").split("\n")

    def close(self) -> None:
        """Flush and close; safe to call twice."""
        if not self._file.closed:
            try:
                self.flush()
            finally:
                self._file.close()

    def abandon(self) -> None:
        """Close without another write: what was not flushed is looked at again next time."""
        self._pending = []
        self._file.close()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise RefusedError(
                f"Another scan is using {self._name}.", hint="Wait for it, or name another file."
            ) from err

    def _start(self, settings: Settings) -> None:
        size = os.fstat(self._file.fileno()).st_size
        head = os.pread(self._file.fileno(), len(MAGIC), 0)
        if head != MAGIC:
            if MAGIC.startswith(head) and size == len(head):
                self._begin(settings)  # new, or killed before its first block
                return
            raise ForeignFileError(f"{self._name} is not a scan journal.", hint="Name another file for --resume.")
        self._end = self._sound_end(size)
        if self._end == len(MAGIC):
            self._begin(settings)
            return
        first, self._first = self._block(len(MAGIC))
        _same_settings(json.loads(first), settings, self._name)
        with _storage(self._name):
            os.ftruncate(self._file.fileno(), self._end)
        self.kept = self._end

    def _begin(self, settings: Settings) -> None:
        with _storage(self._name):
            os.ftruncate(self._file.fileno(), 0)
            os.pwrite(self._file.fileno(), MAGIC, 0)
        self._end = len(MAGIC)
        self._write(json.dumps(settings, sort_keys=True).encode("ascii"))
        self._first = self.kept = self._end

    def _write(self, raw: bytes) -> None:
        payload = zlib.compress(raw, 1)
        head = _HEAD.pack(_MARK, len(payload), zlib.crc32(payload))
        block = memoryview(head + _CRC.pack(zlib.crc32(head)) + payload)
        with _storage(self._name):
            done = 0
            while done < len(block):
                done += os.pwrite(self._file.fileno(), block[done:], self._end + done)
            if self._durable:
                os.fdatasync(self._file.fileno())
        self._end += len(block)

    def _sound_end(self, size: int) -> int:
        """Where the last whole block ends. Raises CorruptFileError when a readable block stands after a damaged one."""
        position = len(MAGIC)
        while position < size:
            try:
                _, position = self._block(position, size=size)
            except CorruptFileError:
                if self._block_after(position + 1, size):
                    raise
                break
        return position

    def _block(self, position: int, *, size: int | None = None) -> tuple[bytes, int]:
        end = self._end if size is None else size
        damaged = CorruptFileError(
            f"{self._name} is damaged at byte {position}.",
            hint="Do not rely on it: scan again with a new --resume file.",
        )
        frame = os.pread(self._file.fileno(), _FRAME, position)
        if len(frame) < _FRAME or frame[:4] != _MARK:
            raise damaged
        _, length, crc = _HEAD.unpack_from(frame)
        start = position + _FRAME
        if _CRC.unpack_from(frame, _HEAD.size)[0] != zlib.crc32(frame[: _HEAD.size]) or start + length > end:
            raise damaged
        payload = os.pread(self._file.fileno(), length, start)
        if len(payload) != length or zlib.crc32(payload) != crc:
            raise damaged
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(payload, _LARGEST_BLOCK)
        if not unpacker.eof:
            raise damaged
        return raw, start + length

    def _block_after(self, position: int, size: int) -> bool:
        """Whether a whole block begins anywhere at or after a position."""
        while position < size:
            window = os.pread(self._file.fileno(), 1 << 20, position)
            found = window.find(_MARK)
            while found >= 0:
                with contextlib.suppress(CorruptFileError, zlib.error):
                    self._block(position + found, size=size)
                    return True
                found = window.find(_MARK, found + 1)
            position += max(len(window) - len(_MARK) + 1, 1)
        return False


def _same_settings(written: Settings, wanted: Settings, name: str) -> None:
    wanted = json.loads(json.dumps(wanted))
    different = sorted(key for key in written.keys() | wanted.keys() if written.get(key) != wanted.get(key))
    if different:
        raise RefusedError(
            f"{name} belongs to another scan: {', '.join(different)} differ.",
            hint="Repeat the command as it was, or name a new file for --resume.",
        )


@contextlib.contextmanager
def _storage(name: str) -> Iterator[None]:
    """Turns a full or failing disk into the one error for it."""
    try:
        yield
    except OSError as err:
        if err.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            raise StorageFullError(
                f"{name} could not be written: {err.strerror}.",
                hint="Free some space and run the same command again; what was done is kept.",
            ) from err
        raise RefusedError(f"{name} could not be opened: {err.strerror}.") from err
