"""A vault for tests: any store, blobs in memory or in a folder, one service key, and a clock that a test sets."""

import base64
import secrets
from datetime import UTC, datetime, timedelta

from rempart.evidence.vault import Custodians, HeldKeys, Vault
from rempart.store.blobs import open_blobs


class Somebody:
    """Whoever acts; the vault writes down the pseudonym only."""

    def __init__(self, pseudonym="reviewer-7"):
        self.pseudonym = pseudonym


BY = Somebody()


class Hands:
    """A clock whose hands are set by hand, and a steady one beside it."""

    def __init__(self):
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        self.steady = 1_000.0

    def __call__(self):
        return self.now

    def elapsed(self):
        return self.steady

    def go_on(self, **time):
        passed = timedelta(**time)
        self.now += passed
        self.steady += passed.total_seconds()


def key_text():
    return base64.b64encode(secrets.token_bytes(32)).decode()


def a_vault(store, *, blobs="memory:///", keys=None, hands=None, custodians=()):
    hands = hands or Hands()
    store.clock = hands
    place = open_blobs(str(blobs)) if not hasattr(blobs, "put") else blobs
    keyring = keys or HeldKeys(key_text())
    return Vault(store, place, keyring, hands, custodians=Custodians.of(custodians), elapsed=hands.elapsed)


def put_in(vault, data=b"a picture", *, item="item_1", basis="case", reference="case_1", keep_until=None):
    """Seal and record; gives the object's id."""
    sealed = vault.seal(data)
    with vault.store.write() as conn:
        return vault.record(
            conn,
            sealed,
            item=item,
            basis=basis,
            reference=reference,
            media_type="image/jpeg",
            by=BY,
            keep_until=keep_until,
        )


def read(vault, object_id):
    with vault.opened(object_id, purpose="a test", by=BY) as view:
        return bytes(view)


def actions(store):
    """What the ledger says was done, in the order of writing."""
    import json

    from sqlalchemy import select

    from rempart.evidence.ledger.records import leaves

    with store.read() as conn:
        return [json.loads(body)["action"] for body in conn.scalars(select(leaves.c.body).order_by(leaves.c.id))]
