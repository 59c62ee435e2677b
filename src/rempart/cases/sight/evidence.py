"""What there is to be shown of an item, and in which words it is said when there is nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from rempart.errors import RempartError
from rempart.evidence.vault import Vault
from rempart.evidence.vault import records as sealed
from rempart.items.records import items
from rempart.signals.mediatype import DECODED


class Hindrance(StrEnum):
    """Why there is no picture."""

    NEVER_KEPT = "never_kept"
    DESTROYED = "destroyed"
    MISSING = "missing"
    KEY_MISSING = "key_missing"
    DAMAGED = "damaged"
    FILM = "film"
    NO_PICTURE = "no_picture"
    UNKNOWN_FORMAT = "unknown_format"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"
    TIMED_OUT = "timed_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The sealed bytes of an item, or what stands in the way of showing them."""

    object: str | None
    hindrance: Hindrance | None = None


def evidence_of(conn: Connection, item: int, *, vault: Vault) -> Evidence:
    """What there is of an item, as far as it can be told without opening anything."""
    known = items.hosted(conn, item)
    return (
        Evidence(object=None, hindrance=Hindrance.NEVER_KEPT)
        if known is None
        else sealed_in(conn, known.object, media_type=known.media_type, vault=vault)
    )


def sealed_in(conn: Connection, object_id: str | None, *, media_type: str | None, vault: Vault) -> Evidence:
    """The same of an object whose item was read before."""
    found = sealed.find_object(conn, object_id) if object_id is not None else None
    if found is None:
        return Evidence(object=None, hindrance=Hindrance.NEVER_KEPT)
    return Evidence(object=found.id, hindrance=_of_object(found, vault) or _of_kind(media_type or found.media_type))


def _of_object(found: sealed.SealedObject, vault: Vault) -> Hindrance | None:
    if found.destroyed is not None or found.key_id is None:
        return Hindrance.DESTROYED
    if found.blob is None:
        return Hindrance.MISSING
    try:
        return None if found.key_id in vault.keyring.ids() else Hindrance.KEY_MISSING
    except RempartError:
        return Hindrance.KEY_MISSING


def _of_kind(media_type: str) -> Hindrance | None:
    """Bytes of no known kind are tried: whoever asks is told then whether they are a film."""
    if media_type.startswith("image/") and media_type not in DECODED:
        return Hindrance.UNKNOWN_FORMAT
    return None
