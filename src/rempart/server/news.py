"""Waiting for decisions: one look at the database for all who wait in a process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from rempart.errors import UnavailableError
from rempart.store.counters import current_number
from rempart.store.engine import Store

_LOOK_SECONDS = 0.25


class News:
    """Tells those who wait when the counter of decisions has moved. Lives on one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._moved: asyncio.Future[None] | None = None
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While the block runs, somebody waits."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def next_move(self) -> asyncio.Future[None]:
        """Done once something is decided after this call; take it before you look, and wait for it afterwards."""
        if self._moved is None or self._moved.done():
            self._moved = asyncio.get_running_loop().create_future()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        return self._moved

    async def _look(self) -> None:
        last: int | None = None
        while self._waiting:
            try:
                number = await run_in_threadpool(self._number)
            except UnavailableError:
                number = last
            # The first look wakes everyone too: something may have come between theirs and ours.
            if number != last and self._moved is not None and not self._moved.done():
                self._moved.set_result(None)
            last = number
            await asyncio.sleep(_LOOK_SECONDS)

    def _number(self) -> int | None:
        with self._store.read() as conn:
            return current_number(conn, "decisions")


def news_of(app: Starlette, store: Store) -> News:
    """The application's own, made at its first use."""
    found: News | None = getattr(app.state, "news", None)
    if found is None:
        found = app.state.news = News(store)
    return found
