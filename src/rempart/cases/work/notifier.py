"""Who told us: sealed under the service key, out of reviewers' sight; leads read it for a purpose, which is noted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import work as records
from rempart.cases.work.queue import visible
from rempart.errors import NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.sealing import SecretBox

_PURPOSE = "case notifiers"
MOST_PURPOSE = 500


def seal_notifier(conn: Connection, case_id: str, told: Mapping[str, str], *, keyring: Keyring) -> None:
    """Seal what identifies a notifier (`name`, `email`, …), each under its name, in the caller's transaction."""
    box = _box(keyring)
    for name, value in sorted(told.items()):
        records.seal(conn, case_id=case_id, name=name, sealed=box.seal(value, owner=_owner(case_id, name)))


def sealed_names(conn: Connection, case_id: str) -> tuple[str, ...]:
    """What is sealed of a case, without opening it."""
    return tuple(sorted(records.sealed_of(conn, case_id)))


def read_notifier(
    conn: Connection, case_id: str, who: Principal, *, purpose: str, keyring: Keyring, at: datetime
) -> Mapping[str, str]:
    """Open what is sealed of a case, and write down who did and, sealed, what for.

    Raises NotPermittedError, NotFoundError, RefusedError without a purpose, and TamperedError.
    """
    purpose = purpose_of(who, purpose)
    case = visible(conn, case_id, who)
    box = _box(keyring)
    sealed = records.sealed_of(conn, case_id)
    found = {name: box.open(value, owner=_owner(case_id, name)) for name, value in sorted(sealed.items())}
    note_reading(
        conn, f"case:{case_id}", who, purpose=purpose, facts={"round": case.round, "names": sorted(found)}, at=at
    )
    return found


def purpose_of(who: Principal, purpose: str) -> str:
    """What a name is asked for. Raises NotPermittedError to all but leads, and RefusedError where nothing is said."""
    if not who.may(Permission.NOTIFIERS_READ):
        raise NotPermittedError("Who told us is known to leads alone.")
    if not purpose.strip():
        raise RefusedError("A purpose is needed.", hint="Say what the name is needed for.")
    return purpose.strip()


def note_reading(
    conn: Connection, subject: str, who: Principal, *, purpose: str, facts: Mapping[str, Any], at: datetime
) -> None:
    """Write down that somebody opened what is sealed of a notifier, and, sealed, what for."""
    sealed = {"purpose": purpose[:MOST_PURPOSE]}
    append(conn, Leaf(action="notifier.read", actor=who.pseudonym, facts=facts, sealed=sealed, subject=subject), at=at)


def rewrap_notifiers(conn: Connection, *, keyring: Keyring) -> int:
    """Keep everything under the active service key, as a rotation of it asks; gives how many were changed."""
    box, changed = _box(keyring), 0
    for case_id, name, sealed in records.all_sealed(conn):
        owner = _owner(case_id, name)
        if not box.current(sealed, owner=owner):
            value = box.open(sealed, owner=owner)
            records.reseal(conn, case_id=case_id, name=name, sealed=box.seal(value, owner=owner))
            changed += 1
    return changed


def _box(keyring: Keyring) -> SecretBox:
    def keys() -> Sequence[bytes]:
        return tuple(keyring.get(key_id).derived(_PURPOSE) for key_id in keyring.ids())

    return SecretBox(keys, random=secrets.token_bytes)


def _owner(case_id: str, name: str) -> str:
    return f"{case_id}:{name}"
