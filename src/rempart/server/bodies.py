"""Request bodies in bounded memory: each within its size and time, all of them within a budget of the process.

Nothing is ever spooled to a file. A body that never ends, or comes too slowly, is given up.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from starlette.requests import Request

from rempart.errors import UnavailableError
from rempart.server.problems import ProblemError


class BodyMemory:
    """How many bytes of bodies a process holds at a time, from their first byte until they are let go."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held = 0
        self._lock = threading.Lock()

    @property
    def held(self) -> int:
        """Bytes that are held now."""
        return self._held

    def take(self, count: int) -> None:
        """Count bytes in. Raises UnavailableError when they do not fit."""
        with self._lock:
            if self._held + count > self._most:
                raise UnavailableError("Too many uploads are being read at the moment.", hint="Send it again shortly.")
            self._held += count

    def give_back(self, count: int) -> None:
        """Count bytes out."""
        with self._lock:
            self._held -= count

    @contextmanager
    def share(self) -> Iterator[Share]:
        """A body's part of the memory, given back when the block ends."""
        share = Share(self)
        try:
            yield share
        finally:
            share.close()


class Share:
    """One body's part; grows as the body does."""

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._taken = 0

    def grow(self, count: int) -> None:
        """Take more. Raises UnavailableError when it does not fit."""
        self._memory.take(count)
        self._taken += count

    def close(self) -> None:
        """Give everything back; once is enough."""
        taken, self._taken = self._taken, 0
        self._memory.give_back(taken)


@asynccontextmanager
async def body_of(request: Request, memory: BodyMemory, *, most: int, seconds: float) -> AsyncIterator[bytes]:
    """A request's whole body, counted against the memory until the block ends.

    Raises ProblemError 415 for a body that is compressed on its way, 413 for one over `most` bytes, 408 when it is not
    there after `seconds`, 400 when the client went away in the middle; UnavailableError when the process holds too
    many bodies.
    """
    refuse_encoded(request)
    with memory.share() as share:
        parts: list[bytes] = []
        async for part in pieces_of(request, most=most, seconds=seconds):
            try:
                share.grow(len(part))
            except UnavailableError as err:
                raise ProblemError(503, err.message, hint=err.hint, slug="unavailable", close=True) from err
            parts.append(part)
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        yield data


def refuse_encoded(request: Request) -> None:
    """Raise ProblemError 415 for a body with a Content-Encoding: what would be looked at is not what was sent, and
    compressed bytes are on no list."""
    for told in request.headers.getlist("content-encoding"):
        if told.strip().lower() not in ("", "identity"):
            raise ProblemError(
                415,
                f"The body has the Content-Encoding {told[:40]!r}.",
                hint="Send it as it is, without Content-Encoding.",
                close=True,
            )


async def pieces_of(request: Request, *, most: int, seconds: float) -> AsyncIterator[bytes]:
    """The pieces of a body as they come, within its limits; errors as in `body_of`."""
    told = request.headers.get("content-length")
    if told is not None and told.isdigit() and int(told) > most:
        raise _too_large(most)
    size = 0
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                message = await request.receive()
        except TimeoutError as err:
            raise ProblemError(
                408,
                f"The body was not complete after {seconds:g} s.",
                hint="Send it faster, or smaller.",
                close=True,
            ) from err
        if message["type"] != "http.request":
            raise ProblemError(400, "The connection ended within the body.", slug="cut-short", close=True)
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_large(most)
        if part:
            yield part
        if not message.get("more_body"):
            return


def _too_large(most: int) -> ProblemError:
    return ProblemError(
        413,
        f"The body has more than {most} bytes.",
        hint="Send less, or have the operator raise `server.body_bytes`.",
        slug="too-large",
        close=True,
    )
