"""What of an order or a disclosure names people and files of authorities is sealed under the service key."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from rempart.evidence.vault import Keyring
from rempart.people.sealing import SecretBox
from rempart.reports.orders.records import disclosures

_PURPOSE = "orders"


def sealed(texts: Mapping[str, str], *, owner: str, keyring: Keyring) -> bytes:
    """Texts, sealed as one for their owner: an order's or a disclosure's id."""
    return box_of(keyring).seal(json.dumps(dict(texts), sort_keys=True, ensure_ascii=False), owner=owner)


def opened(data: bytes, *, owner: str, keyring: Keyring) -> Mapping[str, str]:
    """What was sealed for an owner. Raises TamperedError."""
    found = json.loads(box_of(keyring).open(data, owner=owner))
    return {str(name): str(value) for name, value in found.items()}


def rewrap_orders(conn: Connection, *, keyring: Keyring) -> int:
    """Keep everything under the active service key, as a rotation of it asks; gives how many were changed."""
    box, changed = box_of(keyring), 0
    for owner, data in disclosures.all_sealed(conn):
        if not box.current(data, owner=owner):
            disclosures.change(conn, owner, sealed=box.seal(box.open(data, owner=owner), owner=owner))
            changed += 1
    return changed


def box_of(keyring: Keyring) -> SecretBox:
    """The box that seals what belongs to orders."""

    def keys() -> Sequence[bytes]:
        return tuple(keyring.get(key_id).derived(_PURPOSE) for key_id in keyring.ids())

    return SecretBox(keys, random=secrets.token_bytes)
