"""Project VIC / CAID JSON ("VICS"), versions 1.x and 2.0, hash sets and cases.

Follows the CEModel of VICS 2.0 and what public readers and writers do: a hash set has its records directly under
`value`, a case has them under `value[].Media`. A category is a bare number whose meaning the file may not tell:
only profile `US` does; otherwise the person who imports names the scheme. Keys that are not known are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import BinaryIO

from rempart.clock import iso
from rempart.errors import ListFormatError, RefusedError, SchemeUnknownError
from rempart.lists.entry import Category, Entry, EntrySignal, Opinion, derived_id
from rempart.lists.jsonstream import Broken, JsonStream
from rempart.lists.report import Reading, Refusal
from rempart.lists.schemes import choices
from rempart.lists.vocabulary import ReadOptions, read_code, read_moment, read_signal
from rempart.signals.values import SignalKind

NAME = "vics"
_CONTEXT = re.compile(r"/DataModels/(\d{1,4}\.\d{1,4})\.xml(?:/([^/\"#]{0,40}))?/?(?:\$metadata)?#(\w+)")
_MARK = re.compile(rb"projectvic|vicsdatamodel", re.IGNORECASE)
_MEDIA = re.compile(r'"Media"\s*:\s*\[')
_RESUME = re.compile(r'[,}\]]\s*(?=\{\s*"(?:MediaID|Category)"\s*:)')
_VERSIONS = {"1.0", "1.1", "1.2", "1.3", "2.0"}
_PROFILE_SCHEMES = {"US": "vic-us"}
_KINDS = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "PDQ": "pdq"}
_PROPERTY = "rempart:category"
_TAGS = re.compile(r"[,;]")


def detect(head: bytes) -> bool:
    """True when the first 8 KiB name the data model."""
    return head.lstrip().startswith(b"{") and bool(_MARK.search(head[:8192]))


def read(stream: BinaryIO, *, options: ReadOptions) -> Iterator[Reading | Refusal]:
    """Yield the document's records; a Refusal's line is the record's number, from 1.

    Raises ListFormatError when it is no VICS document or of an unknown version (read all the same with
    `options.force`), SchemeUnknownError when nothing says what its category numbers mean.
    """
    document = JsonStream(stream, resume=_RESUME)
    head = document.window(1 << 13)
    kind = _check_head(head, options)
    scheme = _scheme(head, options)
    for number, found in enumerate(_records(document, kind), 1):
        if isinstance(found, Broken):
            yield Refusal(line=number, reason=found.reason, incomplete=found.last)
            if found.last:
                return
        else:
            yield from _read_record(found, number, options, scheme=scheme)


def _check_head(head: str, options: ReadOptions) -> str:
    """What the records are (`Media` or `Cases`), after checking the version."""
    context = _CONTEXT.search(head)
    if not head.lstrip().startswith("{"):
        raise ListFormatError("This is no VICS document: it does not begin with an object.")
    if (context is None or context[1] not in _VERSIONS) and not options.force:
        told = f"version {context[1]}" if context else "no version"
        raise ListFormatError(
            f"This VICS document has {told}; known are {', '.join(sorted(_VERSIONS))}.",
            hint="Read it all the same with --force.",
        )
    return context[3] if context else ""


def _scheme(head: str, options: ReadOptions) -> str:
    """The id of the scheme in which the document's numbers are to be read; raises SchemeUnknownError."""
    if options.scheme is not None:
        return options.scheme.id
    context = _CONTEXT.search(head)
    profile = (context[2] or "") if context else ""
    if profile.upper() in _PROFILE_SCHEMES:
        return _PROFILE_SCHEMES[profile.upper()]
    told = f"The VICS file's profile is {profile!r}, which" if profile else "The VICS file names no profile, which"
    raise SchemeUnknownError(
        f"{told} does not say what its category numbers mean: 0 can stand for innocent, or for not yet looked at.",
        hint=f"Name the scheme with --scheme; known: {choices()} (uk-abc reads 1, 2, 3 as A, B, C).",
    )


def _records(document: JsonStream, kind: str) -> Iterator[dict[str, object] | Broken]:
    """Every media record of a hash set or a case, wherever its header stands."""
    found = False
    try:
        for key in document.members():
            if key == "value" and document.peek() == "[":
                found = True
                if kind == "Cases" or _holds_cases(document.window()):
                    yield from _case_records(document)
                else:
                    yield from document.records()
            else:
                document.value()
    except ListFormatError:
        if not found:
            raise
        yield Broken(reason="the document goes on with something that is not JSON; its rest was not read", last=True)
    if not found:
        raise ListFormatError("This VICS document has no list of records under `value`.")


def _holds_cases(window: str) -> bool:
    """Whether `value`, which begins here, holds cases: its first object has a `Media` array of its own.

    A header may say otherwise, so it is not asked. A first object that goes on beyond the window is a case's.
    """
    start = window.find("{")
    try:
        first, _ = json.JSONDecoder().raw_decode(window, max(start, 0))
    except (ValueError, RecursionError):
        return _MEDIA.search(window) is not None
    return isinstance(first, dict) and isinstance(first.get("Media"), list)


def _case_records(document: JsonStream) -> Iterator[dict[str, object] | Broken]:
    document.take("[")
    while not document.take("]"):
        for key in document.members():
            if key == "Media" and document.peek() == "[":
                yield from document.records()
            else:
                document.value()
        if not document.take(",") and document.peek() != "]":
            raise ListFormatError("The case is not closed.")


def _read_record(
    record: Mapping[str, object], number: int, options: ReadOptions, *, scheme: str
) -> Iterator[Reading | Refusal]:
    problems: list[str] = []
    signals = _signals(record, problems)
    try:
        if not signals:
            raise RefusedError(problems[0] if problems else "there is no hash in it")
        category = _category(record, options, scheme)
        added = None
        try:
            added = read_moment(record.get("DateUpdated"))
        except RefusedError as err:
            problems.append(err.message)
        entry = Entry(
            id=derived_id(signals[0].signal),
            signals=signals,
            category=category,
            source=options.source,
            tags=_tags(record.get("Tags")),
            added=added,
            record=record,
        )
    except RefusedError as err:
        yield Refusal(line=number, reason=err.message)
        return
    yield Reading(entry=entry, line=number)
    for problem in problems:
        yield Refusal(line=number, reason=problem, whole=False)


def _category(record: Mapping[str, object], options: ReadOptions, scheme: str) -> Category | None:
    """The record's category: null is none at all, whatever `IsPrecategorized` says. Raises RefusedError."""
    code = read_code(record.get("Category"))
    if code:
        return options.category(scheme, code)
    for row in _rows(record.get("MediaMetadata")):
        if row.get("PropertyName") == _PROPERTY:
            named, _, own = str(row.get("PropertyValue", "")).partition(":")
            return options.category(named, own) if own else None
    return None


def _signals(record: Mapping[str, object], problems: list[str]) -> tuple[EntrySignal, ...]:
    """The record's signals, MD5 first; PhotoDNA and other kinds that cannot be matched stay in the record only."""
    named = [(kind, record.get(key)) for key, kind in _KINDS.items()]
    for row in _rows(record.get("AlternativeHashes")):
        kind = _KINDS.get(str(row.get("HashName", "")).upper().replace("-", "").replace("_", "").strip())
        if kind:
            named.append((kind, row.get("HashValue")))
    found: dict[EntrySignal, None] = {}
    for kind, value in named:
        if value is None or value == "":
            continue
        try:
            found[EntrySignal(signal=read_signal(kind, str(value)))] = None
        except RefusedError as err:
            problems.append(err.message)
    return tuple(found)


def _rows(value: object) -> Iterator[Mapping[str, object]]:
    if isinstance(value, list):
        yield from (row for row in value if isinstance(row, dict))


def _tags(value: object) -> tuple[str, ...]:
    if not isinstance(value, str):
        return ()
    return tuple(tag for tag in (part.strip() for part in _TAGS.split(value)) if tag)


def write(entries: Iterable[Entry], stream: BinaryIO, *, profile: str = "US", pdq: bool = False) -> int:
    """Write a VICS 2.0 hash set; returns how many entries it could not carry (no MD5, withdrawn, negative).

    A number is written only for categories of the profile's own scheme; other categories stand in MediaMetadata
    as `rempart:category`. Keys of a record that came from VICS are kept. With `pdq`, PDQ hashes stand in
    AlternativeHashes under the name `PDQ`, which is a convention of Rempart's and not of the data model.
    """
    context = f"http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/{profile}/$metadata#Media"
    stream.write(b'{"@odata.context":' + json.dumps(context).encode() + b',"value":[')
    written = left_out = 0
    for entry in entries:
        signals = {one.signal.kind: one for one in entry.signals if one.facet is None}
        if SignalKind.MD5 not in signals or entry.withdrawn or entry.opinion is Opinion.NEGATIVE:
            left_out += 1
            continue
        row = _media(entry, signals, number=written + 1, scheme=_PROFILE_SCHEMES.get(profile), pdq=pdq)
        text = json.dumps(row, ensure_ascii=False, separators=(",", ":"), default=str)
        stream.write((b",\n" if written else b"\n") + text.encode("utf-8", "replace"))
        written += 1
    stream.write(b"\n]}\n")
    return left_out


def _media(
    entry: Entry, signals: Mapping[SignalKind, EntrySignal], *, number: int, scheme: str | None, pdq: bool
) -> dict[str, object]:
    md5 = str(signals[SignalKind.MD5].signal).upper()
    kept = entry.record or {}
    own = isinstance(kept.get("MD5"), str) and str(kept["MD5"]).strip().upper() == md5
    row: dict[str, object] = {"MediaID": number, "Category": None, "MD5": md5, "IsPrecategorized": False}
    if own:
        row |= {key: value for key, value in kept.items() if "odata." not in key}
    elif kept.get("media_type"):
        row["MimeType"] = kept["media_type"]
    if SignalKind.SHA1 in signals and not row.get("SHA1"):
        row["SHA1"] = str(signals[SignalKind.SHA1].signal).upper()
    if entry.tags and not row.get("Tags"):
        row["Tags"] = ",".join(entry.tags)
    if entry.added and not row.get("DateUpdated"):
        row["DateUpdated"] = iso(entry.added)
    row["Category"] = None
    if entry.category and entry.category.scheme == scheme and entry.category.code.isdigit():
        row["Category"] = int(entry.category.code)
    elif entry.category:
        told = {"MD5": md5, "PropertyName": _PROPERTY, "PropertyValue": _named(entry.category)}
        others = [one for one in _rows(row.get("MediaMetadata")) if one.get("PropertyName") != _PROPERTY]
        row["MediaMetadata"] = [*others, told]
    wanted = (SignalKind.SHA256, SignalKind.PDQ) if pdq else (SignalKind.SHA256,)
    _add_hashes(row, md5, [signals[kind] for kind in wanted if kind in signals])
    return row


def _named(category: Category) -> str:
    return f"{category.scheme}:{category.code}"


def _add_hashes(row: dict[str, object], md5: str, signals: Iterable[EntrySignal]) -> None:
    """Add to AlternativeHashes what does not stand there yet: one value for each name, as the model has it."""
    present = list(_rows(row.get("AlternativeHashes")))
    names = {str(one.get("HashName", "")).upper() for one in present}
    for one in signals:
        name = one.signal.kind.value.upper()
        if name not in names and not row.get(name):
            present.append({"MD5": md5, "HashName": name, "HashValue": str(one.signal)})
    if present:
        row["AlternativeHashes"] = present
