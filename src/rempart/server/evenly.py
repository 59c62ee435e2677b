"""Refusals that leave at even times: how long one took says nothing about its cause."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable


class EvenTimes:
    """Answers wait for the next whole multiple of `step` seconds since they were asked for."""

    def __init__(
        self,
        step: float,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._step, self._monotonic, self._sleep = step, monotonic, sleep

    def now(self) -> float:
        """The moment that `wait` is to be told later."""
        return self._monotonic()

    async def wait(self, began: float) -> None:
        """Until the next step since `began`; however short the work was, that is one step at least."""
        passed = self._monotonic() - began
        await self._sleep(max(1, math.ceil(passed / self._step)) * self._step - passed)
