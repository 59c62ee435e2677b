"""From examinations to results: many files are looked up in the lists at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rempart.lists.lookup import MOST, Found, Lookup, asked_of, documents, look_up
from rempart.scan.records import Checked, Record, Result, Target
from rempart.scan.walk import Problem
from rempart.signals.examine import Examination
from rempart.signals.outcome import LOW_QUALITY_BELOW, Outcome
from rempart.signals.values import Signal

_FAILED = (Outcome.UNREADABLE, Outcome.TOO_LARGE, Outcome.TIMED_OUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One file on its way to a record; no examination: its bytes were never read.

    `note` says what could not be done beside the examination itself.
    """

    target: Target
    examination: Examination | None
    note: str | None = None
    problem: Problem | None = None


def judge(batch: Sequence[Looked], lists: Iterable[Lookup], *, radius: int) -> list[Record]:
    """The records of a batch, in order.

    A file that any list holds is a `match`, also when another list calls it known good: known-good outranks nothing.
    What could not be read or decoded is `unhashed` unless a digest of it is on a list; flat pictures (quality under
    50) and files that are no pictures go by their digests. Matches are ordered by distance.
    """
    found = look_up([asked_of(looked.examination) for looked in batch], lists, radius=radius)
    return [_record(looked, answer) for looked, answer in zip(batch, found, strict=True)]


def _record(looked: Looked, found: Found) -> Record:
    seen = looked.examination
    if seen is None:
        return _unopened(looked)
    cut = f"more than {MOST:,} entries match; the nearest {MOST:,} are listed" if found.cut else None
    return Record(
        target=looked.target,
        outcome=seen.outcome,
        result=_result(looked, seen, found),
        checked=_checked(seen),
        media_type=seen.media_type,
        size=seen.size,
        sha256=_hex(seen.sha256), sha1=_hex(seen.sha1), md5=_hex(seen.md5), pdq=_hex(seen.pdq),
        pdq_quality=seen.pdq_quality,
        recipe=seen.recipe,
        width=seen.width, height=seen.height,
        error="; ".join(filter(None, (seen.error, looked.note, cut))) or None,
        problem=looked.problem,
        matches=documents(found.matches),
        known_good=documents(found.known_good),
    )  # fmt: skip


def _result(looked: Looked, seen: Examination, found: Found) -> Result:
    if found.matches:
        return Result.MATCH
    if found.known_good:
        return Result.KNOWN_GOOD
    if seen.outcome in _FAILED or looked.note is not None:
        return Result.UNHASHED
    return Result.CLEAR


def _checked(seen: Examination) -> Checked:
    if any(probe.quality >= LOW_QUALITY_BELOW for probe in seen.probes):
        return Checked.ALL
    return Checked.NOTHING if seen.sha256 is None else Checked.DIGESTS


def _hex(signal: Signal | None) -> str | None:
    return None if signal is None else str(signal)


def _unopened(looked: Looked) -> Record:
    return Record(
        target=looked.target, outcome=None, result=Result.UNHASHED, checked=Checked.NOTHING,
        error=looked.note or "not opened", problem=looked.problem,
    )  # fmt: skip
