"""What a referral says of people and places is sealed under the service key, as one text for each referral."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from rempart.evidence.vault import Keyring
from rempart.people.sealing import SecretBox
from rempart.reports.referrals.records import referrals as records

_PURPOSE = "referrals"


def sealed(document: Mapping[str, Any], *, owner: str, keyring: Keyring) -> bytes:
    """A document, sealed for its referral."""
    return box_of(keyring).seal(json.dumps(document, ensure_ascii=False, sort_keys=True), owner=owner)


def opened(data: bytes, *, owner: str, keyring: Keyring) -> dict[str, Any]:
    """What was sealed for a referral. Raises TamperedError."""
    found: dict[str, Any] = json.loads(box_of(keyring).open(data, owner=owner))
    return found


def rewrap_referrals(conn: Connection, *, keyring: Keyring) -> int:
    """Keep everything under the active service key, as a rotation of it asks; gives how many were changed."""
    box, changed = box_of(keyring), 0
    for name, column, owner, data in records.all_sealed(conn):
        if not box.current(data, owner=owner):
            records.reseal(conn, name, column, sealed=box.seal(box.open(data, owner=owner), owner=owner))
            changed += 1
    return changed


def box_of(keyring: Keyring) -> SecretBox:
    """The box that seals what belongs to referrals."""

    def keys() -> Sequence[bytes]:
        return tuple(keyring.get(key_id).derived(_PURPOSE) for key_id in keyring.ids())

    return SecretBox(keys, random=secrets.token_bytes)
