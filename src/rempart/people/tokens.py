"""Secrets that are shown once: 256 random bits in text, of which only the SHA-256 is kept."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable

RandomBytes = Callable[[int], bytes]
"""`secrets.token_bytes` outside tests."""

_TEXT = re.compile(r"[A-Za-z0-9_-]{43}")
KEY_PREFIX = "rk_"


def new_token(random: RandomBytes, prefix: str = "") -> str:
    """`prefix` and 43 characters of base64url: 256 random bits."""
    return prefix + base64.urlsafe_b64encode(random(32)).rstrip(b"=").decode("ascii")


def token_hash(token: str) -> bytes:
    """What is stored in its place. A plain SHA-256 is enough: nobody can try 2**256 values."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def looks_like_token(text: str, prefix: str = "") -> bool:
    """Whether the text could be one at all, which spares the database a question."""
    return text.startswith(prefix) and _TEXT.fullmatch(text, len(prefix)) is not None
