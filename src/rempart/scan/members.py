"""The bytes of an archive member on their way to a decode worker: in anonymous memory, never in a file."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, cast

from rempart.scan.archives import Readable
from rempart.scan.unpack import BrokeOffError
from rempart.signals.digests import digest_stream
from rempart.signals.examine import Examination
from rempart.signals.outcome import Outcome

_CHUNK = 1 << 20


def load(stream: Readable, *, limit: int) -> int | Examination | None:
    """A memfd with the member's bytes, or, past `limit`, an examination as `too_large` with digests alone.

    None when the bytes broke off: the unpacker says why in what it yields next.
    """
    fd = os.memfd_create("member", os.MFD_CLOEXEC)
    try:
        size = 0
        while size <= limit and (data := stream.read(_CHUNK)):
            size += _write(fd, data)
        os.lseek(fd, 0, os.SEEK_SET)
        if size <= limit:
            kept, fd = fd, -1
            return kept
        return _digests_alone(fd, stream, limit)
    except BrokeOffError:
        return None
    finally:
        if fd >= 0:
            os.close(fd)


def _write(fd: int, data: bytes) -> int:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
    return len(data)


def _digests_alone(fd: int, stream: Readable, limit: int) -> Examination:
    digests = digest_stream(cast(BinaryIO, _Both(fd, stream)))
    return Examination(
        outcome=Outcome.TOO_LARGE, media_type=None, size=digests.size,
        sha256=digests.sha256, sha1=digests.sha1, md5=digests.md5,
        pdq=None, pdq_quality=None, recipe=None, width=None, height=None,
        error=f"over the limit of {limit} bytes",
    )  # fmt: skip


class _Both(io.RawIOBase):
    """What the memfd already holds, then the rest of the stream."""

    def __init__(self, fd: int, rest: Readable) -> None:
        self._fd, self._rest = fd, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return os.read(self._fd, _CHUNK if size < 0 else size) or self._rest.read(_CHUNK if size < 0 else size)

    def readinto(self, target: object) -> int:
        view = memoryview(target).cast("B")  # type: ignore[arg-type]
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)
