"""Waiting on the event loop for what threads do."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


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
