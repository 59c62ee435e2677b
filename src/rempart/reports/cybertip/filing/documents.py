"""The document that was confirmed, opened for sending."""

from __future__ import annotations

import hashlib

from rempart.errors import RefusedError
from rempart.evidence.vault import Keyring
from rempart.reports.cybertip import sealing
from rempart.reports.cybertip.document.records import CyberTip
from rempart.reports.cybertip.document.storing import read, to_json
from rempart.reports.cybertip.records.reports import ReportRow


def document_of(row: ReportRow, *, keyring: Keyring) -> CyberTip:
    """The document, which must be the very one that people confirmed. Raises RefusedError, TamperedError."""
    if row.sealed is None or row.digest is None:
        raise RefusedError("Nobody has confirmed this document.")
    tip = read(CyberTip, sealing.opened(row.sealed, name=sealing.DOCUMENT, of=row.id, keyring=keyring))
    if hashlib.sha256(to_json(tip)).digest() != row.digest:
        raise RefusedError("This is not the document that was confirmed.")
    return tip
