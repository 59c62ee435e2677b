"""Results as CSV (RFC 4180): UTF-8, comma, CRLF, a header, one row per file, the groups one after another.

Text cells are shown visibly and made harmless for spreadsheets, both reversibly (see `rempart.scan.paths`): take away
one leading `'`, then turn each `%XX` into its byte.
"""

from __future__ import annotations

import csv
import io
import json
from typing import IO, Any

from rempart.scan.paths import spreadsheet, visible
from rempart.scan.records import Record, modified
from rempart.scan.results.facts import ORDER, Report

_PLAIN = (
    "outcome", "checked", "media_type", "size", "sha256", "sha1", "md5", "pdq", "pdq_quality", "recipe", "width",
    "height",
)  # fmt: skip
_MATCH = ("list", "entry", "scheme", "code", "opinion", "facet", "probe", "distance")
COLUMNS = (
    "path", "result", *_PLAIN, "modified", "error", *(f"match_{name}" for name in _MATCH), "match_count",
    "all_matches", "known_good_list",
)  # fmt: skip


def write(report: Report, stream: IO[bytes]) -> None:
    """Write all records, in the order match, known_good, clear, unhashed. Memory does not grow with their number."""
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(COLUMNS)
    for group in ORDER:
        for record in report.records(group):
            rows.writerow(_row(record))
    text.flush()
    text.detach()


def _row(record: Record) -> list[Any]:
    stamp = record.target.stamp
    best = record.matches[0] if record.matches else {}
    everything = [{name: match[name] for name in _MATCH} for match in record.matches]
    cells: list[Any] = [record.target.label, str(record.result)]
    cells += [getattr(record, name) for name in _PLAIN]
    cells += [modified(stamp) if stamp else None, record.error]
    cells += [best.get(name) for name in _MATCH]
    cells += [len(record.matches), json.dumps(everything) if everything else None]
    cells.append(record.known_good[0]["list"] if record.known_good else None)
    return [spreadsheet(visible(cell)) if isinstance(cell, str) else cell for cell in cells]
