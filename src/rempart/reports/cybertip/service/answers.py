"""What the CyberTipline answered, and what that means for whoever asked.

Codes are those of its documentation, which says itself that there may be others. An answer that is not as documented
is `unknown`, whatever its HTTP status: behind a proxy's page the request may have been carried out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from rempart.errors import RefusedError
from rempart.reports.cybertip.service.parsing import local, parsed

MOST = 256 << 10
"""Bytes of an answer that are read at most; no documented answer has a tenth of it."""
_REPORT = re.compile(r"[0-9]{1,19}")
_FILE = re.compile(r"[!-~]{1,128}")
_MD5 = re.compile(r"[0-9a-f]{32}")
_CODE = re.compile(r"-?[0-9]{1,9}")
_TEXT = 500
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY, _WELL = 401, 403, 429, 200


class AnswerKind(StrEnum):
    """What an answer means."""

    OK = "ok"
    AGAIN = "again"
    """It could not be done now; nothing was (1000, 1100, 1110, 1111, 1300; HTTP 429)."""
    CREDENTIALS = "credentials"
    """Who asks is not known, or may not do this (2000, 3000, 3100, 3300; HTTP 401, 403). Nothing else will go."""
    WRONG = "wrong"
    """What was sent is not right and never will be (1210, 4000, 4100, 4110, 4200)."""
    GONE = "gone"
    """There is no such report, or no longer (5001)."""
    NO_FILE = "no_file"
    """There is no such file (5002)."""
    RETRACTED = "retracted"
    """The report was retracted before (5101)."""
    FINISHED = "finished"
    """The report was finished before (5102): it is filed."""
    UNKNOWN = "unknown"
    """Another code, a page, nothing, or no XML: it may have been done or not."""


KINDS = (
    {0: AnswerKind.OK, 5001: AnswerKind.GONE, 5002: AnswerKind.NO_FILE}
    | {5101: AnswerKind.RETRACTED, 5102: AnswerKind.FINISHED}
    | dict.fromkeys((1000, 1100, 1110, 1111, 1300), AnswerKind.AGAIN)
    | dict.fromkeys((2000, 3000, 3100, 3300), AnswerKind.CREDENTIALS)
    | dict.fromkeys((1210, 4000, 4100, 4110, 4200), AnswerKind.WRONG)
)
"""What each documented code means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `body` is what came, to the byte, cut at `MOST`; `sent_md5` is of the file that was sent with it."""

    kind: AnswerKind
    http: int
    code: int | None = None
    description: str = ""
    report_id: str | None = None
    file_id: str | None = None
    md5: str | None = None
    files: tuple[str, ...] = ()
    request_id: str = ""
    sent_md5: str | None = None
    body: bytes = field(default=b"", repr=False)


def read_answer(http: int, body: bytes, *, request_id: str = "", whole: bool = True) -> Answer:
    """An answer from its status and bytes; never raises. `whole` is False when more came than was read."""
    bare = Answer(kind=_without_code(http), http=http, request_id=_printable(request_id, 100), body=body)
    if not body.strip():
        return replace(bare, description=f"an empty answer with status {http}")
    try:
        root = parsed(body, most=MOST) if whole else None
    except RefusedError:
        root = None
    if root is None or local(root) not in ("reportResponse", "reportDoneResponse"):
        return replace(bare, description=f"an answer with status {http} that is not the CyberTipline's")
    return _read(bare, root)


def expecting(answer: Answer, *, report_id: str | None = None, needs: str = "") -> Answer:
    """The answer, or `unknown` when it says it went well but names another report, or lacks what it must have
    (`needs`: `report_id` or `file_id`)."""
    if answer.kind is not AnswerKind.OK:
        return answer
    if report_id is not None and answer.report_id not in (None, report_id):
        return replace(answer, kind=AnswerKind.UNKNOWN, description="an answer about another report")
    if needs and getattr(answer, needs) is None:
        return replace(answer, kind=AnswerKind.UNKNOWN, description=f"an answer without {needs}")
    return answer


def _read(bare: Answer, root: Any) -> Answer:
    found: dict[str, str] = {}
    for child in root:
        found.setdefault(local(child), (child.text or "").strip())
    code = int(found["responseCode"]) if _CODE.fullmatch(found.get("responseCode", "")) else None
    files = tuple(
        name
        for each in root.iter()
        if local(each) == "fileId"
        and each.getparent() is not root
        and _FILE.fullmatch(name := (each.text or "").strip())
    )
    return replace(
        bare,
        kind=_kind(bare, code), code=code, description=_printable(found.get("responseDescription", ""), _TEXT),
        report_id=_if(_REPORT, found.get("reportId")), file_id=_if(_FILE, found.get("fileId")),
        md5=_if(_MD5, found.get("hash", "").lower()), files=files,
    )  # fmt: skip


def _kind(bare: Answer, code: int | None) -> AnswerKind:
    if code is None:
        return bare.kind
    kind = KINDS.get(code, AnswerKind.UNKNOWN)
    # "Success" under a status that says otherwise is a contradiction, and nothing to build on.
    return bare.kind if kind is AnswerKind.OK and bare.http != _WELL else kind


def _without_code(http: int) -> AnswerKind:
    if http in (_UNAUTHORIZED, _FORBIDDEN):
        return AnswerKind.CREDENTIALS
    return AnswerKind.AGAIN if http == _TOO_MANY else AnswerKind.UNKNOWN


def _if(shape: re.Pattern[str], text: str | None) -> str | None:
    return text if text and shape.fullmatch(text) else None


def _printable(text: str, most: int) -> str:
    return "".join(one if one.isprintable() else " " for one in text[:most]).strip()
