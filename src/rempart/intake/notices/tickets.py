"""The number that a person is told and the secret that they are shown once: short, written by hand without a mistake.

22 letters and digits that nobody takes for one another: eight of them name a notice, twenty (89 random bits) open it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

ALPHABET = "34679CDFGHJKMNPQRTVWXY"
_GROUP = 4
_NUMBER, _SECRET = 8, 20
_EVEN = 256 - 256 % len(ALPHABET)  # bytes from here on would favour some letters
_NOBODY = bytes(32)

RandomBytes = Callable[[int], bytes]


def new_number(random: RandomBytes) -> str:
    """A number for a notice: XXXX-XXXX. Whoever draws it looks whether it was given out before."""
    return _grouped(_drawn(random, _NUMBER))


def new_secret(random: RandomBytes) -> str:
    """A secret in groups: XXXX-XXXX-XXXX-XXXX-XXXX."""
    return _grouped(_drawn(random, _SECRET))


def number_of(text: str) -> str:
    """A number as it is stored, however it was typed; what is none stays none, and is looked for in vain."""
    return _grouped(_letters(text)[: _NUMBER + 1])


def hash_of(secret: str) -> bytes:
    """What is kept of a secret, however it was typed. Nobody can try 2**89 values."""
    return hashlib.sha256(_letters(secret)[: _SECRET + 1].encode("ascii", "replace")).digest()


def opens(secret: str, kept: bytes | None) -> bool:
    """Whether a secret is the one; in the same time whether it is, is not, or there is nothing to open."""
    right = hmac.compare_digest(hash_of(secret), _NOBODY if kept is None else kept)
    return right and kept is not None


def _drawn(random: RandomBytes, length: int) -> str:
    found = ""
    while len(found) < length:
        found += "".join(ALPHABET[one % len(ALPHABET)] for one in random(2 * length) if one < _EVEN)
    return found[:length]


def _letters(text: str) -> str:
    return "".join(one for one in text[:200].upper() if one.isalnum())


def _grouped(text: str) -> str:
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))
