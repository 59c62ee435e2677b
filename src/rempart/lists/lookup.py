"""What is asked of lists for one file, and the one form of what they answer: scan, `rempart match` and the server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from rempart.lists.entry import Opinion
from rempart.lists.hashlist import Match
from rempart.lists.own import is_own
from rempart.signals.examine import Examination
from rempart.signals.outcome import LOW_QUALITY_BELOW
from rempart.signals.values import BY_LIKENESS, Likeness, Signal, SignalKind

EXACT = "exact"
"""The probe of every digest."""
GIVEN = "given"
"""The probe of a PDQ hash that came as such, and not from a picture that was looked at here."""
WHOLE = 256
"""The distance that is told of a match by parts, which has none: no limit of a policy in bits lets it pass."""
MOST_OWN = 20
"""Matches of Rempart's own lists that are listed beside them: however many notices came, they push nothing out."""
MOST = 1_000
"""Matches that are listed for one file, the nearest first. Thousands of entries may share the hash of one picture."""


class Asked(NamedTuple):
    """One signal to look up, and the probe that it came from."""

    signal: Signal
    probe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMatch:
    """An entry that a probe found. `ref` is the entry's id in its list, `signal_kind` and `facet` are those of the
    entry's own signal, `distance` is in bits (0 for digests; WHOLE for a match by parts, which has none).

    A list in the database also has `list_id`, `mode` (`observing` or `blocking`) and `entry_id`, the entry's number.
    """

    list: str
    ref: str
    signal_kind: SignalKind | Likeness
    distance: int
    probe: str
    scheme: str | None
    code: str | None
    opinion: Opinion
    facet: str | None
    list_id: str | None = None
    mode: str | None = None
    entry_id: int | None = None

    @property
    def exact(self) -> bool:
        """True for a match by digest: the very same bytes are on the list."""
        return self.signal_kind not in BY_LIKENESS

    def document(self) -> dict[str, Any]:
        """The match as JSON-able data: the same keys in every output; those of the database only where they are."""
        told: dict[str, Any] = {
            "list": self.list, "entry": self.ref, "signal": self.signal_kind.value, "distance": self.distance,
            "scheme": self.scheme, "code": self.code, "opinion": self.opinion.value, "facet": self.facet,
            "probe": self.probe,
        }  # fmt: skip
        if self.list_id is not None:
            told |= {"list_id": self.list_id, "mode": self.mode, "entry_id": self.entry_id}
        return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The matches of one file, nearest first, and the benign entries that hold the very same bytes.

    `cut` is true where more than MOST entries match and the nearest are given. `mark` is the number of the last
    change of the lists that the answer knows of; 0 for list files.
    """

    matches: tuple[ListMatch, ...] = ()
    known_good: tuple[ListMatch, ...] = ()
    cut: bool = False
    mark: int = 0


class Lookup(Protocol):
    """The part of a HashList that a lookup needs."""

    def lookup(
        self, signals: Sequence[Signal], *, radius: int = 31, most: int | None = None
    ) -> list[tuple[Match, ...]]: ...

    def known_good(self, signals: Sequence[Signal], *, most: int | None = None) -> list[tuple[Match, ...]]: ...


def asked_of(examination: Examination | None) -> tuple[Asked, ...]:
    """What is looked up for an examined file: its digests, and its probes but for those of low quality."""
    if examination is None:
        return ()
    digests = (examination.sha256, examination.sha1, examination.md5)
    return (
        *(Asked(digest, EXACT) for digest in digests if digest is not None),
        *(Asked(one.hash, one.name) for one in examination.probes if one.quality >= LOW_QUALITY_BELOW),
    )


def asked_signals(signals: Iterable[Signal]) -> tuple[Asked, ...]:
    """What is looked up where signals were given instead of bytes."""
    return tuple(Asked(signal, GIVEN if signal.kind is SignalKind.PDQ else EXACT) for signal in signals)


def look_up(batch: Sequence[Sequence[Asked]], lists: Iterable[Lookup], *, radius: int) -> list[Found]:
    """Look many files up in list files at once; one answer for each, in order."""
    asked = [(place, one) for place, many in enumerate(batch) for one in many]
    exact = [(place, one) for place, one in asked if one.signal.kind is not SignalKind.PDQ]
    signals, digests = [one.signal for _, one in asked], [one.signal for _, one in exact]
    matches: list[list[ListMatch]] = [[] for _ in batch]
    good: list[list[ListMatch]] = [[] for _ in batch]
    for one in lists:
        for (place, question), found in zip(asked, one.lookup(signals, radius=radius, most=MOST + 1), strict=True):
            matches[place] += (from_file(match, question.probe) for match in found)
        for (place, question), found in zip(exact, one.known_good(digests, most=MOST + 1), strict=True):
            good[place] += (from_file(match, question.probe) for match in found)
    return [answer(*both) for both in zip(matches, good, strict=True)]


def from_file(match: Match, probe: str) -> ListMatch:
    """A list file's match in the form that all outputs share."""
    return ListMatch(
        list=match.list, ref=match.entry, signal_kind=match.signal.kind, distance=match.distance, probe=probe,
        scheme=match.scheme, code=match.code, opinion=match.opinion, facet=match.facet,
    )  # fmt: skip


def answer(matches: Sequence[ListMatch], known_good: Sequence[ListMatch], *, mark: int = 0) -> Found:
    """The answer for one file from everything that was found."""
    best = _best([match for match in matches if not is_own(match.list)])
    own = _best([match for match in matches if is_own(match.list)])[:MOST_OWN]
    nearest = tuple(sorted((*best[:MOST], *own), key=lambda match: match.distance)) if own else best[:MOST]
    return Found(matches=nearest, known_good=_best(known_good)[:MOST], cut=len(best) > MOST, mark=mark)


def documents(matches: Iterable[ListMatch]) -> tuple[Mapping[str, Any], ...]:
    """Matches as JSON-able data."""
    return tuple(match.document() for match in matches)


def _best(found: Sequence[ListMatch]) -> tuple[ListMatch, ...]:
    """One match per list, entry and kind (exact or by likeness): the nearest, and the first probe that found it."""
    best: dict[tuple[str, str | int, bool], tuple[int, int]] = {}
    for order, match in enumerate(found):
        key = (match.list, match.ref if match.entry_id is None else match.entry_id, match.exact)
        if key not in best or match.distance < best[key][0]:
            best[key] = (match.distance, order)
    return tuple(found[order] for _, order in sorted(best.values()))
