"""Results as a VICS 2.0 case (`#Cases`): pictures, and whatever is on a list, one `Media` per content.

Categories are an examiner's to give, so `Category` is null throughout; what was found stands in `Tags` and `Comments`.
Files with the same bytes become one `Media` with several `MediaFiles`. A file without MD5 has no place in the model:
such files, and files that are no pictures and on no list, are counted in `CaseMetadata`. Follows the CEModel namespace
of the VICS 2.0 EDMX.
"""

from __future__ import annotations

import io
import json
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rempart.clock import iso
from rempart.scan.paths import visible
from rempart.scan.records import Record, Result, from_line, modified, to_line
from rempart.scan.results.facts import ORDER, Report

CONTEXT = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/Default/$metadata#Cases"
_BUCKETS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """`hashes`: also write SHA-256 and PDQ as `AlternativeHashes` (the model has no field of its own for them)."""

    hashes: bool = False
    spool: Path | None = None


def write(report: Report, stream: IO[bytes], options: Options | None = None) -> None:
    """Write one case. Contents are grouped through temporary files, so memory does not grow with their number."""
    options = options or Options()
    text = io.TextIOWrapper(stream, encoding="ascii", newline="\n")
    facts, tally = report.facts, report.tally
    total = 0
    case_id = str(uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([facts.paths, iso(facts.started), facts.version])))
    text.write(f'{{"@odata.context":{json.dumps(CONTEXT)},"value":[{{"CaseID":"{case_id}","CaseNumber":"",')
    text.write(f'"SourceApplicationName":"Rempart","SourceApplicationVersion":{json.dumps(facts.version)},"Media":[')
    for group in ORDER:
        for same in _by_content(filter(_belongs, report.records(group)), options.spool):
            text.write(",\n" if total else "\n")
            total += 1
            json.dump(_media(same, total, options, iso(facts.ended)), text)
    left = tally.files - sum(1 for group in ORDER for record in report.records(group) if _belongs(record))
    metadata = {
        "Result match": tally.matched, "Result known good": tally.known_good, "Result clear": tally.clear,
        "Result unhashed": tally.unhashed, "Files not in this case": left, "Lists": _lists(report),
    }  # fmt: skip
    rows = [{"CaseID": case_id, "PropertyName": key, "PropertyValue": str(value)} for key, value in metadata.items()]
    text.write(f'],\n"TotalMediaFiles":{total},"TotalPrecategorized":0,"CaseMetadata":{json.dumps(rows)}}}]}}\n')
    text.flush()
    text.detach()


def _belongs(record: Record) -> bool:
    return record.md5 is not None and (
        record.media_type is not None or record.result in (Result.MATCH, Result.KNOWN_GOOD)
    )


def _lists(report: Report) -> str:
    return "; ".join(f"{used.name} (SHA-256 {used.sha256})" for used in report.facts.lists)


def _by_content(records: Iterator[Record], folder: Path | None) -> Iterator[list[Record]]:
    """Records with the same MD5 together: split into files by its first byte, each small enough to be sorted."""
    with ExitStack() as opened:
        spools: dict[int, IO[str]] = {}
        for record in records:
            bucket = int((record.md5 or "00")[:2], 16) % _BUCKETS
            if bucket not in spools:
                spools[bucket] = opened.enter_context(tempfile.TemporaryFile("w+", dir=folder, encoding="ascii"))
            spools[bucket].write(to_line(record) + "\n")
        for bucket in sorted(spools):
            spools[bucket].seek(0)
            groups: dict[str, list[Record]] = {}
            for line in spools[bucket]:
                record = from_line(line.rstrip("\n"))
                groups.setdefault(record.md5 or "", []).append(record)
            yield from (groups[md5] for md5 in sorted(groups))


def _media(same: list[Record], number: int, options: Options, when: str) -> dict[str, Any]:
    first = same[0]
    md5 = (first.md5 or "").upper()
    media: dict[str, Any] = {
        "MediaID": number, "Category": None, "MD5": md5, "SHA1": (first.sha1 or "").upper(),
        "MediaSize": first.size, "MimeType": first.media_type, "DateUpdated": when, "IsPrecategorized": False,
        "VictimIdentified": False, "OffenderIdentified": False, "IsDistributed": False,
        "Tags": _TAGS[first.result], "Comments": _comments(first),
    }  # fmt: skip
    if options.hashes:
        found: tuple[tuple[str, str | None], ...] = (("SHA256", first.sha256), ("PDQ", first.pdq))
        media["AlternativeHashes"] = [
            {"MD5": md5, "HashName": name, "HashValue": value} for name, value in found if value
        ]
    media["MediaFiles"] = [_media_file(record, md5, place) for place, record in enumerate(same, start=1)]
    return media


_TAGS = {
    Result.MATCH: "rempart:match", Result.KNOWN_GOOD: "rempart:known_good", Result.CLEAR: "rempart:never_seen",
    Result.UNHASHED: "rempart:unhashed",
}  # fmt: skip


def _comments(record: Record) -> str:
    parts = [
        f"{'Same bytes as' if match['probe'] == 'exact' else 'Looks like'} entry {match['entry']} of {match['list']}"
        f" ({_category(match)}; {match['probe']}, distance {match['distance']}). Not yet judged by an examiner."
        for match in record.matches
    ]
    parts += [f"Known good: entry {match['entry']} of {match['list']}." for match in record.known_good]
    if record.error:
        parts.append(f"Could not be fully checked: {record.error}.")
    return visible(" ".join(parts))


def _category(match: Any) -> str:
    return f"{match['scheme']} {match['code']}" if match["scheme"] not in (None, "listed") else "no category"


def _media_file(record: Record, md5: str, place: int) -> dict[str, Any]:
    target = record.target
    slash: Callable[[str], str] = lambda path: visible(path).replace("\\", "%5C").replace("/", "\\")  # noqa: E731
    told: dict[str, Any] = {
        "MD5": md5, "MediaFileID": place, "FileName": visible(target.label.rsplit("/", 1)[-1]),
        "FilePath": slash(target.label), "Unallocated": False, "Deleted": False,
    }  # fmt: skip
    if target.stamp is not None and not target.members:
        told["Written"] = modified(target.stamp)
    if target.members:
        told["ParentFileName"] = visible(target.path.rsplit("/", 1)[-1])
        told["ParentFilePath"] = slash(target.path)
    return told
