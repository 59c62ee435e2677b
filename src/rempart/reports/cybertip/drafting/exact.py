"""The exact document that would be sent: what people wrote, and what only the records can say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from rempart.reports.cybertip.document.records import CyberTip, FileDetails, PersonReported
from rempart.reports.cybertip.drafting import linking, viewed
from rempart.reports.cybertip.drafting.composing import Held, House
from rempart.reports.cybertip.drafting.holding import Draft
from rempart.reports.cybertip.records.reports import ReportRow

_HASHES_ALONE = "The files themselves are not sent with this report. Digests of the files as they were uploaded:"


def exact(conn: Connection, row: ReportRow, draft: Draft, *, house: House, at: datetime) -> CyberTip:
    """The document of a draft as it would be asked now.

    1. Who reports is what the operator has set. 2. Whether files were viewed is what the log of looks says. 3. What was
    reported of the same account before is named. 4. Without files their digests stand in the text.
    """
    seen = viewed.viewed_in(conn, row.case_id, before=at)
    files = tuple(_viewed(one, draft.held, seen) for one in draft.tip.files)
    report = replace(
        draft.tip.report, reporter=house.reporter,
        persons=_linked(draft.tip.report.persons, linking.earlier_numbers(conn, row)),
    )  # fmt: skip
    if draft.hash_only:
        report = replace(report, additional_info=_with_digests(report.additional_info, draft.tip.files))
        files = ()
    return CyberTip(report=report, files=files)


def _viewed(file: FileDetails, held: Mapping[str, Held], seen: viewed.Viewed) -> FileDetails:
    whole, metadata = viewed.with_views(file, held, seen)
    return replace(file, viewed=whole, exif_viewed=metadata)


def _linked(persons: Sequence[PersonReported], numbers: Sequence[int]) -> tuple[PersonReported, ...]:
    """Numbers that people added stay; in a batch nobody is linked: each is named by the identifier alone."""
    if len(persons) != 1 or not numbers:
        return tuple(persons)
    return (replace(persons[0], prior_reports=tuple(dict.fromkeys((*persons[0].prior_reports, *numbers)))),)


def _with_digests(text: str | None, files: Sequence[FileDetails]) -> str | None:
    lines = [f"{one.type} {one.value}" for file in files for one in file.hashes]
    if not lines:
        return text
    return "\n".join((*((text, "") if text else ()), _HASHES_ALONE, *lines))
