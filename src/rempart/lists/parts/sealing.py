"""Features are sealed under the service key, each for its own entry: they can be turned back into a picture."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection

from rempart.errors import TamperedError
from rempart.evidence.vault import Keyring
from rempart.lists.parts import records
from rempart.provenance.partial.features import VERSION

_PURPOSE = "parts"
_NONCE = 12


class PartBox:
    """AES-256-GCM under a key derived from each service key: the active one seals, each may open."""

    def __init__(self, keyring: Keyring) -> None:
        self._boxes = [AESGCM(keyring.get(key_id).derived(_PURPOSE)) for key_id in keyring.ids()]

    def seal(self, data: bytes, *, number: int, ref: str) -> bytes:
        """Encrypt for one entry of a list, by its number and the entry's reference; it opens for no other."""
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._boxes[0].encrypt(nonce, data, _owner(number, ref))

    def open(self, sealed: bytes, *, number: int, ref: str) -> bytes:
        """Decrypt. Raises TamperedError when it was altered, or sealed for another entry or with another key."""
        for box in self._boxes:
            try:
                return box.decrypt(sealed[:_NONCE], sealed[_NONCE:], _owner(number, ref))
            except InvalidTag:
                continue
        raise TamperedError("Sealed features do not open.", hint="Is this the right service key?")

    def current(self, sealed: bytes, *, number: int, ref: str) -> bool:
        """Whether it is sealed under the active key."""
        try:
            self._boxes[0].decrypt(sealed[:_NONCE], sealed[_NONCE:], _owner(number, ref))
        except InvalidTag:
            return False
        return True


def rewrap_parts(conn: Connection, *, keyring: Keyring) -> int:
    """Keep all features under the active service key, as a rotation of it asks; gives how many were changed."""
    box, changed = PartBox(keyring), 0
    for row in records.of(conn, records.ids(conn, version=VERSION)):
        owner = {"number": row.list, "ref": row.ref}
        if not box.current(row.features, **owner):
            sealed = box.seal(box.open(row.features, **owner), **owner)
            records.reseal(conn, row.id, features=sealed)
            changed += 1
    return changed


def _owner(number: int, ref: str) -> bytes:
    return f"{number}:{ref}".encode("utf-8", "surrogatepass")
