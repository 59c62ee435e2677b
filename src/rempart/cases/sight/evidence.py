"""What there is to be shown of an item, and in which words it is said when there is nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from rempart.errors import RempartError
from rempart.evidence.vault import Vault
from rempart.evidence.vault import records as sealed
from rempart.items.records import items
from rempart.items.records.items import Item
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
    media_type: str
    hindrance: Hindrance | None = None


def evidence_of(conn: Connection, item: Item | None, *, vault: Vault) -> Evidence:
    """What there is of an item, as far as it can be told without opening anything."""
    if item is None or item.object is None:
        return Evidence(object=None, media_type="", hindrance=Hindrance.NEVER_KEPT)
    found = sealed.find_object(conn, item.object)
    if found is None:
        return Evidence(object=None, media_type="", hindrance=Hindrance.NEVER_KEPT)
    hindrance = _of_object(found, vault) or _of_kind(item.media_type or found.media_type)
    return Evidence(object=found.id, media_type=found.media_type, hindrance=hindrance)


def evidence_in(conn: Connection, item: int, *, vault: Vault) -> Evidence:
    """The same by an item's number."""
    return evidence_of(conn, items.hosted(conn, item), vault=vault)


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
