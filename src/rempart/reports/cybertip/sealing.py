"""What reports say of people is sealed under the service key; marks know an account again without its name."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from rempart.evidence.vault import Keyring
from rempart.people.sealing import SecretBox
from rempart.reports.cybertip.records import files, reports, subjects

FROZEN, DOCUMENT, DETAILS, SUPPLIED, SNAPSHOT = "frozen", "sealed", "details", "supplied", "snapshot"
"""What there is to seal: the facts and the document of a report, the details of a file, what a service supplied, and
what was kept of a case early."""
_PURPOSE = "reports"


def seal(value: Mapping[str, Any], *, name: str, of: str, keyring: Keyring) -> bytes:
    """Seal a JSON object of a report, a file, a supply or a snapshot."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return box_of(keyring).seal(text, owner=_owner(of, name))


def opened(sealed: bytes, *, name: str, of: str, keyring: Keyring) -> Any:
    """What was sealed so. Raises TamperedError."""
    return json.loads(box_of(keyring).open(sealed, owner=_owner(of, name)))


def person_of(service: str, uploader: str, *, keyring: Keyring) -> bytes:
    """A keyed mark of an account, to find other reports about it."""
    return box_of(keyring).mark(f"account {json.dumps([service, uploader])}")


def rewrap_reports(conn: Connection, *, keyring: Keyring) -> int:
    """Keep everything under the active service key, as a rotation of it asks; gives how many were changed."""
    box, changed = box_of(keyring), 0

    def again(sealed: bytes, owner: str) -> bytes | None:
        nonlocal changed
        if box.current(sealed, owner=owner):
            return None
        changed += 1
        return box.seal(box.open(sealed, owner=owner), owner=owner)

    for report, name, sealed in reports.all_sealed(conn):
        if (new := again(sealed, _owner(report, name))) is not None:
            reports.change(conn, report, **{name: new}, **_marked(new, report, name, keyring))
    for file, sealed in files.all_sealed(conn):
        if (new := again(sealed, _owner(file, DETAILS))) is not None:
            files.change(conn, file, details=new)
    for supply in subjects.all_sealed(conn):
        if supply.sealed is not None and (new := again(supply.sealed, _owner(supply.id, SUPPLIED))) is not None:
            subjects.change(conn, supply.id, sealed=new)
    for kept in subjects.snapshots(conn):
        if (new := again(kept.sealed, _owner(kept.id, SNAPSHOT))) is not None:
            subjects.reseal_snapshot(conn, kept.id, sealed=new)
    return changed


def box_of(keyring: Keyring) -> SecretBox:
    """The box that seals what belongs to reports."""

    def keys() -> Sequence[bytes]:
        return tuple(keyring.get(key_id).derived(_PURPOSE) for key_id in keyring.ids())

    return SecretBox(keys, random=secrets.token_bytes)


def _marked(sealed: bytes, report: str, name: str, keyring: Keyring) -> dict[str, bytes]:
    """The mark under the active key too: a mark under another one finds nothing."""
    if name != FROZEN:
        return {}
    account = opened(sealed, name=FROZEN, of=report, keyring=keyring).get("account")
    known = account is not None and account.get("uploader")
    return {"person": person_of(account["service"], account["uploader"], keyring=keyring)} if known else {}


def _owner(of: str, name: str) -> str:
    return f"{of}:{name}"
