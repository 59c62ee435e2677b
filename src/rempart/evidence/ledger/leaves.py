"""What a ledger leaf says, as canonical JSON in which everything personal stands as a salted commitment.

A leaf shows its action, the actor's pseudonym, the day, and facts that identify nobody. Content digests, item ids,
names, the exact time and the subject are commitments: SHA-256 over a salt that only the deployment has. Whoever is
given value and salt can check them against the leaf; once the salt is erased the commitment says nothing, and the
leaf's hash still holds.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from rempart.errors import RefusedError
from rempart.evidence.ledger.canonical import canonical

SALT_BYTES = 16
TIME = "at"
SUBJECT = "subject"
_DOMAIN = b"rempart/commitment/v1\x00"
_ACTION = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")
_REFERENCE = re.compile(r"[!-~]{1,200}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
# What a digest, an e-mail address, a web address and an exact time look like.
_TELLING = re.compile(rb"[0-9A-Fa-f]{32}|@|://|[0-9]T[0-2][0-9]:[0-5][0-9]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One step to be written down.

    `facts` are shown to outsiders: no digests, item ids, uploaders, names, addresses or exact times; these belong in
    `sealed`. `subject` is a random internal reference ("item:…", "case:…") by which the salts can be erased later.
    """

    action: str
    actor: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    sealed: Mapping[str, str | bytes] = field(default_factory=dict)
    subject: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What opens one commitment of a leaf: its name, the salt and the value."""

    name: str
    salt: bytes
    value: str | bytes

    def opens(self, commitment: str) -> bool:
        """Does it open this commitment?"""
        return hmac.compare_digest(commit(self.name, self.salt, self.value), commitment)


def commit(name: str, salt: bytes, value: str | bytes) -> str:
    """The commitment to a value under a name, in base64.

    SHA-256 over the domain, the salt (16 bytes), the name, 0x00, "t" or "b", and the value (text as UTF-8).
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    kind, data = (b"b", value) if isinstance(value, bytes) else (b"t", value.encode("utf-8", "surrogatepass"))
    digest = hashlib.sha256(b"".join((_DOMAIN, salt, name.encode(), b"\x00", kind, data))).digest()
    return b2a_base64(digest, newline=False).decode()


def time_text(at: datetime) -> str:
    """The exact time as it is committed to: ISO 8601 in UTC with microseconds and `Z`. ValueError without a zone."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be written; use rempart.clock.utc_now()")
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def sealed_names(leaf: Leaf) -> list[str]:
    """The names whose salts are kept apart, in the order in which they are kept: all but the time's."""
    return sorted([*leaf.sealed, SUBJECT] if leaf.subject is not None else leaf.sealed)


def body_of(leaf: Leaf, *, at: str, at_salt: bytes, salts: bytes) -> bytes:
    """The leaf's canonical JSON: the bytes that are hashed. `at` as `time_text` gives it; `salts` one after the other.

    Raises RefusedError for facts that cannot be written, or that look like what must be sealed.
    """
    facts = canonical(leaf.facts if type(leaf.facts) is dict else dict(leaf.facts))
    if leaf.subject is not None and not _REFERENCE.fullmatch(leaf.subject):
        raise RefusedError(
            "The subject is no internal reference.", hint="Write it as in case:…, in ASCII without spaces."
        )
    if found := _TELLING.search(facts):
        raise RefusedError(
            f"The facts of {leaf.action} hold {found[0].decode()!r}, which looks like a digest, an address or a time.",
            hint="Put it into `sealed`.",
        )
    sealed = {TIME: commit(TIME, at_salt, at)}
    values = {_good_name(name): value for name, value in leaf.sealed.items()}
    if leaf.subject is not None:
        values[SUBJECT] = leaf.subject
    for place, name in enumerate(sorted(values)):
        sealed[name] = commit(name, salts[place * SALT_BYTES : (place + 1) * SALT_BYTES], values[name])
    shown = ",".join([f'"{name}":"{sealed[name]}"' for name in sorted(sealed)])
    head = _head(leaf.action, leaf.actor)
    return b"".join((head, at[:10].encode(), b'","facts":', facts, b',"sealed":{', shown.encode(), b"}}"))


@lru_cache(4096)
def _head(action: str, actor: str) -> bytes:
    if not _ACTION.fullmatch(action):
        raise RefusedError(f"{action!r} is no action.", hint="Write it as in item.deleted.")
    return canonical({"action": action, "actor": actor})[:-1] + b',"day":"'


@lru_cache(4096)
def _good_name(name: str) -> str:
    if not _NAME.fullmatch(name) or name in (TIME, SUBJECT):
        raise RefusedError(f"{name!r} cannot be the name of a sealed value.", hint="Use a-z, 0-9 and _.")
    return name
