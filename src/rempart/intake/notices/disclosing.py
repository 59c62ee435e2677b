"""Who sent a notice: out of reviewers' sight; leads read it for a purpose, which is written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from rempart.cases.work.notifier import note_reading, purpose_of
from rempart.evidence.vault import Keyring
from rempart.intake.notices.reading import visible
from rempart.intake.notices.sealing import opened
from rempart.people.principal import Principal

NAMES = ("name", "contact", "signature")


def read_sender(
    conn: Connection, notice_id: str, who: Principal, *, purpose: str, keyring: Keyring, at: datetime
) -> Mapping[str, str]:
    """Open what is sealed of a sender, and write down who did and, sealed, what for.

    Raises NotPermittedError, NotFoundError, RefusedError without a purpose, and TamperedError.
    """
    purpose = purpose_of(who, purpose)
    row = visible(conn, notice_id, who)
    found = opened(conn, row.id, NAMES, keyring=keyring)
    note_reading(conn, f"notice:{row.id}", who, purpose=purpose, facts={"names": sorted(found)}, at=at)
    return found
