"""Offline custodians: an object's key once more, in age form, for people whose identities never touch the server.

Each custodian alone can open it. Age says nothing of who sealed a file; the object's id is sealed with the key, so that
a wrap cannot be moved to another object.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rempart.errors import RefusedError, TamperedError
from rempart.evidence.vault.envelope import KEY_BYTES


@dataclass(frozen=True, slots=True)
class Custodians:
    """The age recipients (`age1…`) that hold a second key to everything; none by default."""

    names: tuple[str, ...] = ()
    _recipients: tuple[Any, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, names: Iterable[str]) -> Custodians:
        """Custodians by their public names. Raises RefusedError for one that is no age recipient."""
        import pyrage

        unique = tuple(sorted(set(names)))
        recipients = []
        for name in unique:
            try:
                recipients.append(pyrage.x25519.Recipient.from_str(name))
            except (pyrage.RecipientError, ValueError) as err:
                raise RefusedError(f"{name[:80]} is no age recipient.", hint="It begins with age1.") from err
        return cls(unique, tuple(recipients))

    @property
    def mark(self) -> str:
        """A short name for exactly these custodians; empty for none."""
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest()[:16] if self.names else ""

    def wrap(self, object_key: bytes, *, object_id: str) -> bytes | None:
        """The key for the custodians, None when there are none."""
        import pyrage

        if not self.names:
            return None
        sealed: bytes = pyrage.encrypt(object_key + object_id.encode(), list(self._recipients))
        return sealed


def custodian_open(wrap: bytes, identities: Sequence[str], *, object_id: str) -> bytes:
    """An object's key from a custodian's wrap and age identities (`AGE-SECRET-KEY-1…`).

    Raises RefusedError when no identity fits, TamperedError when the wrap belongs to another object.
    """
    import pyrage

    try:
        keys = [pyrage.x25519.Identity.from_str(text) for text in identities]
        opened: bytes = pyrage.decrypt(wrap, keys)
    except pyrage.IdentityError as err:
        raise RefusedError("That is no age identity.", hint="It begins with AGE-SECRET-KEY-1.") from err
    except (pyrage.DecryptError, ValueError) as err:
        raise RefusedError("None of these identities opens the custodians' wrap.") from err
    if opened[KEY_BYTES:] != object_id.encode():
        raise TamperedError("A custodians' wrap belongs to another object.")
    return opened[:KEY_BYTES]
