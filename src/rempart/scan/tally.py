"""The counts of a scan, kept as records come; every one can be counted again from the JSON Lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rempart.scan.records import Record, Result
from rempart.signals.outcome import Outcome

_REASONS_KEPT = 1000


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was found so far. `unhashed` does not count what was left out by design (`left_out`)."""

    files: int = 0
    bytes: int = 0
    members: int = 0
    exact: int = 0
    similar: int = 0
    known_good: int = 0
    never_seen_pictures: int = 0
    other_clear: int = 0
    by_digests_only: int = 0
    unhashed: int = 0
    left_out: int = 0
    categories: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    media_types: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    probes: Counter[str] = field(default_factory=Counter)

    @property
    def matched(self) -> int:
        return self.exact + self.similar

    @property
    def clear(self) -> int:
        return self.never_seen_pictures + self.other_clear

    @property
    def pictures(self) -> int:
        return sum(count for kind, count in self.media_types.items() if kind.startswith("image/"))

    def add(self, record: Record) -> None:
        """Count one record."""
        if record.by_design:
            self.left_out += 1
            return
        self.files += 1
        self.members += bool(record.target.members)
        self.bytes += record.size or 0
        self.outcomes[record.outcome or "not_opened"] += 1
        if record.media_type:
            self.media_types[record.media_type] += 1
        self._result(record)

    def _result(self, record: Record) -> None:
        if record.result is Result.MATCH:
            self.exact += record.exact
            self.similar += not record.exact
            for named in {(match["list"], match["scheme"] or "", match["code"] or "") for match in record.matches}:
                self.categories[named] += 1
            self.probes[record.matches[0]["probe"]] += 1
        elif record.result is Result.KNOWN_GOOD:
            self.known_good += 1
        elif record.result is Result.CLEAR:
            self.never_seen_pictures += record.is_picture
            self.other_clear += not record.is_picture
            self.by_digests_only += record.outcome is Outcome.LOW_QUALITY
        else:
            self.unhashed += 1
            self._reason(record)

    def _reason(self, record: Record) -> None:
        reason = record.error or str(record.outcome)
        if reason in self.reasons or len(self.reasons) < _REASONS_KEPT:
            self.reasons[reason] += 1
        else:
            self.reasons["other reasons"] += 1
