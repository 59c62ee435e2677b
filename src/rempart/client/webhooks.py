"""Reading a webhook: is it from our Rempart, is it of now, and what does it say?"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rempart.client.answers import Decision, decision_of
from rempart.clock import utc_now
from rempart.errors import RefusedError, RempartError, WebhookRefusedError

TOLERANCE = timedelta(minutes=5)
_PREFIX = "whsec_"
_WANTED = "report.wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """A genuine message. It may come more than once: `id` tells that, and `decision.seq` which one is younger.

    Of the type `report.wanted` it has no decision: `report` is a report that waits for what you know of an account.
    """

    id: str
    type: str
    decision: Decision | None
    report: str | None = None


def verify_webhook(
    headers: Mapping[str, str],
    body: bytes,
    secret: str | Sequence[str],
    *,
    now: datetime | None = None,
    tolerance: timedelta = TOLERANCE,
) -> WebhookEvent:
    """Check a message as the Standard Webhooks specification asks, and read it.

    1. The headers `webhook-id`, `webhook-timestamp` and `webhook-signature` are there.
    2. The time is within `tolerance` of now: an old message that somebody recorded is refused.
    3. One of the `v1` signatures is that of one of the secrets over id, time and the body as it came.
    4. The body is a message that is known here.

    `secret` is the text that begins with `whsec_`; during a rotation give both. Raises WebhookRefusedError: answer
    with 400 then, and do nothing.
    """
    given = {name.lower(): value for name, value in headers.items()}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    if not all(given.get(name) for name in names):
        raise WebhookRefusedError("A header of the message is missing.")
    message, timestamp, signatures = (given[name] for name in names)
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise WebhookRefusedError("The message's time cannot be read.")
    if abs((now or utc_now()).timestamp() - int(timestamp)) > tolerance.total_seconds():
        raise WebhookRefusedError("The message is not of now.", hint="Look at this machine's clock.")
    secrets = [secret] if isinstance(secret, str) else list(secret)
    signed = b".".join((message.encode(), timestamp.encode(), body))
    expected = [base64.b64encode(hmac.new(_key(one), signed, hashlib.sha256).digest()).decode() for one in secrets]
    offered = [one.removeprefix("v1,") for one in signatures.split(" ") if one.startswith("v1,")]
    if not any(hmac.compare_digest(one.encode(), other.encode()) for one in expected for other in offered):
        raise WebhookRefusedError("The signature is not ours.", hint="Is it the secret of this very webhook?")
    try:
        told = json.loads(body)
        kind, data = str(told["type"]), told["data"]
        if kind == _WANTED:
            return WebhookEvent(id=message, type=kind, decision=None, report=str(data["id"]))
        return WebhookEvent(id=message, type=kind, decision=decision_of(data, at=told["timestamp"]))
    except (ValueError, KeyError, TypeError, RempartError) as err:
        raise WebhookRefusedError("The message is genuine but of a kind that is not known here.") from err


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError as err:
        raise RefusedError("This is no webhook secret.", hint="It begins with whsec_ and was shown once.") from err
