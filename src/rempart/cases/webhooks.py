"""Webhooks: where services want to be told, the secrets that messages are signed with, and sending again."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.events import DELIVER, send
from rempart.cases.records import decisions
from rempart.cases.records import webhooks as records
from rempart.cases.records.decisions import DecisionRow
from rempart.cases.records.webhooks import Endpoint
from rempart.cases.signatures import secret_text
from rempart.clock import iso
from rempart.errors import NotFoundError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault.envelope import unwrap_key, wrap_key
from rempart.evidence.vault.keyring import Keyring, ServiceKey
from rempart.people.principal import Principal
from rempart.store.ids import new_id
from rempart.store.jobs import enqueue

MOST_ENDPOINTS = 10
MOST_REPLAYED = 1_000
SECRET_BYTES = 32
OVERLAP = timedelta(days=1)
"""How long messages are signed with the old secret too after a rotation, unless something else is asked for."""

_PURPOSE = "webhook-secrets"


def add_endpoint(
    conn: Connection,
    *,
    service: str,
    url: str,
    keyring: Keyring,
    by: Principal,
    at: datetime,
    random: Callable[[int], bytes],
) -> tuple[Endpoint, str]:
    """A new endpoint and its secret, which is shown this once. The door has checked `url`. RefusedError when full."""
    if len(records.endpoints(conn, service=service)) >= MOST_ENDPOINTS:
        raise RefusedError(f"A service has at most {MOST_ENDPOINTS} webhooks.", hint="Delete one that is not needed.")
    row = Endpoint(
        id=new_id("hook"), service=service, url=url, state="enabled", why=None, created=at, changed=at
    )  # fmt: skip
    records.add_endpoint(conn, row)
    secret = _new_secret(conn, row.id, keyring=keyring, at=at, random=random)
    _write_down(conn, "webhook.created", row, by=by, at=at)
    return row, secret


def rotate(
    conn: Connection,
    endpoint_id: str,
    *,
    overlap: timedelta,
    keyring: Keyring,
    by: Principal,
    at: datetime,
    random: Callable[[int], bytes],
) -> str:
    """A new secret, shown this once. Messages are signed with both until the overlap ends; 0 ends the old at once."""
    row = own_endpoint(conn, endpoint_id, by=by, lock=True)
    records.delete_secrets(conn, endpoint=row.id, before=at)
    records.end_secrets(conn, endpoint=row.id, expires=at + overlap)
    secret = _new_secret(conn, row.id, keyring=keyring, at=at, random=random)
    _write_down(conn, "webhook.rotated", row, by=by, at=at)
    return secret


def set_state(
    conn: Connection, endpoint_id: str, *, enabled: bool, by: Principal, at: datetime, why: str | None = None
) -> Endpoint:
    """Enable or disable an endpoint. What it misses while it is disabled can be replayed."""
    row = own_endpoint(conn, endpoint_id, by=by, lock=True)
    state = "enabled" if enabled else "disabled"
    records.change_endpoint(conn, row.id, state=state, why=why, changed=at)
    _write_down(conn, f"webhook.{state}", row, by=by, at=at)
    return replace(row, state=state, why=why, changed=at)


def remove(conn: Connection, endpoint_id: str, *, by: Principal, at: datetime) -> None:
    """Delete an endpoint and its secrets; what is on its way is dropped."""
    row = own_endpoint(conn, endpoint_id, by=by, lock=True)
    records.change_endpoint(conn, row.id, state="deleted", url="", changed=at)
    records.delete_secrets(conn, endpoint=row.id)
    _write_down(conn, "webhook.deleted", row, by=by, at=at)


def replay(conn: Connection, endpoint_id: str, *, after: int, by: Principal, at: datetime) -> tuple[int, int | None]:
    """Send the decisions after a number again, delivered or not, and under their old ids where they had one.

    Gives how many, and the number to go on after when there are more.
    """
    row = own_endpoint(conn, endpoint_id, by=by, lock=True)
    if row.state != "enabled":
        raise RefusedError("This webhook is disabled.", hint="Enable it first.")
    found = decisions.after(conn, service=row.service, seq=after, most=MOST_REPLAYED + 1)
    for decision in found[:MOST_REPLAYED]:
        known = records.message_of(conn, endpoint=row.id, decision=decision.id)
        if known is None:
            send(conn, endpoint=row.id, decision=decision.id, at=at)
        else:
            _send_again(conn, known.id, at=at)
    _write_down(conn, "webhook.replayed", row, by=by, at=at)
    return min(len(found), MOST_REPLAYED), found[MOST_REPLAYED - 1].seq if len(found) > MOST_REPLAYED else None


def retry(conn: Connection, messages: Sequence[str], *, by: Principal, at: datetime) -> int:
    """Send messages that were given up again, under their old ids; gives how many are on their way now.

    Those that are no longer given up, or whose endpoint is gone or disabled, are left as they are. RefusedError when
    that holds for all of them.
    """
    sent = 0
    for name in dict.fromkeys(messages):
        found = records.message(conn, name)
        row = None if found is None else records.endpoint(conn, found.endpoint, lock=True)
        now = records.message(conn, name)
        if row is None or now is None or now.state != "given_up" or row.state != "enabled":
            continue
        if by.kind == "service" and by.service != row.service:
            continue
        _send_again(conn, now.id, at=at)
        _write_down(conn, "webhook.retried", row, by=by, at=at)
        sent += 1
    if not sent:
        raise RefusedError(
            "None of these messages can be sent again.", hint="Were they sent meanwhile, or is the webhook disabled?"
        )
    return sent


def _send_again(conn: Connection, message: str, *, at: datetime) -> None:
    records.change_message(conn, message, state="waiting", settled=None, attempts=0, created=at)
    enqueue(conn, DELIVER, {"message": message}, now=at, key=message)


def own_endpoint(conn: Connection, endpoint_id: str, *, by: Principal, lock: bool = False) -> Endpoint:
    """An endpoint of the principal's own service, or of any for a person who manages them. NotFoundError otherwise."""
    row = records.endpoint(conn, endpoint_id, lock=lock)
    if row is None or (by.kind == "service" and by.service != row.service):
        raise NotFoundError("There is no such webhook.", hint="GET /v1/webhooks lists them.")
    return row


def signing_secrets(conn: Connection, endpoint_id: str, *, keyring: Keyring, at: datetime) -> tuple[bytes, ...]:
    """What messages to an endpoint are signed with now, the youngest first."""
    rows = records.secrets_of(conn, endpoint_id, at=at)
    return tuple(_unwrapped(row, keyring.get(row.service_key)) for row in rows)


def rewrap_secrets(conn: Connection, *, keyring: Keyring) -> int:
    """Keep every secret under the active service key, as a rotation of it asks; gives how many were changed."""
    key = keyring.active()
    rows = records.secrets_not_under(conn, key.id)
    for row in rows:
        secret = _unwrapped(row, keyring.get(row.service_key))
        records.rewrap_secret(conn, row.id, wrapped=_wrapped(secret, row.endpoint, key), service_key=key.id)
    return len(rows)


def message_body(decision: DecisionRow) -> bytes:
    """What an endpoint is sent. It says nothing of lists, entries, reasons or cases: a service may pass it on."""
    data = {
        "seq": decision.seq, "id": decision.id, "item_id": decision.item_id, "verdict": decision.verdict,
        "previous": decision.previous,
    }  # fmt: skip
    if decision.url is not None:
        data["url"] = decision.url
    account = decision.subject == "account"
    if account:
        data |= {"subject": "account", "uploader": decision.uploader}
    body = {"type": "account.decided" if account else "item.decided", "timestamp": iso(decision.at), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _new_secret(
    conn: Connection, endpoint: str, *, keyring: Keyring, at: datetime, random: Callable[[int], bytes]
) -> str:
    secret, key = random(SECRET_BYTES), keyring.active()
    wrapped = _wrapped(secret, endpoint, key)
    records.add_secret(conn, endpoint=endpoint, wrapped=wrapped, service_key=key.id, created=at)
    return secret_text(secret)


def _wrapped(secret: bytes, endpoint: str, key: ServiceKey) -> bytes:
    return wrap_key(secret, service_key=key.derived(_PURPOSE), service_key_id=key.id, object_id=endpoint)


def _unwrapped(row: records.Secret, key: ServiceKey) -> bytes:
    derived = key.derived(_PURPOSE)
    return unwrap_key(row.wrapped, service_key=derived, service_key_id=key.id, object_id=row.endpoint)


def _write_down(conn: Connection, action: str, row: Endpoint, *, by: Principal, at: datetime) -> None:
    leaf = Leaf(action=action, actor=by.pseudonym, sealed={"url": row.url}, subject=f"webhook:{row.id}")
    append(conn, leaf, at=at)
