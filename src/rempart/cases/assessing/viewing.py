"""How a case stands for one person: what she may do next, and what she may know of others' answers by then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.assessing.reading import category_of, concluded, others_of
from rempart.cases.assessing.rules import Stage
from rempart.cases.assessing.values import (
    ALONE_AFTER_LIMIT,
    Alone,
    Confidence,
    Decision,
    Given,
    ImageKind,
    Origin,
    OriginBasis,
    Pending,
    Standing,
)
from rempart.cases.records import assessments, decisions, outcomes, samples, unseen
from rempart.cases.records import cases as records
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.records.cases import Case
from rempart.cases.records.outcomes import OutcomeRow
from rempart.cases.work.queue import visible
from rempart.cases.work.settings import WorkRules, current
from rempart.items.records import Item
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records.persons import holders_of
from rempart.policy.facts import Verdict


def standing(
    conn: Connection, case_id: str, who: Principal, *, at: datetime, alone_after: timedelta | None = None
) -> Standing:
    """How a case stands for a person. `alone_after` is the delay of a declared one-person deployment.

    Raises NotFoundError for a case that is kept from them.
    """
    case = visible(conn, case_id, who)
    _, rules = current(conn)
    everything = assessments.of_case(conn, case_id)
    given = [one for one in everything if one.round == case.round]
    own = _own(given, who)
    blind = is_blind(conn, case, who)
    stage = _stage(case, blind=blind, at=at)
    why_not = _why_not(conn, case, given, who, stage)
    shown = () if blind else tuple(_given(one, who) for one in everything if one.person != who.id)
    followed = outcomes.of_case(conn, case_id)
    mine = {one.id for one in everything if one.person == who.id}
    if blind:
        followed = tuple(one for one in followed if one.assessment in mine and one.state == "waiting")
    waiting = frozenset() if blind or case.state != "open" else concluded(conn, case, given, rules).waiting
    return Standing(
        case_id=case.id, state=case.state, stage=stage, round=case.round, may_answer=not why_not, why_not=why_not,
        arbiter=not why_not and lead_decides(case, given, who), blind=blind,
        own=None if own is None else _given(own, who), answers=shown,
        outcomes=tuple(_pending(one, blind=blind, undoable=one.assessment in mine, at=at) for one in followed),
        waiting=waiting, ending=None if blind else case.decision,
        alone=alone_of(conn, case, given, who, rules=rules, alone_after=alone_after),
    )  # fmt: skip


def is_blind(conn: Connection, case: Case, who: Principal) -> bool:
    """Whether a person must not know yet what others answered in this round, nor what followed from it.

    Nobody is once the case is decided, but whoever has taken the second look at it; nor once their own answer can no
    longer be taken back; nor is a lead with whom a disagreement lies.
    """
    if who.kind == "system":
        return False
    if case.state != "open":
        look = samples.waiting_of_case(conn, case.id)
        return look is not None and look.person == who.id
    given = assessments.of_case(conn, case.id, round=case.round)
    own = _own(given, who)
    if own is not None:
        waits = {one.assessment for one in outcomes.of_case(conn, case.id, round=case.round) if one.state == "waiting"}
        return own.id in waits
    return not (lead_decides(case, given, who) and who.may(Permission.CASES_LEAD))


def told_before(conn: Connection, case: Case) -> Mapping[int, Verdict]:
    """Of each item that this round has changed: the verdict that a blind person is shown, which is the one before."""
    followed = outcomes.of_case(conn, case.id, round=case.round)
    if not followed:
        return {}
    found = decisions.before_case(conn, case.id, since=followed[0].at)
    return {item: Verdict(verdict) for item, verdict in found.items() if verdict is not None}


def as_before(conn: Connection, found: Sequence[Item], who: Principal) -> tuple[Item, ...]:
    """Items as a person sees them who has still to answer about one of them: with the verdict from before."""
    return tuple(_as_before(conn, one, who) for one in found)


def moved_unseen(conn: Connection, who: Principal, *, most: int) -> Mapping[int, Verdict] | None:
    """The items that a person sees with another verdict than the one they have, by the one that they see: what looks
    for items by verdict goes by that. None where there are more than `most`."""
    if who.kind != "person":
        return {}
    found = unseen.of_open(conn, who.id, lead=who.may(Permission.CASES_LEAD), most=most)
    return None if found is None else {item: Verdict(verdict) for item, verdict in found.items()}


def blind_since(conn: Connection, item: int, who: Principal) -> datetime | None:
    """From when on a person must not know yet what was told of an item; None where nothing is kept from them."""
    last = decisions.last_about(conn, item)
    case = None if last is None or last.case_id is None else records.find(conn, last.case_id)
    if case is None or not is_blind(conn, case, who):
        return None
    followed = outcomes.of_case(conn, case.id, round=case.round)
    return followed[0].at if followed else None


def _as_before(conn: Connection, item: Item, who: Principal) -> Item:
    since = None if item.decided is None else blind_since(conn, item.id, who)
    last = None if since is None else decisions.last_about(conn, item.id)
    if since is None or last is None or last.case_id is None:
        return item
    before = decisions.before_case(conn, last.case_id, since=since).get(item.id)
    return item if before is None else replace(item, verdict=Verdict(before), decided=None)


def hidden_persons(conn: Connection, case: Case, who: Principal) -> frozenset[str]:
    """Pseudonyms of those who answered in this round and of whom `who` may not know what they think of the case: their
    notes and steps are kept back with their answers."""
    if not is_blind(conn, case, who):
        return frozenset()
    given = assessments.of_case(conn, case.id, round=case.round)
    return frozenset(one.pseudonym for one in given if one.person != who.id)


def may_arbitrate(conn: Connection, case: Case, given: Sequence[AssessmentRow], who: Principal) -> bool:
    """Whether a lead may decide what others disagree on: one who has not answered, or any where there is no other."""
    if not who.may(Permission.CASES_LEAD) or any(one.person == who.id and not one.blind for one in given):
        return False
    answered = {one.person for one in given}
    if who.id not in answered:
        return True
    return not others_of(conn, Permission.CASES_LEAD, case, answered)


def alone_of(
    conn: Connection,
    case: Case,
    given: Sequence[AssessmentRow],
    who: Principal,
    *,
    rules: WorkRules,
    alone_after: timedelta | None,
) -> Alone | None:
    """What a person may confirm alone of their own answer, and from when; None where nothing waits for a second."""
    own = _own(given, who)
    if own is None or case.state != "open" or case.stage != Stage.SECOND or given[-1].id != own.id:
        return None
    waiting = concluded(conn, case, given, rules).waiting
    if alone_after is not None and not holders_of(conn, Permission.CASES_ASSESS) - {who.id}:
        everything = frozenset(map(Decision, own.decisions))
        return Alone(decisions=everything, after=own.at + alone_after, why="one_person", new_session=True)
    helps = waiting & ALONE_AFTER_LIMIT
    if not helps:
        return None
    if case.danger:
        return Alone(decisions=helps, after=own.at, why="danger", new_session=False)
    after = own.at + timedelta(minutes=rules.second_within_minutes)
    return Alone(decisions=helps, after=after, why="limit", new_session=False)


def _own(given: Sequence[AssessmentRow], who: Principal) -> AssessmentRow | None:
    return next((one for one in reversed(given) if one.person == who.id), None)


def lead_decides(case: Case, given: Sequence[AssessmentRow], who: Principal) -> bool:
    """Whether a case lies with a lead who knows the answers: several people have given one. To whom a case was
    escalated after a single answer, she is the second who answers by herself."""
    stage = case.held_from if case.stage == "held" else case.stage
    people = {one.person for one in given}
    return case.state == "open" and stage == Stage.LEAD and (len(people) > 1 or who.id in people)


def _stage(case: Case, *, blind: bool, at: datetime) -> str:
    """Who is blind does not learn whether somebody was there before."""
    if case.state != "open":
        return case.state
    stage = case.stage
    if stage == "held" and case.held_until is not None and case.held_until <= at:
        stage = case.held_from or Stage.FIRST
    return Stage.FIRST.value if blind and stage == Stage.SECOND else stage


def _why_not(conn: Connection, case: Case, given: Sequence[AssessmentRow], who: Principal, stage: str) -> str:
    """A word for why a person cannot answer now; empty where they can."""
    if stage in ("decided", Stage.SETTLING, "held"):
        return stage
    if who.kind != "person" or not who.may(Permission.CASES_ASSESS):
        return "role"
    if stage == Stage.LEAD:
        if not who.may(Permission.CASES_LEAD):
            return "lead"
        if not lead_decides(case, given, who):
            return ""
        return "" if may_arbitrate(conn, case, given, who) else "answered"
    return "answered" if _own(given, who) is not None else ""


def _given(row: AssessmentRow, who: Principal) -> Given:
    return Given(
        id=row.id, round=row.round, pseudonym=row.pseudonym, own=row.person == who.id, at=row.at,
        decisions=frozenset(map(Decision, row.decisions)), category=category_of(row),
        image_kind=None if row.image_kind is None else ImageKind(row.image_kind),
        origin=tuple(Origin(basis=OriginBasis(one["basis"]), note=one["note"]) for one in row.origin),
        confidence=Confidence(row.confidence), rationale=row.rationale, list_id=row.list_id, accounts=row.accounts,
        blind=row.blind,
    )  # fmt: skip


def _pending(row: OutcomeRow, *, blind: bool, undoable: bool, at: datetime) -> Pending:
    """Whether an answer was the last that was needed shows only when it cannot be taken back any more."""
    waits = row.state == "waiting"
    return Pending(
        id=row.id, kind="" if blind else row.kind, state=row.state,
        decisions=frozenset() if blind else frozenset(map(Decision, row.decisions)),
        by=() if blind else row.by, single=row.single and not blind, settles_at=row.settles_at,
        undoable=undoable and waits and at < row.settles_at,
    )  # fmt: skip
