"""Identifiers that can be made anywhere, sort by time, and cannot be guessed."""

from __future__ import annotations

import secrets
import threading
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: nothing that is read as something else
_LENGTH = 26
_RANDOM_BITS = 80
_PLACES = tuple(5 * place for place in reversed(range(_LENGTH)))
_BLOCK = 256


def new_id(prefix: str) -> str:
    """`prefix_` and 26 characters: 48 bits of milliseconds, then 80 random bits."""
    return _text(prefix, secrets.randbits(_RANDOM_BITS))


class Ids:
    """Many identifiers of a kind, drawn from the system in blocks: each draw gives other threads the processor.

    Safe from several threads; not to be carried over a fork.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._drawn: list[int] = []
        self._lock = threading.Lock()

    def new(self) -> str:
        """As `new_id`."""
        with self._lock:
            if not self._drawn:
                size = _RANDOM_BITS // 8
                block = secrets.token_bytes(size * _BLOCK)
                self._drawn = [int.from_bytes(block[at : at + size]) for at in range(0, len(block), size)]
            return _text(self._prefix, self._drawn.pop())


def _text(prefix: str, random: int) -> str:
    number = (time.time_ns() // 1_000_000) << _RANDOM_BITS | random
    letters = [_ALPHABET[(number >> place) & 31] for place in _PLACES]
    return f"{prefix}_{''.join(letters)}"
