"""RFC 3161 time stamps of checkpoints: what to ask an authority, and whether its answer holds.

The network is not spoken to here: a door sends the request's bytes and brings the answer's. Only a digest of the
checkpoint, which is public anyway, leaves the machine.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerificationError, VerifierBuilder
from rfc3161_client import decode_timestamp_response as decode
from sqlalchemy import func, insert, select

from rempart.errors import LedgerChangedError, LedgerIncompleteError, RefusedError
from rempart.evidence.ledger import records
from rempart.evidence.ledger.sequencer import latest_checkpoint
from rempart.store.engine import Store
from rempart.store.schema import UtcTime

Ask = Callable[[bytes], bytes]
"""Sends a time-stamp request (DER) to the authority and returns its response (DER)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A time stamp that is of the checkpoint; `trusted` when its authority's certificate was given and signed it."""

    time: datetime
    trusted: bool


def stamp_when_due(store: Store, ask: Ask, *, every: timedelta, authorities: Sequence[bytes] = ()) -> int | None:
    """As `stamp_latest`, unless a stamp is younger than `every`, or nothing was signed yet."""
    with store.read() as conn:
        last = conn.execute(select(func.max(records.timestamps.c.at, type_=UtcTime))).scalar_one()
        if latest_checkpoint(conn) is None or (last is not None and timedelta(0) <= store.clock() - last < every):
            return None
    return stamp_latest(store, ask, authorities=authorities)


def stamp_latest(store: Store, ask: Ask, *, authorities: Sequence[bytes] = ()) -> int | None:
    """Have the newest checkpoint stamped and keep the answer; returns its size, or None when it has a stamp already.

    Raises LedgerIncompleteError before the first checkpoint, LedgerChangedError for an answer that is of something
    else, and whatever `ask` raises. No transaction is open while the authority is asked.
    """
    with store.read() as conn:
        last = latest_checkpoint(conn)
        if last is None:
            raise LedgerIncompleteError(
                "No checkpoint was signed yet.", hint="Make one with `rempart ledger checkpoint`."
            )
        stamped = select(records.timestamps.c.id).where(records.timestamps.c.checkpoint_id == last.id)
        if conn.execute(stamped).first() is not None:
            return None
    note = last.note.encode()
    request = TimestampRequestBuilder().data(note).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).cert_request(
        cert_request=True
    ).build()  # fmt: skip
    response = ask(request.as_bytes())
    check_stamp(response, note, authorities, nonce=request.nonce)
    with store.write() as conn:
        if conn.execute(stamped).first() is None:
            row = {"checkpoint_id": last.id, "response": response, "at": store.clock()}
            conn.execute(insert(records.timestamps), row)
    return last.size


def check_stamp(
    response: bytes, message: bytes, authorities: Sequence[bytes] = (), *, nonce: int | None = None
) -> Stamp:
    """What a time-stamp response says of `message`.

    `authorities`: certificates in PEM, one of which must have signed it; without any, nobody vouches for the time.
    Raises LedgerChangedError when it is of another message, unreadable, or signed by none of `authorities`.
    """
    try:
        answer = decode(response)
        info = answer.tst_info
    except ValueError as err:
        raise LedgerChangedError(f"The time stamp cannot be read: {err}.") from err
    if not hmac.compare_digest(info.message_imprint.message, hashlib.sha256(message).digest()):
        raise LedgerChangedError("The time stamp is of another checkpoint.")
    if nonce is not None and info.nonce != nonce:
        raise LedgerChangedError("The time stamp answers another request.")
    if not authorities:
        return Stamp(time=info.gen_time, trusted=False)
    builder = VerifierBuilder()
    try:
        for one in authorities:
            builder = builder.add_root_certificate(x509.load_pem_x509_certificate(one))
    except ValueError as err:
        raise RefusedError("The authority's certificate cannot be read.", hint="Give it in PEM.") from err
    try:
        builder.build().verify_message(answer, message)
    except VerificationError as err:
        raise LedgerChangedError(f"The time stamp is not of the given authority: {err}.") from err
    return Stamp(time=info.gen_time, trusted=True)
