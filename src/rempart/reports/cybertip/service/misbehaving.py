"""How a rehearsal server is bad on a bad day: one call at a time, as it was planned."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rempart.errors import RefusedError

CALLS = ("status", "xsd", "submit", "upload", "fileinfo", "finish", "retract")


class How(StrEnum):
    """What happens to a call. Up to `too_many` nothing of it is carried out; from `hang_after` on all of it is."""

    HANG_BEFORE = "hang_before"
    CLOSE_BEFORE = "close_before"
    ERROR = "error"
    PAGE = "page"
    UNAUTHORIZED = "unauthorized"
    REVOKE = "revoke"
    REFUSE = "refuse"
    REDIRECT = "redirect"
    TOO_MANY = "too_many"
    HANG_AFTER = "hang_after"
    CLOSE_AFTER = "close_after"
    PAGE_AFTER = "page_after"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    DOCTYPE = "doctype"
    HUGE = "huge"
    WRONG_TYPE = "wrong_type"
    ENCODING = "encoding"
    UNKNOWN_CODE = "unknown_code"
    OTHER_REPORT = "other_report"
    REPEATED = "repeated"
    SLOW = "slow"
    SLOW_UPLOAD = "slow_upload"
    WRONG_DIGEST = "wrong_digest"


MEANINGS: Mapping[How, str] = {
    How.HANG_BEFORE: "no answer; nothing was taken",
    How.CLOSE_BEFORE: "the line is cut; nothing was taken",
    How.ERROR: "status 500 and code 1000",
    How.PAGE: "a proxy's HTML page with status 502",
    How.UNAUTHORIZED: "401 without a body, this once",
    How.REVOKE: "401 without a body, from now on",
    How.REFUSE: "code 4100, for no reason of its own",
    How.REDIRECT: "302 to another address",
    How.TOO_MANY: "429",
    How.HANG_AFTER: "it was taken, and there is no answer",
    How.CLOSE_AFTER: "it was taken, and the line is cut",
    How.PAGE_AFTER: "it was taken, and a proxy answers with a page and status 504",
    How.EMPTY: "it was taken; 200 and nothing",
    How.TRUNCATED: "it was taken; the answer ends in the middle",
    How.DOCTYPE: "it was taken; the answer has a document type with entities",
    How.HUGE: "it was taken; the answer does not end",
    How.WRONG_TYPE: "it was taken; JSON",
    How.ENCODING: "it was taken; the answer's bytes are not of the encoding that it names",
    How.UNKNOWN_CODE: "it was taken; a code that nobody documented",
    How.OTHER_REPORT: "it was taken; the answer names another report",
    How.REPEATED: "it was taken twice, as by a proxy that repeats; the second answer is given",
    How.SLOW: "it was taken; the answer comes byte by byte",
    How.SLOW_UPLOAD: "what is sent is read slowly",
    How.WRONG_DIGEST: "a file arrives damaged, and its digest shows that",
}
"""Each in words."""
NOT_TAKEN = frozenset(list(How)[: list(How).index(How.HANG_AFTER)])
"""The behaviours under which a call is not carried out."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One behaviour, for the next call of a kind, or (`call` empty) for the next call."""

    how: How
    call: str = ""

    @classmethod
    def of(cls, text: str) -> Planned:
        """From `how` or `call:how`. Raises RefusedError."""
        call, _, how = text.rpartition(":")
        if how not in list(How) or (call and call not in CALLS):
            known = ", ".join(How)
            raise RefusedError(f"A behaviour is one of {known}; before it, with a colon, one of {', '.join(CALLS)}.")
        return cls(How(how), call)


class Plan:
    """What is planned, taken in its order by several threads; with a `place` by several processes too, and what is
    planned there outlives them."""

    def __init__(self, place: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._place = place
        self._next: list[str] = []

    def add(self, behaviours: Iterable[str]) -> None:
        """Plan so many more. Raises RefusedError for one that is not known, and then plans none."""
        wanted = [str(one) for one in behaviours]
        for one in wanted:
            Planned.of(one)
        with self._open() as planned:
            planned += wanted

    def take(self, call: str) -> How | None:
        """How to behave at this call; None: well."""
        with self._open() as planned:
            found = next((one for one in planned if Planned.of(one).call in ("", call)), None)
            if found is not None:
                planned.remove(found)
            return Planned.of(found).how if found else None

    def left(self) -> int:
        """How many were not taken yet."""
        with self._open() as planned:
            return len(planned)

    @contextmanager
    def _open(self) -> Iterator[list[str]]:
        with self._lock:
            if self._place is None:
                yield self._next
                return
            self._place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._place.open("a+", encoding="utf-8") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                file.seek(0)
                before = file.read().split()
                planned = list(before)
                yield planned
                if planned != before:
                    file.truncate(0)
                    file.write("\n".join(planned))
