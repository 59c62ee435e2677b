"""Requests that are sent again under the same Idempotency-Key: the same answer, or a refusal if they differ."""

from __future__ import annotations

import hashlib
import hmac

from rempart.errors import RefusedError
from rempart.intake.upload_values import CheckAnswer
from rempart.items.records.replays import Replay


def salted(salt: bytes, asked: bytes) -> bytes:
    """What is kept of a request, to know it again."""
    return hashlib.blake2b(asked, key=salt, digest_size=32).digest()


def replayed(replay: Replay, asked: bytes) -> CheckAnswer | RefusedError:
    """The answer that the key had, or why it is refused."""
    if not hmac.compare_digest(replay.asked, salted(replay.salt, asked)):
        return another_body()
    return CheckAnswer.from_stored(replay.answer)


def another_body() -> RefusedError:
    """The refusal of a key that was used for something else."""
    return RefusedError(
        "This Idempotency-Key was used before, with another body.",
        hint="Use a new key for a new request; send the very same body to have its answer again.",
    )
