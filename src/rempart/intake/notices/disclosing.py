"""Who sent a notice: out of reviewers' sight; leads read it for a purpose, which is written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Keyring
from rempart.intake.notices.reading import visible
from rempart.intake.notices.sealing import opened
from rempart.people.permissions import Permission
from rempart.people.principal import Principal

NAMES = ("name", "contact", "signature")
MOST_PURPOSE = 500


def read_sender(
    conn: Connection, notice_id: str, who: Principal, *, purpose: str, keyring: Keyring, at: datetime
) -> Mapping[str, str]:
    """Open what is sealed of a sender, and write down who did and, sealed, what for.

    Raises NotPermittedError, NotFoundError, RefusedError without a purpose, and TamperedError.
    """
    if not who.may(Permission.NOTIFIERS_READ):
        raise NotPermittedError("Who told us is known to leads alone.")
    purpose = purpose.strip()
    if not purpose:
        raise RefusedError("A purpose is needed.", hint="Say what the name is needed for.")
    row = visible(conn, notice_id, who)
    found = opened(conn, row.id, NAMES, keyring=keyring)
    leaf = Leaf(
        action="notifier.read", actor=who.pseudonym, facts={"names": sorted(found)},
        sealed={"purpose": purpose[:MOST_PURPOSE]}, subject=f"notice:{row.id}",
    )  # fmt: skip
    append(conn, leaf, at=at)
    return found
