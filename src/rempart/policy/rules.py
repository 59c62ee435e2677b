"""Rules as they are applied: the first one whose conditions all hold decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rempart.policy.facts import COULD_NOT, OBSERVING, SEED, Facts, FoundMatch, Keep, Ruling, Verdict
from rempart.signals.outcome import Outcome
from rempart.signals.values import BY_LIKENESS

_SEVERITY = {Verdict.ALLOW: 0, Verdict.HOLD: 1, Verdict.BLOCK: 2}
UNNAMED_SEED = Ruling(
    verdict=Verdict.ALLOW, rule="seed", case=True, queue="leads", assessors=2, keep=Keep.WHILE_CASE_OPEN
)  # fmt: skip
"""What follows from a match with an investigation seed that no rule names: people look, and nothing is hidden."""
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

    @property
    def names_seeds(self) -> bool:
        """Whether it asks for investigation seeds by that word; what does not is never met by one."""
        return self.opinions is not None and SEED in self.opinions

    def met_by(self, match: FoundMatch) -> bool:
        """Whether the match meets every condition."""
        if self.exact is not None and (match.signal_kind not in BY_LIKENESS) is not self.exact:
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

        Investigation seeds come on top: whatever is ruled without them is at least what is ruled for each of them by
        the first rule that names that opinion. They never block, never make an answer milder, and always open a case.
        """
        matches, known_good = facts.matches, False
        if matches:
            matches = [match for match in matches if match.mode != OBSERVING]
        if facts.known_good:
            known_good = any(one.mode != OBSERVING for one in facts.known_good)
        seeds = [match for match in matches if match.opinion == SEED]
        if not seeds:
            return self._first(self.rules, facts, matches, known_good=known_good)[1]
        rest = [match for match in matches if match.opinion != SEED]
        found = [self._first(self.rules, facts, rest, known_good=known_good)]
        naming = tuple(rule for rule in self.rules if rule.match is not None and rule.match.names_seeds)
        found += {self._of_seed(naming, facts, seed, known_good=known_good): None for seed in seeds}
        return _most(found)

    def _of_seed(
        self, naming: Sequence[Rule], facts: Facts, seed: FoundMatch, *, known_good: bool
    ) -> tuple[int, Ruling]:
        """What the first rule that names seeds says of one, within what a seed may lead to."""
        place, ruling = self._first(naming, facts, [seed], known_good=known_good)
        if place == len(naming):
            return len(self.rules), UNNAMED_SEED
        if ruling.verdict is Verdict.BLOCK:  # only a policy from before that was refused
            ruling = replace(ruling, verdict=Verdict.HOLD)
        if not ruling.case:
            ruling = replace(UNNAMED_SEED, verdict=ruling.verdict, rule=ruling.rule)
        return self.rules.index(naming[place]), ruling

    def _first(
        self, rules: Sequence[Rule], facts: Facts, matches: Sequence[FoundMatch], *, known_good: bool
    ) -> tuple[int, Ruling]:
        """The first of some rules that applies, with its place; else what follows otherwise, with their number."""
        unknown = facts.outcome in COULD_NOT
        for place, rule in enumerate(rules):
            if unknown and rule.ruling.verdict is Verdict.ALLOW and rule.outcomes is None:
                continue
            if rule.applies(facts, matches, known_good=known_good):
                return place, rule.ruling
        return len(rules), self.on_failure if unknown else self.otherwise


def _most(found: Sequence[tuple[int, Ruling]]) -> Ruling:
    """The most severe of some rulings, of equal ones the first that opens a case; what opens a case opens one."""
    _, best = min(found, key=lambda one: (-_SEVERITY[one[1].verdict], not one[1].case, one[0]))
    if best.case:
        return best
    _, opening = min((one for one in found if one[1].case), key=lambda one: one[0])
    return replace(
        best, case=True, queue=opening.queue, assessors=opening.assessors, keep=opening.keep,
        keep_days=opening.keep_days,
    )  # fmt: skip
