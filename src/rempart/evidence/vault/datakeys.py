"""Named keys of the deployment: for what else must be kept secret in the database, such as seeds of authenticators.

A named key is random, made at its first use, and wrapped by the service key like an object's; a rotation wraps it again
and what it protects stays as it is.
"""

from __future__ import annotations

from sqlalchemy import Connection

from rempart.errors import IncompleteError
from rempart.evidence.vault import records
from rempart.evidence.vault.envelope import new_object_key, unwrap_key, wrap_key
from rempart.evidence.vault.keyring import Keyring
from rempart.evidence.vault.records import NamedKey


def named_key(conn: Connection, keyring: Keyring, name: str) -> bytes:
    """The 32 bytes of a named key; made when there is none yet, in the caller's write transaction.

    Raises ServiceKeyMissingError, TamperedError.
    """
    found = records.find_named_key(conn, name)
    if found is None:
        records.add_named_key(conn, _wrapped(keyring, name, new_object_key()))
        found = records.find_named_key(conn, name)  # another process may have been quicker
    if found is None:
        raise IncompleteError(f"The named key {name} could not be made.")
    return _opened(keyring, found)


def rewrap_named_keys(conn: Connection, *, keyring: Keyring) -> int:
    """Wrap every named key under the active service key; gives how many were not."""
    found = records.named_keys_not_under(conn, keyring.active().id)
    for one in found:
        records.replace_named_key(conn, _wrapped(keyring, one.name, _opened(keyring, one)))
    return len(found)


def _wrapped(keyring: Keyring, name: str, key: bytes) -> NamedKey:
    active = keyring.active()
    wrap = wrap_key(key, service_key=active.secret, service_key_id=active.id, object_id=_bound(name))
    return NamedKey(name=name, key_id=active.id, wrap=wrap)


def _opened(keyring: Keyring, found: NamedKey) -> bytes:
    service = keyring.get(found.key_id)
    bound = _bound(found.name)
    return unwrap_key(found.wrap, service_key=service.secret, service_key_id=service.id, object_id=bound)


def _bound(name: str) -> str:
    return f"named key {name}"
