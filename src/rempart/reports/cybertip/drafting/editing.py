"""Completing a draft. What only the records can say is not to be edited; an edit takes a question back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.errors import ConflictError, NotPermittedError, RefusedError
from rempart.evidence.vault import Keyring
from rempart.people import approvals
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import approvals as approval_records
from rempart.reports.cybertip.document.records import CyberTip, FileAnnotation, FileDetails
from rempart.reports.cybertip.drafting.composing import Held, House
from rempart.reports.cybertip.drafting.holding import Draft, draft_of, seal_draft, tip_of
from rempart.reports.cybertip.drafting.making import place_files, write
from rempart.reports.cybertip.drafting.reading import SUBJECT, report_of
from rempart.reports.cybertip.records import files, reports
from rempart.reports.cybertip.records.reports import ReportRow
from rempart.reports.cybertip.values import EDITABLE, ReportState

KIND = "report"
"""The kind of the question that is asked about a report."""
_BACK = frozenset({ReportState.REJECTED, ReportState.RETRACTED})


def edit(
    conn: Connection,
    report_id: str,
    tip: CyberTip,
    *,
    version: int,
    who: Principal,
    at: datetime,
    keyring: Keyring,
    house: House,
    hash_only: bool | None = None,
) -> ReportRow:
    """Put what a person made of a draft in its place.

    1. The person may know of it and complete it. 2. It is still worked on, and nobody changed it meanwhile. 3. Its
    files are those that there are, with the digests that they have; a file may be left out. 4. That a file was viewed
    is not said here, and classes only where the company may. 5. That a picture was made by a machine a person says.
    Raises NotPermittedError, NotFoundError, ConflictError, RefusedError; then nothing has changed.
    """
    row = report_of(conn, report_id, who, permission=Permission.REPORTS_PREPARE, lock=True)
    if row.state not in EDITABLE:
        raise ConflictError("This report is not a draft any more.", hint="Look at it again.")
    if row.version != version:
        raise ConflictError("Somebody changed this draft meanwhile.", hint="Look at it again; nothing was lost.")
    draft = draft_of(row, keyring=keyring)
    _possible(draft, tip, house=house, who=who)
    new = replace(
        draft, asked=None, hash_only=draft.hash_only if hash_only is None else hash_only,
        tip=replace(tip, report=replace(tip.report, reporter=draft.auto.report.reporter)),
    )  # fmt: skip
    if replace(draft, asked=None) == new:
        return row
    return save(conn, row, new, action="report.edited", by=who, at=at, keyring=keyring)


def save(
    conn: Connection, row: ReportRow, draft: Draft, *, action: str, by: Principal, at: datetime, keyring: Keyring
) -> ReportRow:
    """Write a changed draft down: a new version, its files, its leaf. A question that was asked is taken back."""
    take_back(conn, row, by=by, at=at)
    reports.change(
        conn, row.id, sealed=seal_draft(draft, report=row.id, keyring=keyring), version=row.version + 1, changed=at,
        state=ReportState.DRAFT, digest=None, asked_by=None, asked_at=None,
    )  # fmt: skip
    place_files(conn, row.id, replace(draft.tip, files=() if draft.hash_only else draft.tip.files), draft.held)
    generated = sum(FileAnnotation.GENERATIVE_AI in one.annotations for one in draft.tip.files)
    facts = {
        "version": row.version + 1, "files": len(draft.tip.files), "hash_only": draft.hash_only, "generated": generated
    }  # fmt: skip
    write(conn, action, row.id, by=by, at=at, facts=facts)
    found = reports.find(conn, row.id)
    assert found is not None
    return found


def reopen(conn: Connection, report_id: str, *, who: Principal, at: datetime, keyring: Keyring) -> ReportRow:
    """Make what the service refused, or what was taken back while it was filed, a draft again: it is completed, asked
    and confirmed anew. Raises NotPermittedError, NotFoundError, ConflictError."""
    row = report_of(conn, report_id, who, permission=Permission.REPORTS_PREPARE, lock=True)
    if row.state not in _BACK:
        raise ConflictError("Only what was refused or taken back becomes a draft again.", hint="Look at it again.")
    tip = _unviewed(tip_of(row, keyring=keyring))
    held = {
        one.id: Held(
            item=one.item, object=one.object or "", size=one.size, sha256=_hex(one.sha256), md5=_hex(one.md5)
        )
        for one in files.of_report(conn, row.id)
    }  # fmt: skip
    draft = Draft(tip=tip, auto=tip, held=held)
    reports.change(conn, row.id, confirmed_by=None, confirmed_at=None, single=False)
    return save(conn, row, draft, action="report.reopened", by=who, at=at, keyring=keyring)


def take_back(conn: Connection, row: ReportRow, *, by: Principal, at: datetime) -> int:
    """Take back what was asked about a report; gives how many questions waited."""
    waiting = approval_records.open_about(conn, kind=KIND, subject=SUBJECT + row.id)
    for one in waiting:
        approvals.withdraw(conn, one.id, by=by, at=at)
    return len(waiting)


def _possible(draft: Draft, tip: CyberTip, *, house: House, who: Principal) -> None:
    known = _by_ref(draft.auto.files)
    before = _by_ref(draft.tip.files)
    refs = [one.ref for one in tip.files]
    if len(set(refs)) != len(refs) or any(one not in draft.held for one in refs):
        raise RefusedError("A file is named that this report does not have.", hint="Attach it first.")
    for one in tip.files:
        if one.viewed is not None or one.exif_viewed is not None:
            raise RefusedError(
                "Whether a file was viewed follows from the log of looks.", hint="Look at the whole file in its case."
            )
        if one.ref in known and one.hashes != known[one.ref].hashes:
            raise RefusedError("The digests of a file are not to be edited.", hint="Leave them as they are.")
        if one.classification is not None and not house.may_classify:
            raise RefusedError(
                "The industry's classes are only for those who signed its memorandum.",
                hint="Leave the class out, or have it declared in the settings.",
            )
        was = before.get(one.ref)
        said = FileAnnotation.GENERATIVE_AI in one.annotations
        if said != (was is not None and FileAnnotation.GENERATIVE_AI in was.annotations) and who.kind != "person":
            raise NotPermittedError(
                "Whether a picture was made by a machine a person says.", hint="In a command, name one: --as NAME."
            )


def _unviewed(tip: CyberTip) -> CyberTip:
    """What people wrote of it: whether files were viewed is said anew, from the log, when it is asked again."""
    return replace(tip, files=tuple(replace(one, viewed=None, exif_viewed=None) for one in tip.files))


def _by_ref(found: tuple[FileDetails, ...]) -> Mapping[str, FileDetails]:
    return {one.ref: one for one in found}


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()
