"""Attaching a file to a draft that no item of it brings: a film that was too long to be checked, a conversation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import ConflictError, RefusedError
from rempart.evidence.vault import Sealed, Vault
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.reports.cybertip.document.records import FileDetails, FileHash, Relevance
from rempart.reports.cybertip.drafting.composing import Held
from rempart.reports.cybertip.drafting.editing import save
from rempart.reports.cybertip.drafting.holding import draft_of
from rempart.reports.cybertip.drafting.reading import report_of
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE
from rempart.store.ids import new_id

BASIS = "case_task"
"""Why an attached file is kept, as the other evidence of its task is; its reference is the task's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that is sealed and belongs to nothing yet, and what is said of it."""

    sealed: Sealed
    md5: bytes = field(repr=False)
    name: str
    media_type: str
    relevance: Relevance


def sealed_attachment(
    pieces: Iterable[bytes], *, vault: Vault, name: str, media_type: str, relevance: Relevance
) -> Attachment:
    """Seal a file of any length by stream. Outside any transaction; `attach` within half an hour. Raises RefusedError
    for an empty file, and what `Vault.seal_stream` raises."""
    digest = hashlib.md5(usedforsecurity=False)

    def counted() -> Iterator[bytes]:
        for piece in pieces:
            digest.update(piece)
            yield piece

    sealed = vault.seal_stream(counted())
    if not sealed.size:
        raise RefusedError("The file is empty.")
    return Attachment(sealed=sealed, md5=digest.digest(), name=name, media_type=media_type, relevance=relevance)


def attachable(conn: Connection, report_id: str, who: Principal, *, lock: bool = False) -> ReportRow:
    """A report that a person may attach something to. Raises NotPermittedError, NotFoundError, ConflictError."""
    row = report_of(conn, report_id, who, permission=Permission.REPORTS_PREPARE, lock=lock)
    if row.state not in EDITABLE:
        raise ConflictError("This report is not a draft any more.", hint="Look at it again.")
    return row


def attach(
    conn: Connection, report_id: str, attachment: Attachment, *, vault: Vault, who: Principal, at: datetime
) -> ReportRow:
    """Put a sealed file at the end of a draft; a question that was asked is taken back.

    1. The person may know of the report and complete it. 2. It is still worked on, and sends files. 3. It does not hold
    these bytes yet. Raises NotPermittedError, NotFoundError, ConflictError, and UnavailableError when it was sealed too
    long ago.
    """
    row = attachable(conn, report_id, who, lock=True)
    draft = draft_of(row, keyring=vault.keyring)
    if draft.hash_only:
        raise ConflictError("This report is to be sent without files.", hint="Change that first.")
    sha256, md5 = attachment.sealed.sha256.hex(), attachment.md5.hex()
    if any(one.sha256 == sha256 for one in draft.held.values()):
        raise ConflictError("This report has that file already.", hint="Nothing was attached.")
    object_id = vault.record(
        conn, attachment.sealed, item=None, basis=BASIS, reference=row.task_id, media_type=attachment.media_type,
        by=who,
    )  # fmt: skip
    ref = new_id("rfile")
    details = FileDetails(
        ref=ref, original_name=attachment.name, relevance=attachment.relevance,
        hashes=(FileHash(type="MD5", value=md5), FileHash(type="SHA256", value=sha256)),
    )  # fmt: skip
    held = Held(item=None, object=object_id, size=attachment.sealed.size, sha256=sha256, md5=md5)
    new = replace(
        draft, asked=None, held={**draft.held, ref: held},
        tip=replace(draft.tip, files=(*draft.tip.files, details)),
        auto=replace(draft.auto, files=(*draft.auto.files, details)),
    )  # fmt: skip
    return save(conn, row, new, action="report.attached", by=who, at=at, keyring=vault.keyring)
