"""What is repeated after a restore, as each room does it: what was taken away later does not come back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import webhooks
from rempart.clock import Clock
from rempart.evidence.backup.replaying import Again, Step, destroyed_again
from rempart.evidence.vault import Vault
from rempart.intake.upload_erasure import erase_again
from rempart.lists import records as lists
from rempart.people.permissions import Role
from rempart.people.records import keys, persons
from rempart.store.counters import next_number


def replays(vault: Vault, *, clock: Clock) -> Mapping[str, Again]:
    """Steps by their action.

    Evidence destroyed, entries withdrawn, items deleted, keys revoked, webhooks deleted, persons deactivated or given
    other roles. A password, code or passkey that was replaced or removed later does not open anything any more: its
    owner needs a new link.
    """
    return {
        "vault.destroyed": destroyed_again(vault),
        "entry.withdrawn": partial(_entries_withdrawn, clock=clock),
        "item.deleted": partial(_item_deleted, clock=clock),
        "key.revoked": partial(_key_revoked, clock=clock),
        "webhook.deleted": partial(_webhook_deleted, clock=clock),
        "person.deactivated": _person(lambda conn, person, _: persons.change(conn, person, deactivated=clock())),
        "person.reactivated": _person(lambda conn, person, _: persons.change(conn, person, deactivated=None)),
        "person.roles_changed": _person(_roles),
        "person.password_set": _person(lambda conn, person, _: persons.change(conn, person, password=None)),
        "person.code_set": _person(lambda conn, person, _: persons.change(conn, person, totp_secret=None)),
        "person.passkey_removed": _person(lambda conn, person, _: persons.remove_passkeys(conn, person)),
    }


def _entries_withdrawn(conn: Connection, step: Step, *, clock: Clock) -> bool:
    entries = step.facts.get("entries") or [step.facts.get("entry")]
    known = [one for one in entries if isinstance(one, int)]
    if not known:
        return False
    number = next_number(conn, lists.COUNTER)
    return lists.withdraw_entries(conn, known, number=number, at=clock()) > 0


def _item_deleted(conn: Connection, step: Step, *, clock: Clock) -> bool:
    item = step.facts.get("item")
    return isinstance(item, int) and erase_again(conn, item, at=clock())


def _key_revoked(conn: Connection, step: Step, *, clock: Clock) -> bool:
    return keys.end_at(conn, str(step.facts.get("key")), revoked=clock())


def _webhook_deleted(conn: Connection, step: Step, *, clock: Clock) -> bool:
    found = webhooks.endpoint(conn, (step.subject or "").removeprefix("webhook:"), lock=True)
    if found is None:
        return False
    webhooks.change_endpoint(conn, found.id, state="deleted", url="", changed=clock())
    webhooks.delete_secrets(conn, endpoint=found.id)
    return True


def _person(change: Callable[[Connection, str, Mapping[str, Any]], None]) -> Again:
    """A step about a person, whom only the leaf's subject names."""

    def again(conn: Connection, step: Step) -> bool:
        person = (step.subject or "").removeprefix("person:")
        if persons.by_id(conn, person) is None:
            return False
        change(conn, person, step.facts)
        return True

    return again


def _roles(conn: Connection, person: str, facts: Mapping[str, Any]) -> None:
    told = facts.get("roles", ())
    persons.set_roles(conn, person, [Role(one) for one in told if one in {role.value for role in Role}])
