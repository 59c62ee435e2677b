"""What follows from the answers of several people: pure rules, in which nothing is read but what they are given.

1. Taking down (remove, restrict) takes effect with the first answer; releasing never does before enough have answered.
2. A kind of decision that the team gave to two people needs two who ask for it; so does every case for which the
   policy wants more assessors, and a first answer that is not sure.
3. People agree when they decide the same, put it into the same category, and name the same list and accounts. What
   image kind, origin, confidence and rationale they gave plays no part: no forged label makes anything milder.
4. Where they differ, a lead decides, who sees all answers; what needs two people needs another one also with a lead,
   and what nobody seconds then is left out.
5. In immediate danger, and where nobody seconded in time and one confirmed it again, one person may report or refer;
   a declared one-person deployment confirms everything so. What went ahead with one person is marked *single*.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rempart.cases.assessing.values import ALONE_AFTER_LIMIT, MAIN, TAKE_DOWNS, Confidence, Decision, main_of
from rempart.lists.entry import Category

NEVER_TWO = frozenset({Decision.REMOVE, Decision.RESTRICT})
"""What no team may give to two people: taking something down never waits."""


class Stage(StrEnum):
    """Whose turn it is."""

    FIRST = "first"
    SECOND = "second"
    LEAD = "lead"
    SETTLING = "settling"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the rules read of one person's answer. `arbiter`: a lead's, who saw the others'.

    `alone` are the decisions that this person confirmed again, after the time in which nobody seconded them.
    """

    person: str
    decisions: frozenset[Decision]
    category: Category | None = None
    list_id: str | None = None
    accounts: frozenset[int] = frozenset()
    confidence: Confidence = Confidence.SURE
    arbiter: bool = False
    alone: frozenset[Decision] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a case asks of its answers. `nobody_left`: no further person could second what a lead decides."""

    assessors: int
    two_person: frozenset[Decision]
    danger: bool = False
    nobody_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What follows. `now` takes effect after the undo window; with `final` the case ends there.

    `waiting` are decisions that another person has to second. `single`: something goes ahead that needs two.
    """

    stage: Stage
    now: frozenset[Decision] = frozenset()
    final: bool = False
    waiting: frozenset[Decision] = frozenset()
    single: bool = False
    by: tuple[str, ...] = ()


def needs_of(assessors: int, two_person: Collection[str], *, danger: bool, nobody_left: bool = False) -> Needs:
    """What a case asks for, by its policy's number of assessors and the team's rule. Taking down is in no such rule."""
    asked = frozenset(Decision(one) for one in two_person) - NEVER_TWO
    return Needs(assessors=max(1, assessors), two_person=asked, danger=danger, nobody_left=nobody_left)


def agree(one: Answer, other: Answer) -> bool:
    """Whether two people say the same. Where both say that there is no violation, the category plays no part."""
    if one.decisions != other.decisions or one.list_id != other.list_id or one.accounts != other.accounts:
        return False
    return main_of(one.decisions) is Decision.NO_VIOLATION or one.category == other.category


def conclude(answers: Sequence[Answer], needs: Needs) -> Conclusion:
    """What follows from the valid answers of a round, in the order in which they were given."""
    if not answers:
        return Conclusion(stage=Stage.FIRST)
    leads = [place for place, answer in enumerate(answers) if answer.arbiter]
    if leads:
        return _by_lead(answers, leads[-1], needs)
    first = answers[0]
    if any(not agree(first, other) for other in answers[1:]):
        gravest = max((main_of(one.decisions) or MAIN[0] for one in answers), key=MAIN.index)
        return Conclusion(
            stage=Stage.LEAD, now=frozenset({gravest}) & TAKE_DOWNS, waiting=frozenset(),
            by=tuple(one.person for one in answers),
        )  # fmt: skip
    return _agreed(answers, needs)


def _agreed(answers: Sequence[Answer], needs: Needs) -> Conclusion:
    first = answers[0]
    several = len(answers) > 1
    enough = len(answers) >= needs.assessors and (several or first.confidence is not Confidence.UNSURE)
    now: set[Decision] = set()
    waiting: set[Decision] = set()
    single = False
    for one in first.decisions:
        seconded = enough and (several or one not in needs.two_person)
        lifted = one in first.alone or (needs.danger and one in ALONE_AFTER_LIMIT)
        (now if seconded or lifted or one in TAKE_DOWNS else waiting).add(one)
        single |= lifted and not seconded
    final = not waiting and (enough or first.decisions <= first.alone)
    return Conclusion(
        stage=Stage.SETTLING if final else Stage.SECOND, now=frozenset(now), final=final, waiting=frozenset(waiting),
        single=single, by=tuple(one.person for one in answers),
    )  # fmt: skip


def _by_lead(answers: Sequence[Answer], place: int, needs: Needs) -> Conclusion:
    lead, before, later = answers[place], answers[:place], answers[place + 1 :]
    others = [one for one in (*before, *later) if one.person != lead.person]
    single, waiting = any(one.person == lead.person for one in before), set()
    for one in lead.decisions & needs.two_person:
        if any(_asks(other, one, lead) for other in others):
            continue
        if one in lead.alone or (needs.danger and one in ALONE_AFTER_LIMIT):
            single = True
        else:
            waiting.add(one)
    single |= needs.assessors > 1 and not others
    now, by = lead.decisions - waiting, tuple(dict.fromkeys(one.person for one in answers))
    if waiting and not later and not needs.nobody_left:
        return Conclusion(stage=Stage.SECOND, now=now, waiting=frozenset(waiting), single=single, by=by)
    return Conclusion(stage=Stage.SETTLING, now=now, final=True, single=single, by=by)


def _asks(other: Answer, decision: Decision, lead: Answer) -> bool:
    """Whether another person asks for the very thing that the lead asks for."""
    if decision not in other.decisions:
        return False
    if decision is Decision.ADD_TO_LIST:
        return (other.list_id, other.category) == (lead.list_id, lead.category)
    if decision is Decision.BLOCK_ACCOUNT:
        return lead.accounts <= other.accounts
    return True
