"""From examinations to results: many files are looked up in the lists at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rempart.lists.hashlist import Match
from rempart.scan.records import EXACT, Checked, Record, Result, Target
from rempart.scan.walk import Problem
from rempart.signals.examine import Examination
from rempart.signals.outcome import LOW_QUALITY_BELOW, Outcome
from rempart.signals.values import Signal

MOST = 1_000
"""Matches that are listed for one file, the nearest first. Thousands of entries may share the hash of one picture."""

_FAILED = (Outcome.UNREADABLE, Outcome.TOO_LARGE, Outcome.TIMED_OUT)


class Lookup(Protocol):
    """The part of a HashList that a scan needs."""

    def lookup(
        self, signals: Sequence[Signal], *, radius: int = 31, most: int | None = None
    ) -> list[tuple[Match, ...]]: ...

    def known_good(self, signals: Sequence[Signal], *, most: int | None = None) -> list[tuple[Match, ...]]: ...


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
    asked: list[tuple[int, str, Signal]] = []
    for place, looked in enumerate(batch):
        asked += ((place, probe, signal) for probe, signal in _signals(looked.examination))
    matches: list[list[tuple[str, Match]]] = [[] for _ in batch]
    good: list[list[tuple[str, Match]]] = [[] for _ in batch]
    signals = [signal for _, _, signal in asked]
    exact = [entry for entry in asked if entry[1] == EXACT]
    digests = [signal for _, _, signal in exact]
    for one in lists:
        for (place, probe, _), found in zip(asked, one.lookup(signals, radius=radius, most=MOST + 1), strict=True):
            matches[place] += ((probe, match) for match in found)
        for (place, probe, _), found in zip(exact, one.known_good(digests, most=MOST + 1), strict=True):
            good[place] += ((probe, match) for match in found)
    return [_record(*parts) for parts in zip(batch, matches, good, strict=True)]


def _signals(examination: Examination | None) -> Iterable[tuple[str, Signal]]:
    if examination is None:
        return
    for digest in (examination.sha256, examination.sha1, examination.md5):
        if digest is not None:
            yield EXACT, digest
    for probe in examination.probes:
        if probe.quality >= LOW_QUALITY_BELOW:
            yield probe.name, probe.hash


def _record(looked: Looked, matches: list[tuple[str, Match]], good: list[tuple[str, Match]]) -> Record:
    seen = looked.examination
    if seen is None:
        return _unopened(looked)
    listed = _best(matches)
    cut = f"more than {MOST:,} entries match; the nearest {MOST:,} are listed" if len(listed) > MOST else None
    return Record(
        target=looked.target,
        outcome=seen.outcome,
        result=_result(looked, seen, bool(matches), bool(good)),
        checked=_checked(seen),
        media_type=seen.media_type,
        size=seen.size,
        sha256=_hex(seen.sha256), sha1=_hex(seen.sha1), md5=_hex(seen.md5), pdq=_hex(seen.pdq),
        pdq_quality=seen.pdq_quality,
        recipe=seen.recipe,
        width=seen.width, height=seen.height,
        error="; ".join(filter(None, (seen.error, looked.note, cut))) or None,
        problem=looked.problem,
        matches=listed[:MOST],
        known_good=_best(good)[:MOST],
    )  # fmt: skip


def _result(looked: Looked, seen: Examination, matched: bool, good: bool) -> Result:
    if matched:
        return Result.MATCH
    if good:
        return Result.KNOWN_GOOD
    if seen.outcome in _FAILED or looked.note is not None:
        return Result.UNHASHED
    return Result.CLEAR


def _checked(seen: Examination) -> Checked:
    if any(probe.quality >= LOW_QUALITY_BELOW for probe in seen.probes):
        return Checked.ALL
    return Checked.NOTHING if seen.sha256 is None else Checked.DIGESTS


def _best(found: list[tuple[str, Match]]) -> tuple[Mapping[str, Any], ...]:
    """One match per list, entry and kind (exact or by likeness): the nearest, and the first probe that found it."""
    best: dict[tuple[str, str, bool], tuple[int, int, Mapping[str, Any]]] = {}
    for order, (probe, match) in enumerate(found):
        key = (match.list, match.entry, probe == EXACT)
        if key not in best or match.distance < best[key][0]:
            best[key] = (match.distance, order, _object(probe, match))
    return tuple(entry for _, _, entry in sorted(best.values(), key=lambda one: one[:2]))


def _object(probe: str, match: Match) -> Mapping[str, Any]:
    return {
        "list": match.list, "entry": match.entry, "signal": str(match.signal.kind),
        "distance": match.distance, "scheme": match.scheme, "code": match.code, "opinion": str(match.opinion),
        "facet": match.facet, "probe": probe,
    }  # fmt: skip


def _hex(signal: Signal | None) -> str | None:
    return None if signal is None else str(signal)


def _unopened(looked: Looked) -> Record:
    return Record(
        target=looked.target, outcome=None, result=Result.UNHASHED, checked=Checked.NOTHING,
        error=looked.note or "not opened", problem=looked.problem,
    )  # fmt: skip
