"""The seeds of authenticator apps are sealed under the service keys, and follow these when they are rotated."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlalchemy import Connection

from rempart.evidence.vault import Keyring
from rempart.people.records import persons
from rempart.people.sealing import SecretBox

_PURPOSE = "people secrets"


def secret_keys(keyring: Keyring) -> Sequence[bytes]:
    """The keys that seal persons' secrets: one from each service key, the active one's first."""
    return tuple(keyring.get(key_id).derived(_PURPOSE) for key_id in keyring.ids())


def rewrap_seeds(conn: Connection, *, keyring: Keyring) -> int:
    """Keep every seed under the active service key, as a rotation of it asks; gives how many were changed."""
    box = SecretBox(lambda: secret_keys(keyring), random=secrets.token_bytes)
    found = [person for person in persons.everyone(conn) if person.totp_secret is not None]
    changed = 0
    for person in found:
        assert person.totp_secret is not None
        if not box.current(person.totp_secret, owner=person.id):
            seed = box.open(person.totp_secret, owner=person.id)
            persons.change(conn, person.id, totp_secret=box.seal(seed, owner=person.id))
            changed += 1
    return changed
