"""What each room repeats after a restore: the door knows all of them."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from rempart.clock import Clock
from rempart.evidence.backup.replaying import Again, Step, destroyed_again
from rempart.evidence.vault import Vault
from rempart.lists import records as list_records
from rempart.people.records import keys as key_records
from rempart.store.counters import next_number


def replays(vault: Vault, *, clock: Clock) -> Mapping[str, Again]:
    """Steps by their action: what was destroyed, withdrawn, revoked or deleted is so again."""

    def entry_withdrawn(conn: Connection, step: Step) -> bool:
        entries = step.facts.get("entries") or [step.facts.get("entry")]
        known = [one for one in entries if isinstance(one, int)]
        if not known:
            return False
        number = next_number(conn, list_records.COUNTER)
        return list_records.withdraw_entries(conn, known, number=number, at=clock()) > 0

    def key_revoked(conn: Connection, step: Step) -> bool:
        return bool(key_records.end_at(conn, str(step.facts.get("key")), revoked=clock()))

    return {
        "vault.destroyed": destroyed_again(vault),
        "entry.withdrawn": entry_withdrawn,
        "key.revoked": key_revoked,
    }
