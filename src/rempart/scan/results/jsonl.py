"""Results as JSON Lines: one object per file, in ASCII, as soon as it is known; the `result` field names the group."""

from __future__ import annotations

from typing import IO

from rempart.scan.records import Record, json_line
from rempart.scan.results.facts import ORDER, Report


def line(record: Record) -> bytes:
    """One record as a line."""
    return json_line(record).encode("ascii") + b"\n"


def write(report: Report, stream: IO[bytes]) -> None:
    """All records, group after group."""
    for group in ORDER:
        for record in report.records(group):
            stream.write(line(record))
