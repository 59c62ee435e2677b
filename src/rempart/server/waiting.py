"""Waiting on the event loop for what threads do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette

from rempart.errors import UnavailableError

T = TypeVar("T")


class Lane:
    """Threads of their own for what waits on somebody else: a slow client, a site, a hash made slow on purpose.

    In the threads that all requests share, forty of these would stop everybody.
    """

    def __init__(self, *, threads: int, waiting: int) -> None:
        self._limiter = CapacityLimiter(threads)
        self._most, self._inside = threads + waiting, 0

    async def run(self, call: Callable[[], T]) -> T:
        """What `call` gives or raises. Raises UnavailableError at once when too many wait already."""
        if self._inside >= self._most:
            raise UnavailableError("Too many such requests are at work just now.", hint="Send it again shortly.")
        self._inside += 1
        try:
            return await to_thread.run_sync(call, limiter=self._limiter)
        finally:
            self._inside -= 1


def lane_of(app: Starlette, name: str, *, threads: int, waiting: int) -> Lane:
    """The application's own lane of that name, made at its first use."""
    lanes: dict[str, Lane] | None = getattr(app.state, "lanes", None)
    if lanes is None:
        lanes = app.state.lanes = {}
    if name not in lanes:
        lanes[name] = Lane(threads=threads, waiting=waiting)
    return lanes[name]


async def result_of(future: Future[T]) -> T:
    """What a thread's future gives or raises. Cheaper than `asyncio.wrap_future`, and never cancels the work."""
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()

    def done(_: Future[T]) -> None:
        loop.call_soon_threadsafe(_wake, waiter)

    future.add_done_callback(done)
    await waiter
    return future.result()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
