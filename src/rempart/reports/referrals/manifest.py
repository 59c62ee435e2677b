"""What a package holds, to the byte, and the ledger key's signature of that.

`manifest.json` names every part with its size and SHA-256; `manifest.txt` is a signed note of three lines (format,
referral, SHA-256 of the manifest), signed with the ledger's key. Age says nothing of who sealed a file: this does.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version

from rempart import __version__
from rempart.clock import iso
from rempart.evidence.ledger.notes import Signer

FORMAT = "rempart-referral/1"
MANIFEST, STATEMENT = "manifest.json", "manifest.txt"
_TOOLS = ("pyrage", "cryptography", "reportlab")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One part of a package as it was written."""

    name: str
    size: int
    sha256: str


def manifest(members: Sequence[Member], *, referral: str, made: datetime) -> bytes:
    """The manifest of these parts, in the order in which they stand in the package."""
    document = {
        "format": FORMAT, "referral": referral, "made": iso(made), "tools": tools(),
        "parts": [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in members],
    }  # fmt: skip
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def tools() -> dict[str, str]:
    """What a package was made with, and in which versions."""
    found = {name: version(name) for name in _TOOLS}
    return {"rempart": __version__, "python": platform.python_version(), **found}


def statement_text(referral: str, data: bytes) -> str:
    """The text that is signed of a manifest. Its second line is no number, so that it can be no checkpoint."""
    return f"{FORMAT}\n{referral}\n{hashlib.sha256(data).hexdigest()}\n"


def statement(referral: str, data: bytes, *, signer: Signer) -> bytes:
    """The signed note of a manifest."""
    return signer.sign(statement_text(referral, data)).encode()
