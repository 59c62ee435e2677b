"""What a case comes to for somebody outside, frozen at one moment: only what these recipients may be given.

The document is the text that people read before they confirm, and that the package is made of. Nothing that a
recipient may not be given is gathered for them in the first place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import assessments, cases
from rempart.cases.records.cases import Case
from rempart.clock import iso
from rempart.evidence.vault import records as vault_records
from rempart.items.records import items, signals
from rempart.items.records.items import Item
from rempart.lists.schemes import built_in
from rempart.provenance.carried import unpacked
from rempart.provenance.origin.values import Declaration
from rempart.reports.orders.values import CONTENT_FOR, RecipientClass
from rempart.reports.referrals.recipients import Recipient, Sender
from rempart.reports.referrals.values import Part, hold_back
from rempart.signals.frames import FrameError

FORMAT = "rempart-referral/1"
_PLAIN = Part.SIGNALS
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp", "video/mp4": "mp4"}


def gather(
    conn: Connection,
    case: Case,
    *,
    referral: str,
    sender: Sender,
    recipients: Sequence[Recipient],
    parts: Collection[Part],
    frame: Mapping[str, Any],
    at: datetime,
) -> dict[str, Any]:
    """The frozen document of a referral. `frame` is what else stands at its head (ground, authority, language).

    Raises RefusedError for parts that one of the recipients may not be given.
    """
    wanted = frozenset(parts)
    hold_back(wanted, [one.kind for one in recipients])
    found = [one for number in cases.items_of(conn, case.id) if (one := items.hosted(conn, number)) is not None]
    contents, missing = _contents(conn, found) if Part.CONTENT in wanted else ([], 0)
    files = {one["sha256"]: one["file"] for one in contents}
    return {
        "format": FORMAT, "referral": referral, "made": iso(at), "case": case.id, "danger": case.danger,
        "from": {"name": sender.name, "contact": sender.contact, "country": sender.country},
        "to": [
            {"id": one.id, "name": one.name, "class": one.kind.value, "country": one.country, "keys": list(one.keys)}
            for one in recipients
        ],
        "parts": [one.value for one in Part if one in wanted],
        "held_back": [one.value for one in Part if one not in wanted],
        **frame,
        "locations": [_location(one, place, plain=_PLAIN in wanted) for place, one in enumerate(found, 1)],
        "assessments": _assessments(conn, case, plain=_PLAIN in wanted) if Part.ASSESSMENTS in wanted else [],
        "origins": _origins(found) if Part.ASSESSMENTS in wanted else [],
        "signals": [_signals(conn, one, place, files) for place, one in enumerate(found, 1)]
        if Part.SIGNALS in wanted
        else [],
        "matches": _matches(conn, case) if Part.SIGNALS in wanted else [],
        "accounts": _accounts(found, case) if Part.ACCOUNTS in wanted else [],
        "contents": contents,
        "contents_missing": missing,
        "objects": [one.object for one in found if one.object] if Part.CUSTODY in wanted else [],
    }  # fmt: skip


def without_address(frozen: Mapping[str, Any]) -> int:
    """How many items of a frozen document nobody can look for: no address is known, and one of the recipients is
    given neither content nor what else would tell them of it."""
    if CONTENT_FOR.issuperset(RecipientClass(one["class"]) for one in frozen["to"]):
        return 0
    return sum(1 for one in frozen["locations"] if not one["address"])


def _location(one: Item, place: int, *, plain: bool) -> dict[str, Any]:
    """Where an item is. Whoever is an outsider learns the service's own id only where there is no address."""
    own = {"item": one.item_id} if plain or one.url is None else {}
    return {
        "place": place, "service": one.service, "address": one.url, **own, "media_type": one.media_type,
        "first_seen": iso(one.created), "published": one.published, "stands": one.verdict.value,
        "gone": iso(one.gone) if one.gone else None,
    }  # fmt: skip


def _assessments(conn: Connection, case: Case, *, plain: bool) -> list[dict[str, Any]]:
    """What people answered, by pseudonym. Their own words may name anything: they go to those who may know it."""
    return [
        {
            "by": one.pseudonym, "at": iso(one.at), "decisions": sorted(one.decisions), "scheme": one.scheme,
            "code": one.code, "label": _label(one.scheme, one.code), "image_kind": one.image_kind,
            "confidence": one.confidence, "blind": one.blind, "origin": sorted(basis["basis"] for basis in one.origin),
            **({"words": one.rationale} if plain else {}),
        }
        for one in assessments.of_case(conn, case.id, round=case.round)
    ]  # fmt: skip


def _origins(found: Sequence[Item]) -> list[dict[str, Any]]:
    """What the files themselves say of how they were made: handed on as it stands, judged by nobody here."""
    told = []
    for place, one in enumerate(found, 1):
        try:
            origin = unpacked(one.origin)
        except FrameError:
            continue
        state = origin and origin.credentials.state
        if origin is not None and (origin.declaration is not Declaration.NONE or state):
            told.append({
                "place": place, "declaration": origin.declaration.value, "credentials": state and state.value,
                "generator": origin.generator, "source_types": list(origin.source_types),
            })  # fmt: skip
    return told


def _label(scheme: str | None, code: str | None) -> str | None:
    """What a category is called in its scheme; None for a scheme of the operator's own."""
    known = built_in().get(scheme or "")
    return next((one.label for one in known.codes if one.code == code), None) if known is not None else None


def _signals(conn: Connection, one: Item, place: int, files: Mapping[str, str]) -> dict[str, Any]:
    digest = one.sha256.hex() if one.sha256 else None
    return {
        "place": place, "sha256": digest, "size": one.size, "file": files.get(digest or ""),
        "signals": [
            {"kind": two.signal.kind.value, "value": str(two.signal), "probe": two.probe, "recipe": two.recipe,
             "quality": two.quality}
            for two in signals.of(conn, one.id)
        ],
    }  # fmt: skip


def _matches(conn: Connection, case: Case) -> list[dict[str, Any]]:
    """What the case's items looked like: lists by name; which entry it was stays with the list's owner."""
    return [
        {
            "list": one.list, "kind": one.signal_kind, "distance": one.distance, "probe": one.probe,
            "scheme": one.scheme, "code": one.code, "opinion": one.opinion,
        }
        for one in cases.matches_of(conn, case.id)
    ]  # fmt: skip


def _accounts(found: Sequence[Item], case: Case) -> list[dict[str, Any]]:
    """Who uploaded what, and what the service told of it with its check."""
    told = [
        {"place": place, "service": one.service, "account": one.uploader, "context": dict(one.context)}
        for place, one in enumerate(found, 1)
        if one.uploader is not None or one.context
    ]
    if case.service is not None and case.uploader is not None:
        told.append({"place": None, "service": case.service, "account": case.uploader, "context": {}})
    return told


def _contents(conn: Connection, found: Sequence[Item]) -> tuple[list[dict[str, Any]], int]:
    """The sealed contents of a case, each once; and of how many items nothing is kept any more."""
    kept: dict[str, dict[str, Any]] = {}
    missing = 0
    for one, there in _objects(conn, found):
        if there is None or there.destroyed is not None or there.sha256 is None:
            missing += one.sha256 is None or one.sha256.hex() not in kept
            continue
        name = f"content/{len(kept) + 1:04}.{_ENDINGS.get(there.media_type, 'bin')}"
        row = {
            "object": there.id, "sha256": there.sha256.hex(), "size": there.size, "media_type": there.media_type,
            "file": name,
        }  # fmt: skip
        kept.setdefault(there.sha256.hex(), row)
    return list(kept.values()), missing


def _objects(
    conn: Connection, found: Sequence[Item]
) -> Iterator[tuple[Item, vault_records.SealedObject | None]]:  # fmt: skip
    for one in found:
        yield one, vault_records.find_object(conn, one.object) if one.object else None
