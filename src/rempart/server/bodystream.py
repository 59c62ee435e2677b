"""A request's body as a file, for code in a thread that reads it while it comes: memory stays flat, and a client that
is slower than the reader is waited for, one that is faster is held back."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

from anyio import from_thread
from starlette.requests import Request

from rempart.server.bodies import pieces_of

_BUFFER = 1 << 16


class _Body(io.RawIOBase):
    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = memoryview(from_thread.run(self._next))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size

    async def _next(self) -> bytes:
        return await anext(self._pieces, b"")


def streamed(request: Request, *, most: int, seconds: float) -> io.BufferedReader:
    """The body of a request, to be read in a worker thread of its event loop (`anyio.to_thread`).

    Reading raises ProblemError: 413 over `most` bytes, 408 when it is not there after `seconds`, 400 when it is cut
    short.
    """
    return io.BufferedReader(_Body(pieces_of(request, most=most, seconds=seconds)), _BUFFER)
