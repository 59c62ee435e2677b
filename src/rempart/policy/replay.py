"""Trying a policy on what was checked before: what would it have answered, and where does that differ?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rempart.policy.facts import Facts, Ruling, Verdict
from rempart.policy.rules import Policy

MOST_EXAMPLES = 20


class Change(NamedTuple):
    """From one verdict by one rule to another."""

    before: Verdict
    before_rule: str
    after: Verdict
    after_rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PastCheck:
    """A check as it is stored: which item, and the facts that the rules look at."""

    item: int
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class PastMatch:
    """A match as it stands in stored facts."""

    list: str
    mode: str | None
    signal_kind: str
    distance: int
    probe: str
    scheme: str | None
    code: str | None
    opinion: str

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> PastMatch:
        """From the form in which `ListMatch.document` writes it."""
        return cls(
            list=told["list"], mode=told.get("mode"), signal_kind=told["signal"], distance=told["distance"],
            probe=told["probe"], scheme=told["scheme"], code=told["code"], opinion=told["opinion"],
        )  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Difference:
    """What would change. `cases` and `kept` count checks that open a case, and that keep bytes, before and after."""

    checks: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    examples: dict[Change, list[int]] = field(default_factory=dict)
    cases: tuple[int, int] = (0, 0)
    queues: Counter[tuple[str, str]] = field(default_factory=Counter)
    kept: tuple[int, int] = (0, 0)

    @property
    def changed(self) -> int:
        """Checks whose verdict would differ."""
        return sum(count for change, count in self.changes.items() if change.before is not change.after)

    @property
    def nothing(self) -> bool:
        """True when no verdict, case, queue or keeping would differ."""
        return not self.changes and not self.queues and self.cases[0] == self.cases[1] and self.kept[0] == self.kept[1]

    def document(self) -> dict[str, Any]:
        """The difference as JSON-able data."""
        return {
            "checks": self.checks,
            "changed": self.changed,
            "changes": [
                {
                    "before": change.before.value, "before_rule": change.before_rule, "after": change.after.value,
                    "after_rule": change.after_rule, "count": count, "examples": self.examples[change],
                }
                for change, count in self.changes.most_common()
            ],
            "cases": {"before": self.cases[0], "after": self.cases[1]},
            "queues": [{"before": one, "after": two, "count": n} for (one, two), n in self.queues.most_common()],
            "kept": {"before": self.kept[0], "after": self.kept[1]},
        }  # fmt: skip


def compare(before: Policy, after: Policy, past: Iterable[PastCheck]) -> Difference:
    """Decide every check by both policies. A change of rule alone, with the same verdict, is listed too."""
    found = Difference()
    for one, was, now in _decided(before, after, past):
        found.checks += 1
        found.cases = (found.cases[0] + was.case, found.cases[1] + now.case)
        found.kept = (found.kept[0] + (was.keep != "nothing"), found.kept[1] + (now.keep != "nothing"))
        if was.case and now.case and was.queue != now.queue:
            found.queues[was.queue, now.queue] += 1
        if (was.verdict, was.rule) == (now.verdict, now.rule):
            continue
        change = Change(was.verdict, was.rule, now.verdict, now.rule)
        found.changes[change] += 1
        examples = found.examples.setdefault(change, [])
        if len(examples) < MOST_EXAMPLES:
            examples.append(one.item)
    return found


def _decided(before: Policy, after: Policy, past: Iterable[PastCheck]) -> Iterator[tuple[PastCheck, Ruling, Ruling]]:
    for one in past:
        yield one, before.decide(one.facts), after.decide(one.facts)
