"""Small secrets that have to be read again (authenticator seeds) are kept encrypted: a copy of the database is
not enough to sign in."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from rempart.errors import TamperedError
from rempart.people.tokens import RandomBytes

_NONCE = 12


class SecretBox:
    """AES-256-GCM under keys derived from the service's keys; the first seals, each may open."""

    def __init__(self, keys: Sequence[bytes], *, random: RandomBytes) -> None:
        if not keys or any(len(key) < 32 for key in keys):
            raise ValueError("a box needs at least one key of 32 bytes or more")
        self._boxes = [AESGCM(_derived(key, b"rempart people secrets v1")) for key in keys]
        self._marks = _derived(keys[0], b"rempart people marks v1")
        self._random = random

    def seal(self, secret: str, *, owner: str) -> bytes:
        """Encrypt for one owner; it opens for no other."""
        nonce = self._random(_NONCE)
        return nonce + self._boxes[0].encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, *, owner: str) -> str:
        """Decrypt. TamperedError when it was altered, or sealed for another owner or with another key."""
        for box in self._boxes:
            try:
                return box.decrypt(sealed[:_NONCE], sealed[_NONCE:], owner.encode()).decode()
            except InvalidTag:
                continue
        raise TamperedError("A stored secret does not open.", hint="Is this the right service key?")

    def mark(self, text: str) -> bytes:
        """A keyed digest, to recognise a text without keeping it."""
        return hmac.digest(self._marks, text.encode("utf-8", "surrogatepass"), sha256)


def _derived(key: bytes, info: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(key)
