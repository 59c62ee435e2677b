"""What became of one item, told from all that was answered and decided about it: where a restriction begins or ends.

It is told anew each time from the whole history, so that it makes no difference in which order, or how often, a process
hears of checks and decisions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from rempart.policy.facts import Verdict
from rempart.reports.reasons.values import What

CHECK, DECISION, CASE, STATE = "check:", "decision:", "case:", "state:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A check's answer, a decision, the end of a case that restricted what was held already (of which no decision
    tells), or what an item's row says although nothing told of it. `origin` names which, and is what a statement that
    begins here is known by; `people`: people decided it."""

    at: datetime
    verdict: Verdict
    people: bool
    origin: str

    @property
    def check(self) -> str | None:
        """The check's request."""
        return self.origin.removeprefix(CHECK) if self.origin.startswith(CHECK) else None

    @property
    def decision(self) -> str | None:
        """The decision's id."""
        return self.origin.removeprefix(DECISION) if self.origin.startswith(DECISION) else None

    @property
    def case(self) -> str | None:
        """The case's id."""
        return self.origin.removeprefix(CASE) if self.origin.startswith(CASE) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Where what holds for an item changes from `before` to `now`; None is no restriction. `ruled`: a rule, not people,
    had restricted it before."""

    event: Happened
    before: What | None
    now: What | None
    ruled: bool


def turns(events: Iterable[Happened], *, cut: bool = False) -> tuple[Turn, ...]:
    """The changes in a history, whose events are brought into their order first. `cut`: there was more before.

    An answer or decision that leaves the verdict as it is changes nothing, with one exception: what was merely held
    while it was examined and is then restricted by people's decision is restricted for another reason from then on.
    """
    found: list[Turn] = []
    state: What | None = None
    ruled = False
    ordered = sorted(events, key=lambda one: (one.at, one.check is None, one.decision is None, one.origin))
    for place, event in enumerate(ordered):
        now = _after(state, event)
        if now is not state and not (cut and place == 0):
            found.append(Turn(event=event, before=state, now=now, ruled=ruled))
        ruled = now is not None and (ruled or not event.people)
        state = now
    return tuple(found)


def _after(state: What | None, event: Happened) -> What | None:
    if event.verdict is Verdict.ALLOW:
        return None
    if event.verdict is Verdict.BLOCK:
        return What.REMOVED
    if event.people or state is What.RESTRICTED:
        return What.RESTRICTED
    return What.HELD
