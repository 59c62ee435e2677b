"""Pictures that wait to be fetched: answers with addresses name the gate's own, of pictures that it let through."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from rempart.gate.keeper import Made

PATH = "/outputs/"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    made: Made
    until: float


class Held:
    """Keeps so many bytes in memory, for so many seconds; the oldest go first. Whoever has an address may fetch."""

    def __init__(self, *, most_bytes: int, seconds: float, now: Callable[[], float]) -> None:
        self._most, self._seconds, self._now = most_bytes, seconds, now
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._bytes = 0

    def put(self, made: Made) -> str:
        """Keep a picture; gives its path."""
        token = secrets.token_urlsafe(32)
        self._held[token] = _Held(made=made, until=self._now() + self._seconds)
        self._bytes += len(made.data)
        self._let_go()
        return PATH + token

    def get(self, path: str) -> Made | None:
        """The picture at a path, while it is kept."""
        self._let_go()
        found = self._held.get(path.removeprefix(PATH))
        return None if found is None else found.made

    def _let_go(self) -> None:
        now = self._now()
        while self._held:
            token, oldest = next(iter(self._held.items()))
            if oldest.until > now and self._bytes <= self._most:
                return
            self._bytes -= len(oldest.made.data)
            del self._held[token]
