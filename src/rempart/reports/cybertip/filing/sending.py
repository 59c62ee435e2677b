"""One call: what is sent, and what became of it. Nothing here touches the database but the vault's own log."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rempart.errors import RempartError, TiplineUnavailableError, UnavailableError
from rempart.evidence.vault import Vault
from rempart.people.principal import SYSTEM
from rempart.reports.cybertip.document.editions import Edition
from rempart.reports.cybertip.document.records import CyberTip, FileDetails
from rempart.reports.cybertip.document.writing import file_xml, report_xml
from rempart.reports.cybertip.filing.values import Result, Step, Why
from rempart.reports.cybertip.records.files import FileRow
from rempart.reports.cybertip.service.answers import Answer
from rempart.reports.cybertip.service.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a call sends. `digest` is the SHA-256 of the document, of the file, or of the form."""

    step: Step
    report: str
    number: str | None
    digest: bytes
    xml: bytes = field(default=b"", repr=False)
    file: FileRow | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of a call; `why` says more where it is not the answer that says so. `broken`: what is to be sent is
    not there any more, or is not what it was."""

    result: Result
    answer: Answer | None = None
    why: Why | None = None
    broken: bool = False


def request_of(
    step: Step,
    *,
    report: str,
    number: str | None,
    edition: Edition,
    tip: CyberTip | None = None,
    file: FileRow | None = None,
) -> Request:
    """What a call sends: `tip` is needed to open and to describe, `file` for what is about one."""
    xml = b""
    if step is Step.OPEN:
        assert tip is not None
        xml = report_xml(tip.report, edition=edition)
    elif step is Step.DESCRIBE:
        assert tip is not None
        assert file is not None
        assert number is not None
        assert file.remote is not None
        xml = file_xml(details_of(tip, file), report_id=int(number), file_id=file.remote, edition=edition)
    if step is Step.UPLOAD:
        assert file is not None
        digest = file.sha256 or b""
    else:
        digest = hashlib.sha256(xml or f"id={number}".encode()).digest()
    return Request(step=step, report=report, number=number, digest=digest, xml=xml, file=file)


def details_of(tip: CyberTip, file: FileRow) -> FileDetails:
    """What the document says of a file."""
    found = next((one for one in tip.files if one.ref == file.id), None)
    return found or FileDetails(ref=file.id)


def send(connection: Connection, request: Request, *, vault: Vault) -> Reply:
    """Make the call; never raises for what the service or the network does."""
    try:
        answer = _asked(connection, request, vault)
    except TiplineUnavailableError as err:
        return Reply(result=Result.LOST if err.arrived else Result.NOT_SENT, why=Why.UNREACHABLE)
    except UnavailableError:
        return Reply(result=Result.LOST, why=Why.EVIDENCE_WAITS)
    except RempartError:
        return Reply(result=Result.LOST, why=Why.EVIDENCE, broken=True)
    result = Result(answer.kind.value)
    if request.step is Step.UPLOAD and result is Result.OK and request.file is not None:
        return _compared(answer, request.file)
    return Reply(result=result, answer=answer)


def _asked(connection: Connection, request: Request, vault: Vault) -> Answer:
    number = request.number or ""
    if request.step is Step.OPEN:
        return connection.open(request.xml)
    if request.step is Step.DESCRIBE:
        return connection.describe(request.xml)
    if request.step is Step.FINISH:
        return connection.finish(number)
    if request.step is Step.RETRACT:
        return connection.retract(number)
    assert request.file is not None
    with _contents(vault, request.file, report=request.report) as (pieces, size):
        return connection.upload(number, request.file.id, pieces, size)


def _compared(answer: Answer, file: FileRow) -> Reply:
    """Whether what arrived is what was sent, and what was sent is what was sealed."""
    if file.md5 is not None and answer.sent_md5 != file.md5.hex():
        return Reply(result=Result.DAMAGED, answer=answer, why=Why.EVIDENCE, broken=True)
    same = answer.md5 is not None and answer.md5 == answer.sent_md5
    return Reply(result=Result.OK if same else Result.DAMAGED, answer=answer)


@contextmanager
def _contents(vault: Vault, file: FileRow, *, report: str) -> Iterator[tuple[Iterator[memoryview], int]]:
    assert file.object is not None
    with vault.open_stream(file.object, purpose=f"report {report}", by=SYSTEM) as film:
        yield film.chunks, film.size
