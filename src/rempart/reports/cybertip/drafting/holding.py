"""What is sealed of a report, read and written: the facts, the document that people work on, and the one they asked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rempart.errors import ConflictError, RefusedError
from rempart.evidence.vault import Keyring
from rempart.reports.cybertip import sealing
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.document.storing import read, to_json, written
from rempart.reports.cybertip.drafting.composing import Held
from rempart.reports.cybertip.drafting.facts import Frozen
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What people work on. `auto` is what the facts alone would say, `held` which files there are by `ref`, `unread`
    keys that could not be read; `asked` is the exact document that was asked to be filed. `hash_only`: no file is sent,
    their digests are."""

    tip: CyberTip
    auto: CyberTip
    held: Mapping[str, Held] = field(default_factory=dict)
    hash_only: bool = False
    unread: tuple[str, ...] = ()
    asked: CyberTip | None = None


def frozen_of(row: ReportRow, *, keyring: Keyring) -> Frozen:
    """The facts of a report. Raises ConflictError once they were forgotten, TamperedError."""
    return Frozen.of(sealing.opened(_there(row.frozen), name=sealing.FROZEN, of=row.id, keyring=keyring))


def draft_of(row: ReportRow, *, keyring: Keyring) -> Draft:
    """What people made of it. Raises ConflictError once it was forgotten, TamperedError."""
    told = sealing.opened(_there(row.sealed), name=sealing.DOCUMENT, of=row.id, keyring=keyring)
    return Draft(
        tip=read(CyberTip, told["tip"]), auto=read(CyberTip, told["auto"]),
        held={ref: Held(**one) for ref, one in told["held"].items()}, hash_only=told["hash_only"],
        unread=tuple(told["unread"]), asked=None if told["asked"] is None else read(CyberTip, told["asked"]),
    )  # fmt: skip


def tip_of(row: ReportRow, *, keyring: Keyring) -> CyberTip:
    """The exact document that was asked, and that is filed once it was confirmed. Raises RefusedError where nobody has
    asked yet, or it is not what was asked."""
    if row.state in EDITABLE:
        asked = draft_of(row, keyring=keyring).asked
    else:
        asked = read(CyberTip, sealing.opened(_there(row.sealed), name=sealing.DOCUMENT, of=row.id, keyring=keyring))
    if asked is None or row.digest is None or digest_of(asked) != row.digest:
        raise RefusedError("This is not the document that was asked.", hint="Ask for it again.")
    return asked


def seal_frozen(frozen: Frozen, *, report: str, keyring: Keyring) -> bytes:
    """The facts, sealed."""
    return sealing.seal(frozen.document(), name=sealing.FROZEN, of=report, keyring=keyring)


def seal_draft(draft: Draft, *, report: str, keyring: Keyring) -> bytes:
    """What people made of it, sealed."""
    told: dict[str, Any] = {
        "tip": written(draft.tip), "auto": written(draft.auto), "hash_only": draft.hash_only,
        "held": {ref: {name: getattr(one, name) for name in one.__slots__} for ref, one in draft.held.items()},
        "unread": list(draft.unread), "asked": None if draft.asked is None else written(draft.asked),
    }  # fmt: skip
    return sealing.seal(told, name=sealing.DOCUMENT, of=report, keyring=keyring)


def seal_tip(tip: CyberTip, *, report: str, keyring: Keyring) -> bytes:
    """The document that was confirmed, sealed: from then on there is no other."""
    return sealing.seal(written(tip), name=sealing.DOCUMENT, of=report, keyring=keyring)


def digest_of(tip: CyberTip) -> bytes:
    """The SHA-256 of a document as it is stored: what one asks and another confirms."""
    return hashlib.sha256(to_json(tip)).digest()


def _there(sealed: bytes | None) -> bytes:
    if sealed is None:
        raise ConflictError("What this report said was forgotten.", hint="Its time to be kept is over.")
    return sealed
