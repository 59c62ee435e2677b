"""What `rempart inspect` says of one file, as fields and as lines for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from rempart.cli.datafolder import opened_data
from rempart.cli.terminal import printable
from rempart.intake.generator.recognising import names_of, recognise
from rempart.provenance.origin.values import CredentialState, Declaration, Origin
from rempart.provenance.origin.working import Looked
from rempart.provenance.watermark.pattern import Pattern
from rempart.provenance.watermark.reading import read_any
from rempart.scan.paths import json_path, visible
from rempart.signals.outcome import Outcome
from rempart.store.engine import Store

Known = Mapping[str, Any]
_SAID: Mapping[Declaration, str] = {
    Declaration.AI_MADE: "Declared AI-made. A label may be false, and it never says that no real child is concerned.",
    Declaration.AI_EDITED: "Declared AI-edited. That does not tell what was changed, nor that what is left is true.",
    Declaration.CAMERA: "Declared a camera's. That is copied or written with ease: no proof that it is a photograph.",
    Declaration.CONFLICTING: "Conflicting: declared both AI-made and a camera's. Which one is true, it does not tell.",
    Declaration.NONE: "No declaration. That says nothing: most generated pictures carry none, or have lost it.",
}
_STATES: Mapping[str, str] = {
    CredentialState.TRUSTED: "trusted: all holds, and the signer is one whom you trust",
    CredentialState.VALID: "valid, signer unknown: all holds, and anybody can sign as anybody",
    CredentialState.INVALID: "invalid: something does not hold",
}
_DECODED = frozenset({Outcome.OK, Outcome.LOW_QUALITY})
_WAYS = ("watermark", "manifest", "hash")
_NOT_LOOKED: Mapping[str, str] = {
    "no_data_folder": "No data folder: marks and records were not looked for.",
    "too_small": "Too small for a mark: none was looked for.",
    "not_decoded": "No mark was looked for: the picture could not be decoded.",
}
_NO_MARK = "No mark of yours was found. That says nothing: marks are lost by strong edits, and can be taken out."
_MARK_SAYS = "A mark says neither who posted the picture nor who made it, and it can be copied onto another."


class Recognising:
    """Marks and records of a data folder."""

    def __init__(self, store: Store, patterns: tuple[Pattern, ...], *, search: bool) -> None:
        self._store = store
        self._patterns = patterns
        self._search = search

    @staticmethod
    @contextmanager
    def of(folder: Path, *, search: bool) -> Iterator[Callable[[Looked], Known]]:
        """Open a data folder; what it knows of a file is then asked for each."""
        with opened_data(folder) as data:
            patterns = tuple(Pattern(key) for key in data.keyring.mark_keys())
            yield Recognising(data.store, patterns, search=search).known

    def known(self, looked: Looked) -> Known:
        """The mark that a picture carries, and the records that answer."""
        found = None
        if looked.plane is not None:
            grey = np.repeat(looked.plane[..., None], 3, axis=2)
            found = read_any(grey, self._patterns, search=self._search)
        seen = looked.examination
        with self._store.read() as conn:
            records = recognise(
                conn,
                record=found.record if found else None,
                pdq=seen.pdq if seen.outcome is Outcome.OK else None,
                manifests=names_of(looked.origin.credentials) if looked.origin else (),
            )
        ways = {way for one in records for way in one.by}
        return {
            "watermark": {
                "found": None if looked.plane is None else found is not None,
                "record_id": f"{found.record:012x}" if found else None, "reason": _not_looked(looked),
            },
            "recognised_by": [way for way in _WAYS if way in ways],
            "records": [
                {"record_id": f"{one.record:012x}", "by": list(one.by), "distance": one.distance} for one in records
            ],
        }  # fmt: skip


@contextmanager
def without_data() -> Iterator[Callable[[Looked], Known]]:
    """Without a data folder there is no key to look for marks with, and no record to compare with."""
    mark = {"found": None, "record_id": None, "reason": "no_data_folder"}
    yield lambda _: {"watermark": mark, "recognised_by": [], "records": []}


def _not_looked(looked: Looked) -> str | None:
    """Why no mark was looked for; None where one was."""
    if looked.plane is not None:
        return None
    return "too_small" if looked.examination.outcome in _DECODED else "not_decoded"


def record_of(path: str, looked: Looked, known: Known) -> dict[str, Any]:
    """The fields of one file, in their order; JSON values."""
    shown, exact = json_path(path)
    origin = looked.origin or Origin()
    wire = origin.wire()
    credentials = wire["credentials"]
    deciding = [one.text for one in origin.grounds if one.text in origin.source_types and one.counts]
    return {
        "path": shown,
        **({} if exact is None else {"path_bytes": exact}),
        "outcome": looked.examination.outcome.value,
        "declaration": wire["declaration"],
        "c2pa": credentials,
        "source_type": next(iter(deciding or origin.source_types), None),
        "generator": origin.generator,
        "watermark": known["watermark"],
        "recognised_by": known["recognised_by"],
        "records": known["records"],
        "grounds": [
            {"place": place, "says": says, "text": text, "counts": counts}
            for place, says, text, counts in wire["grounds"]
        ],
        "source_types": wire["source_types"],
        "fields": dict(origin.fields),
        "has_prompt": origin.has_prompt,
        "unreadable": wire["unreadable"],
        "sha256": looked.sha256.hex() or None,
        "error": looked.examination.error,
    }


def line_of(record: Mapping[str, Any]) -> str:
    """The same for people."""
    return "\n".join(printable(line) for line in _lines(record)) + "\n"


def _lines(record: Mapping[str, Any]) -> Iterator[str]:
    yield visible(record["path"])
    if record["outcome"] == Outcome.NOT_MEDIA.value:
        yield "  not_media: no picture format that is known here"
        return
    if record["error"]:
        yield f"  {record['outcome']}: {record['error']}"
    if record["sha256"] is None:
        return  # nothing of it was read
    yield f"  {_SAID[Declaration(record['declaration'])]}"
    for one in record["grounds"]:
        rest = "" if one["counts"] else " (in credentials that do not hold: not counted)"
        yield f"  {one['place']}: {one['says']}, {one['text']}{rest}"
    yield from _credentials(record["c2pa"])
    if record["generator"]:
        yield f"  generator, as the file names it: {record['generator']}"
    if record["has_prompt"] and "prompts" not in record:
        yield "  It holds text that somebody typed. --show-prompts prints it: it may be vile."
    for one in record.get("prompts", ()):
        yield f"  typed, {one['field']}: {one['text']}"
    if record["unreadable"]:
        yield f"  There, and not readable: {', '.join(record['unreadable'])}."
    yield from _recognised(record)


def _credentials(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["present"]:
        return
    yield f"  c2pa: {_STATES[found['state']]}"
    if found["signer"]:
        yield f"  c2pa: signed by {found['signer']}, as its certificate says; made with {found['claim_generator']}"
    when = found["signed_at"]
    yield f"  c2pa: {f'time stamp of {when}' if when else 'no time stamp: good only while the certificate is'}"
    for failure in found["failures"]:
        yield f"  c2pa: {failure}"
    for name, value in found["gate"]:
        yield f"  c2pa: gate {name}: {value}"


def _recognised(record: Mapping[str, Any]) -> Iterator[str]:
    mark = record["watermark"]
    if mark["reason"]:
        yield f"  {_NOT_LOOKED[mark['reason']]}"
    elif not mark["found"]:
        yield f"  {_NO_MARK}"
    else:
        answers = any(one["record_id"] == mark["record_id"] for one in record["records"])
        yield f"  mark: {mark['record_id']}{'' if answers else ', to which no record here answers'}. {_MARK_SAYS}"
    for one in record["records"]:
        bits = f", {one['distance']} bits away" if one["distance"] is not None else ""
        looks = "; it looks like what was made here, no more" if one["by"] == ["hash"] else ""
        yield f"  recognised by {', '.join(one['by'])}: record {one['record_id']}{bits}{looks}"
