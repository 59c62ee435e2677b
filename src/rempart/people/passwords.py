"""Passwords: argon2id, at most two at work at a time, because each takes 64 MiB."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from rempart.errors import RefusedError, TooManyRequestsError

SHORTEST, LONGEST = 12, 256
_WAIT = 8.0


class Passwords:
    """Hashes and checks passwords. Parameters follow RFC 9106 §4, second recommendation, with one lane."""

    def __init__(self, *, time_cost: int = 3, memory_kib: int = 65536, at_once: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._turn = threading.BoundedSemaphore(at_once)
        self._nobody = ""
        self._making = threading.Lock()

    def hashed(self, password: str) -> str:
        """What is stored."""
        with self._working():
            return self._hasher.hash(_bytes(password))

    def right(self, stored: str | None, password: str) -> bool:
        """Whether it is the password. Without one stored, as much work is done, and the answer is no."""
        known = stored is not None
        against = stored if stored is not None else self._dummy()
        with self._working():
            try:
                self._hasher.verify(against, _bytes(password[: LONGEST * 4]))
            except (VerificationError, InvalidHashError):
                return False
        return known

    def outdated(self, stored: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _dummy(self) -> str:
        with self._making:
            if not self._nobody:
                self._nobody = self._hasher.hash("nobody has this password")
            return self._nobody

    @contextmanager
    def _working(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=_WAIT):
            raise TooManyRequestsError("Too many people are signing in.", hint="Try again in a moment.", retry_after=5)
        try:
            yield
        finally:
            self._turn.release()


def refuse_weak(password: str, *, names: tuple[str, ...]) -> None:
    """RefusedError for a password that is too short, too long, or the person's own name, or one pattern repeated."""
    text = _normal(password)
    if len(text) < SHORTEST:
        raise RefusedError("The password is too short.", hint="Use at least 12 characters; several words are good.")
    if len(text) > LONGEST:
        raise RefusedError("The password is too long.", hint="Use at most 256 characters.")
    folded = text.casefold()
    rest = folded
    for name in sorted(names, key=len, reverse=True):
        rest = rest.replace(name.casefold(), "") if len(name) >= 3 else rest
    if (
        len(rest) < SHORTEST // 2
        or len(set(folded)) < 5
        or any(folded == folded[:n] * (len(folded) // n) for n in (5, 6))
    ):
        raise RefusedError(
            "The password is too easy to guess.", hint="Use several words that have nothing to do with you."
        )


def _normal(password: str) -> str:
    return unicodedata.normalize("NFC", password)


def _bytes(password: str) -> bytes:
    return _normal(password).encode("utf-8", "surrogatepass")
