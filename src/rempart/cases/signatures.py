"""Signed messages after the Standard Webhooks specification 1.0 (symmetric signatures, `v1`)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with


def secret_text(secret: bytes) -> str:
    """A secret as it is shown, once."""
    return SECRET_PREFIX + base64.b64encode(secret).decode("ascii")


def signed_headers(body: bytes, *, message: str, at: datetime, secrets: Iterable[bytes]) -> Mapping[str, str]:
    """The three headers of a message: its id, the time of this attempt, and a signature by each secret.

    What is signed is `id.timestamp.body`; the id stays the same over every attempt, so that a receiver can tell a
    message that it has had.
    """
    timestamp = str(int(at.astimezone(UTC).timestamp()))
    signed = b".".join((message.encode(), timestamp.encode(), body))
    signatures = (base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode() for secret in secrets)
    return {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in signatures),
    }
