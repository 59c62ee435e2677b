"""What of an order or a disclosure names people and files of authorities is sealed under the service key."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from rempart.evidence.vault import Keyring
from rempart.people.sealing import SecretBox
from rempart.reports.orders.records import disclosures, orders, parts
from rempart.reports.orders.records.parts import PartRow

_PURPOSE = "orders"


def sealed(texts: Mapping[str, str], *, owner: str, keyring: Keyring) -> bytes:
    """Texts, sealed as one for their owner: a disclosure's id."""
    return box_of(keyring).seal(json.dumps(dict(texts), sort_keys=True, ensure_ascii=False), owner=owner)


def opened(data: bytes, *, owner: str, keyring: Keyring) -> Mapping[str, str]:
    """What was sealed for an owner. Raises TamperedError."""
    found = json.loads(box_of(keyring).open(data, owner=owner))
    return {str(name): str(value) for name, value in found.items()}


def seal(conn: Connection, order: str, texts: Mapping[str, str], *, keyring: Keyring) -> None:
    """Seal texts of an order, each under its name, in place of what stood there, in the caller's transaction."""
    box = box_of(keyring)
    orders.seal(conn, order, {name: box.seal(text, owner=_owner(order, name)) for name, text in texts.items()})


def texts_of(conn: Connection, order: str, *, keyring: Keyring) -> Mapping[str, str]:
    """The sealed texts of an order, by name. Raises TamperedError."""
    box = box_of(keyring)
    found = orders.sealed_of(conn, order)
    return {name: box.open(data, owner=_owner(order, name)) for name, data in sorted(found.items())}


def seal_name(order: str, place: int, name: str, *, keyring: Keyring) -> bytes:
    """How an order names a thing that it is about, sealed."""
    return box_of(keyring).seal(name, owner=_owner(order, str(place)))


def name_of(part: PartRow, *, keyring: Keyring) -> str:
    """How an order names one of its parts. Raises TamperedError."""
    return box_of(keyring).open(part.named, owner=_owner(part.order, str(part.place)))


def mark_of(authority: str, reference: str, *, keyring: Keyring) -> bytes:
    """A keyed mark of an authority's reference, by which the same one is known again without being kept."""
    return box_of(keyring).mark("\n".join(" ".join(one.casefold().split()) for one in (authority, reference)))


def rewrap_orders(conn: Connection, *, keyring: Keyring) -> int:
    """Keep everything under the active service key, as a rotation of it asks; gives how many were changed."""
    box, changed = box_of(keyring), 0
    for entry, data in disclosures.all_sealed(conn):
        if not box.current(data, owner=entry):
            disclosures.change(conn, entry, sealed=box.seal(box.open(data, owner=entry), owner=entry))
            changed += 1
    marks = set()
    for order, name, data in orders.all_sealed(conn):
        owner = _owner(order, name)
        if not box.current(data, owner=owner):
            orders.seal(conn, order, {name: box.seal(box.open(data, owner=owner), owner=owner)})
            marks.add(order)
            changed += 1
    for order in sorted(marks):
        told = texts_of(conn, order, keyring=keyring)
        mark = mark_of(told.get("authority", ""), told.get("reference", ""), keyring=keyring)
        orders.change(conn, order, mark=mark)
    for part in parts.all_named(conn):
        owner = _owner(part.order, str(part.place))
        if not box.current(part.named, owner=owner):
            parts.change(conn, part, named=box.seal(box.open(part.named, owner=owner), owner=owner))
            changed += 1
    return changed


def box_of(keyring: Keyring) -> SecretBox:
    """The box that seals what belongs to orders."""

    def keys() -> Sequence[bytes]:
        return tuple(keyring.get(key_id).derived(_PURPOSE) for key_id in keyring.ids())

    return SecretBox(keys, random=secrets.token_bytes)


def _owner(order: str, name: str) -> str:
    return f"{order}:{name}"
