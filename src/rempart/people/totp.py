"""Six digits from an authenticator app (RFC 6238): this time step or one beside it, and never the same one twice."""

from __future__ import annotations

import hmac
from datetime import datetime

import pyotp

STEP = 30
_BESIDE = (0, -1, 1)


def new_secret() -> str:
    """160 random bits in base32, from the system's generator."""
    return pyotp.random_base32(32)


def address(secret: str, *, name: str, issuer: str) -> str:
    """The `otpauth://` address that an app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def matching_step(secret: str, code: str, *, at: datetime) -> int | None:
    """The number of the time step whose code this is, None for no near one. Who calls notes the step as used."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        digits = "------"
    now = int(at.timestamp()) // STEP
    totp = pyotp.TOTP(secret)
    found = None
    for beside in _BESIDE:
        step = now + beside
        if step >= 0 and hmac.compare_digest(totp.generate_otp(step), digits) and found is None:
            found = step
    return found
