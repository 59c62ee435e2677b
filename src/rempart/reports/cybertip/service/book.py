"""The rules that the CyberTipline documents for its calls, without any HTTP: order, codes, once, expiry.

A report is opened, gets files, each described at most once, and is finished or taken back. Left alone it is deleted 24
hours after it was opened or an hour after the last file or description, whichever is later. After it is finished
nothing can be added, and it cannot be taken back.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rempart.clock import Clock
from rempart.errors import RefusedError
from rempart.reports.cybertip.service.parsing import local, parsed
from rempart.reports.cybertip.service.shelf import Held, HeldFile, Shelf, Stage

UNFINISHED_FOR = timedelta(hours=24)
AFTER_LAST_FILE = timedelta(hours=1)
MOST_XML = 8 << 20
OK, REFUSED, INVALID, MALFORMED = 0, 4000, 4100, 4110
NO_REPORT, NO_FILE, RETRACTED, FINISHED = 5001, 5002, 5101, 5102
_TEXTS = {
    OK: "Success", REFUSED: "Invalid request", INVALID: "Validation failed", MALFORMED: "Malformed XML",
    NO_REPORT: "Report does not exist", NO_FILE: "File does not exist", RETRACTED: "Report already retracted",
    FINISHED: "Report already finished",
}  # fmt: skip
Rules = Callable[[bytes, str, datetime], Sequence[str]]
"""What is wrong with a document, of the kind `report` or `fileDetails`, as sentences."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the service says to a call."""

    code: int
    text: str = ""
    report_id: str | None = None
    file_id: str | None = None
    md5: str | None = None
    files: tuple[str, ...] | None = None
    """Of a report that was finished just now; None: another kind of answer."""


class Book:
    """The service's reports. Every method is one call; none raises for what whoever asks did wrong."""

    def __init__(self, shelf: Shelf, *, clock: Clock, rules: Rules) -> None:
        self._shelf, self._clock, self._rules = shelf, clock, rules

    def reports(self) -> tuple[Held, ...]:
        """Every report, also those that were taken back or have expired."""
        with self._shelf.locked():
            return self._shelf.all()

    def submit(self, xml: bytes) -> Reply:
        """Open a report."""
        root = _root(xml, "report")
        if root is None:
            return _reply(MALFORMED)
        if wrong := self._rules(xml, "report", self._clock()):
            return _reply(INVALID, _said(wrong))
        batched = any(local(one) == "batchedReport" for one in root)
        with self._shelf.locked():
            digest = hashlib.sha256(xml).hexdigest()
            held = Held(number=self._shelf.number(), opened=self._clock(), digest=digest, batched=batched)
            self._shelf.put(held)
        return _reply(OK, report_id=held.number)

    def upload(self, number: str, *, md5: str, size: int) -> Reply:
        """Take a file that has arrived whole."""
        with self._shelf.locked():
            held = self._open(number)
            if isinstance(held, Reply):
                return held
            if held.batched and held.files:
                return _reply(REFUSED, "A batched report has one file.")
            name = secrets.token_hex(16)
            held.files[name] = HeldFile(md5=md5, size=size)
            held.touched = self._clock()
            self._shelf.put(held)
        return _reply(OK, report_id=number, file_id=name, md5=md5)

    def describe(self, xml: bytes) -> Reply:
        """Take what is said of a file, once."""
        root = _root(xml, "fileDetails")
        if root is None:
            return _reply(MALFORMED)
        if wrong := self._rules(xml, "fileDetails", self._clock()):
            return _reply(INVALID, _said(wrong))
        named = {local(one): (one.text or "").strip() for one in root}
        with self._shelf.locked():
            held = self._open(named.get("reportId", ""))
            if isinstance(held, Reply):
                return held
            found = held.files.get(named.get("fileId", ""))
            if found is None:
                return _reply(NO_FILE)
            if found.described:
                return _reply(REFUSED, "This file was described before.")
            found.described = True
            held.touched = self._clock()
            self._shelf.put(held)
        return _reply(OK, report_id=held.number)

    def finish(self, number: str) -> Reply:
        """File a report for good."""
        with self._shelf.locked():
            held = self._open(number)
            if isinstance(held, Reply):
                return held
            if held.batched and len(held.files) != 1:
                return _reply(REFUSED, "A batched report has one file.")
            held.stage = Stage.FINISHED
            self._shelf.put(held)
        return _reply(OK, report_id=number, files=tuple(held.files))

    def retract(self, number: str) -> Reply:
        """Take a report back before it is finished."""
        with self._shelf.locked():
            held = self._open(number)
            if isinstance(held, Reply):
                return held
            held.stage = Stage.RETRACTED
            self._shelf.put(held)
        return _reply(OK, report_id=number)

    def _open(self, number: str) -> Held | Reply:
        """A report that may still be worked on, or what to say of it."""
        held = self._shelf.find(number) if number.isascii() and number.isdecimal() and len(number) < 20 else None
        if held is None:
            return _reply(NO_REPORT)
        if held.stage is not Stage.OPEN:
            return _reply(FINISHED if held.stage is Stage.FINISHED else RETRACTED)
        return held if self._clock() <= expires(held) else _reply(NO_REPORT)


def expires(held: Held) -> datetime:
    """When an unfinished report is deleted."""
    first = held.opened + UNFINISHED_FOR
    return first if held.touched is None else max(first, held.touched + AFTER_LAST_FILE)


def _root(xml: bytes, name: str) -> Any:
    try:
        root = parsed(xml, most=MOST_XML)
    except RefusedError:
        return None
    return root if local(root) == name else None


def _reply(
    code: int, text: str = "", *, report_id: str | None = None, file_id: str | None = None, md5: str | None = None,
    files: tuple[str, ...] | None = None,
) -> Reply:  # fmt: skip
    said = text or _TEXTS[code]
    return Reply(code=code, text=said, report_id=report_id, file_id=file_id, md5=md5, files=files)


def _said(wrong: Sequence[str]) -> str:
    return f"{_TEXTS[INVALID]}: " + " ".join(wrong[:5])
