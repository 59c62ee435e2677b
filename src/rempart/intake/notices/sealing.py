"""What of a notice identifies people is sealed under the service key, and marks know a sender again without a name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from ipaddress import ip_address, ip_network

from sqlalchemy import Connection

from rempart.evidence.vault import Keyring
from rempart.intake.notices.records import letters
from rempart.intake.notices.records import notices as records
from rempart.people.sealing import SecretBox

_PURPOSE = "notices"


def seal(conn: Connection, notice: str, texts: Mapping[str, str], *, keyring: Keyring) -> None:
    """Seal texts of a notice, each under its name, in the caller's transaction."""
    box = box_of(keyring)
    records.seal(
        conn, notice=notice, sealed={name: box.seal(text, owner=_owner(notice, name)) for name, text in texts.items()}
    )


def opened(conn: Connection, notice: str, names: Sequence[str], *, keyring: Keyring) -> dict[str, str]:
    """Those of a notice's sealed texts that are there, by name. Raises TamperedError."""
    box, sealed = box_of(keyring), records.sealed_of(conn, notice)
    return {name: box.open(sealed[name], owner=_owner(notice, name)) for name in names if name in sealed}


def sender_of(keyring: Keyring, *, contact: str, address: str, at: datetime) -> bytes | None:
    """A keyed mark of whoever sends: by the contact given, else by the network they come from, for a month at most."""
    if contact.strip():
        return box_of(keyring).mark(f"contact {contact.strip().casefold()}")
    network = network_of(address)
    return box_of(keyring).mark(f"network {at:%Y-%m} {network}") if network else None


def network_of(address: str) -> str:
    """The network of an address, wide enough that a household is one sender; empty where there is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    if found.version == 6 and found.ipv4_mapped is not None:
        found = found.ipv4_mapped  # as a socket that takes both says it; all of IPv4 would be one network
    return str(ip_network((found, 32 if found.version == 4 else 56), strict=False))


def rewrap_notices(conn: Connection, *, keyring: Keyring) -> int:
    """Keep everything under the active service key, as a rotation of it asks; gives how many were changed."""
    box, changed = box_of(keyring), 0
    for notice, name, sealed in records.all_sealed(conn):
        owner = _owner(notice, name)
        if not box.current(sealed, owner=owner):
            records.reseal(conn, notice=notice, name=name, sealed=box.seal(box.open(sealed, owner=owner), owner=owner))
            changed += 1
    for letter, sealed in letters.all_sealed(conn):
        owner = letter_owner(letter)
        if not box.current(sealed, owner=owner):
            letters.reseal(conn, letter, sealed=box.seal(box.open(sealed, owner=owner), owner=owner))
            changed += 1
    return changed


def box_of(keyring: Keyring) -> SecretBox:
    """The box that seals what belongs to notices."""

    def keys() -> Sequence[bytes]:
        return tuple(keyring.get(key_id).derived(_PURPOSE) for key_id in keyring.ids())

    return SecretBox(keys, random=secrets.token_bytes)


def letter_owner(letter: str) -> str:
    """For whom a letter's text is sealed."""
    return f"letter:{letter}"


def _owner(notice: str, name: str) -> str:
    return f"{notice}:{name}"
