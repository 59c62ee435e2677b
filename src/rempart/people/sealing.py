"""Small secrets that have to be read again (authenticator seeds) are kept encrypted: a copy of the database is
not enough to sign in."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rempart.errors import TamperedError
from rempart.people.tokens import RandomBytes

_NONCE = 12


class SecretBox:
    """AES-256-GCM under keys of 32 bytes or more; the first one that `keys` gives seals, each may open. They are asked
    for at every use, so that a rotation is seen at once."""

    def __init__(self, keys: Callable[[], Sequence[bytes]], *, random: RandomBytes) -> None:
        self._keys, self._random = keys, random

    def seal(self, secret: str, *, owner: str) -> bytes:
        """Encrypt for one owner; it opens for no other."""
        nonce = self._random(_NONCE)
        return nonce + _box(self._keys()[0]).encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> str:
        """Decrypt. TamperedError when it was altered, or sealed for another owner or with another key."""
        for key in self._keys():
            try:
                return _box(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode()).decode()
            except InvalidTag:
                continue
        raise TamperedError("A stored secret does not open.", hint="Is this the right service key?")

    def current(self, sealed: bytes, *, owner: str) -> bool:
        """Whether it is sealed under the first key."""
        try:
            _box(self._keys()[0]).decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode())
        except InvalidTag:
            return False
        return True

    def mark(self, text: str) -> bytes:
        """A keyed digest, to recognise a text without keeping it."""
        return hmac.digest(
            _derived(self._keys()[0], b"rempart people marks v1"), text.encode("utf-8", "surrogatepass"), sha256
        )


def _box(key: bytes) -> AESGCM:
    return AESGCM(_derived(key, b"rempart people secrets v1"))


def _derived(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)
