"""Rules as they are applied: the first one whose conditions all hold decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rempart.policy.facts import COULD_NOT, OBSERVING, Facts, FoundMatch, Ruling, Verdict
from rempart.signals.outcome import Outcome
from rempart.signals.values import SignalKind

_PDQ = SignalKind.PDQ
Scalar = str | int | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """A set of names, some of them ending in `*` for whatever follows."""

    whole: frozenset[str]
    starts: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Sequence[str]) -> Names:
        """Read names as they stand in a policy."""
        starts = tuple(text[:-1] for text in texts if text.endswith("*"))
        return cls(whole=frozenset(text for text in texts if not text.endswith("*")), starts=starts)

    def __contains__(self, name: str) -> bool:
        return name in self.whole or name.startswith(self.starts)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchTest:
    """Conditions that one and the same match has to meet; None asks nothing."""

    lists: Names | None = None
    categories: frozenset[tuple[str | None, str | None]] | None = None
    schemes: frozenset[str] = frozenset()
    opinions: frozenset[str] | None = None
    signals: frozenset[str] | None = None
    exact: bool | None = None
    nearest: int = 0
    farthest: int | None = None
    probes: Names | None = None

    def met_by(self, match: FoundMatch) -> bool:
        """Whether the match meets every condition."""
        if self.exact is not None and (match.signal_kind != _PDQ) is not self.exact:
            return False
        if self.farthest is not None and match.distance > self.farthest:
            return False
        if match.distance < self.nearest:
            return False
        if self.opinions is not None and match.opinion not in self.opinions:
            return False
        if self.lists is not None and match.list not in self.lists:
            return False
        if self.signals is not None and match.signal_kind not in self.signals:
            return False
        if self.probes is not None and match.probe not in self.probes:
            return False
        return self.categories is None or (match.scheme, match.code) in self.categories or match.scheme in self.schemes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: conditions on the item, conditions on a match (None: no match is needed), and what follows."""

    ruling: Ruling
    match: MatchTest | None = None
    outcomes: frozenset[Outcome] | None = None
    services: frozenset[str] | None = None
    published: bool | None = None
    known_good: bool | None = None
    context: Mapping[str, frozenset[tuple[type, Scalar]]] | None = None

    def applies(self, facts: Facts, matches: Sequence[FoundMatch], *, known_good: bool) -> bool:
        """Whether every condition holds; `matches` and `known_good` are of lists that may decide."""
        if self.match is not None and not (matches and any(map(self.match.met_by, matches))):
            return False
        if self.outcomes is not None and facts.outcome not in self.outcomes:
            return False
        if self.services is not None and facts.service not in self.services:
            return False
        if self.published is not None and facts.published is not self.published:
            return False
        if self.known_good is not None and known_good is not self.known_good:
            return False
        return self.context is None or self._in_context(facts.context)

    def _in_context(self, given: Mapping[str, object]) -> bool:
        for key, wanted in (self.context or {}).items():
            value = given.get(key)
            if not isinstance(value, str | int) or (type(value), value) not in wanted:
                return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Ordered rules with what happens otherwise. Made by `rempart.policy.reading.parse`; `text` is the file as read."""

    name: str
    rules: tuple[Rule, ...]
    otherwise: Ruling
    on_failure: Ruling
    text: str

    def decide(self, facts: Facts) -> Ruling:
        """The ruling of the first rule that applies, else `otherwise`.

        What stands on observing lists never decides. An item that could not be looked at (an outcome that is no
        answer) is allowed only by a rule that names its outcome, and otherwise falls to `on_failure`.
        """
        matches, known_good = facts.matches, False
        if matches:
            matches = [match for match in matches if match.mode != OBSERVING]
        if facts.known_good:
            known_good = any(one.mode != OBSERVING for one in facts.known_good)
        unknown = facts.outcome in COULD_NOT
        for rule in self.rules:
            if unknown and rule.ruling.verdict is Verdict.ALLOW and rule.outcomes is None:
                continue
            if rule.applies(facts, matches, known_good=known_good):
                return rule.ruling
        return self.on_failure if unknown else self.otherwise
