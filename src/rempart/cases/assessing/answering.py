"""Answering a case: one person's assessment, what follows from all that were given, and taking it back in time.

An answer takes effect when its undo window is over and the job `case.settle` runs; until then nothing has left and the
case is nobody's turn. That is also what keeps a second person blind: whether two people agree shows only when it is too
late to take an answer back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.assessing.reading import concluded
from rempart.cases.assessing.rules import Stage
from rempart.cases.assessing.schemes import Schemes, check, readable
from rempart.cases.assessing.snapshot import WANTED, wanted_entry
from rempart.cases.assessing.values import Assessment, Decision, Standing
from rempart.cases.assessing.viewing import alone_of, lead_decides, may_arbitrate, standing
from rempart.cases.records import assessments, outcomes, tasks
from rempart.cases.records import cases as records
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.records.cases import Case
from rempart.cases.records.outcomes import OutcomeRow
from rempart.cases.work import claims
from rempart.cases.work.lease import lease_of
from rempart.cases.work.queue import visible
from rempart.cases.work.settings import WorkRules, current
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.items.records import items
from rempart.lists.entry_records import find_list
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.store.ids import new_id
from rempart.store.jobs import enqueue

SETTLE = "case.settle"
"""The kind of job that lets an outcome take effect: {"outcome": id}."""
PROVED_WITHIN = timedelta(minutes=15)


def assess(
    conn: Connection,
    case_id: str,
    asked: Assessment,
    *,
    who: Principal,
    token: str,
    at: datetime,
    schemes: Schemes | None = None,
    alone_after: timedelta | None = None,
) -> Standing:
    """Give an answer on a claim, in the caller's transaction; what follows from it takes effect after the undo window.

    1. The case is open, to be seen by `who`, and claimed by them with this `token`. 2. They have not answered in this
    round; where people disagree, a lead who has not answered decides. 3. The answer is possible here: a decision that
    the queue offers, a category of a scheme in use, a list and accounts that are there.
    Raises NotFoundError, ConflictError (which names who has the case), NotPermittedError, RefusedError; then nothing
    has changed and the claim stands.
    """
    case = claims.require(conn, case_id, who, token, at=at)
    _, rules = current(conn)
    given = assessments.of_case(conn, case_id, round=case.round)
    arbiter = _turn(conn, case, given, who)
    known = schemes if schemes is not None else readable(rules.schemes)
    asked = _possible(conn, case, asked, rules, known)
    row = _row(case, asked, who, arbiter=arbiter, at=at)
    assessments.add(conn, row)
    outcome = _follow(conn, case, (*given, row), row, rules, at=at)
    if Decision.ADD_TO_LIST in asked.decisions:
        wanted_entry(conn, case, row, outcome, at=at)
    _write(conn, "case.assessed", case, by=who, at=at, facts={"blind": row.blind}, sealed={"answer": _text(row)})
    return standing(conn, case_id, who, at=at, alone_after=alone_after)


def undo(conn: Connection, outcome_id: str, who: Principal, *, at: datetime, case_id: str | None = None) -> Standing:
    """Take one's own answer back before it has taken effect; the case is again what it was.

    Raises NotFoundError, NotPermittedError for another's, and ConflictError once its time is over: then a lead can
    reopen the case, which is an event of its own.
    """
    found = outcomes.find(conn, outcome_id)
    if found is None or case_id not in (None, found.case_id):
        raise NotFoundError("There is no such outcome.")
    case = visible(conn, found.case_id, who, lock=True)
    found = outcomes.find(conn, outcome_id, lock=True)
    row = None if found is None else assessments.find(conn, found.assessment)
    assert found is not None
    assert row is not None
    if row.person != who.id:
        raise NotPermittedError("Only who answered can take the answer back.")
    if found.state != "waiting" or at >= found.settles_at or case.state != "open":
        raise ConflictError("It is too late to take this back: it takes effect.", hint="A lead can reopen the case.")
    outcomes.change(conn, found.id, state="undone", settled=at)
    if found.confirms:
        assessments.change(conn, row.id, alone=[])
    else:
        assessments.change(conn, row.id, state="undone")
        tasks.forget(conn, case_id=case.id, state=WANTED, round=case.round, outcome=found.id)
    if case.stage == Stage.SETTLING:
        records.change(conn, case.id, stage=found.stage_before)
    _write(conn, "case.undone", case, by=who, at=at)
    return standing(conn, case.id, who, at=at)


def confirm_alone(
    conn: Connection, case_id: str, *, who: Principal, at: datetime, alone_after: timedelta | None = None
) -> Standing:
    """Confirm what nobody seconded of one's own answer, where one person may: it is marked *single* and reviewed later.

    Raises NotFoundError, ConflictError when it is too early, in the same session, or somebody else is at it.
    """
    case = visible(conn, case_id, who, lock=True)
    lease = lease_of(case, at)
    if lease is not None and lease.person != who.id:
        name = persons.pseudonyms(conn, [lease.person]).get(lease.person, "Somebody else")
        raise ConflictError(f"{name} has this case now.", hint="It may be seconded in a moment.")
    _, rules = current(conn)
    given = assessments.of_case(conn, case_id, round=case.round)
    offer = alone_of(conn, case, given, who, rules=rules, alone_after=alone_after)
    if offer is None or case.state != "open":
        raise ConflictError("There is nothing that you could confirm alone.", hint="Look at the case again.")
    if at < offer.after:
        raise ConflictError("It is too early to confirm this alone.", hint="Somebody may still second it.")
    row = next(one for one in reversed(given) if one.person == who.id)
    if offer.new_session and (who.session is None or who.session == row.session or not _since(who, row.at)):
        raise ConflictError("You answered in this same session.", hint="Sign in again later, and confirm it then.")
    alone = tuple(sorted({*row.alone, *offer.decisions}))
    assessments.change(conn, row.id, alone=list(alone))
    fresh = assessments.find(conn, row.id)
    assert fresh is not None
    _follow(conn, case, tuple(fresh if one.id == row.id else one for one in given), fresh, rules, at=at, confirms=True)
    facts = {"why": offer.why, "decisions": sorted(one.value for one in offer.decisions)}
    _write(conn, "case.confirmed_alone", case, by=who, at=at, facts=facts)
    return standing(conn, case_id, who, at=at, alone_after=alone_after)


def _turn(conn: Connection, case: Case, given: Sequence[AssessmentRow], who: Principal) -> bool:
    """Whether `who` answers as the lead who decides. Raises where it is not their turn."""
    if lead_decides(case, given, who):
        if not may_arbitrate(conn, case, given, who):
            raise ConflictError("You have answered already.", hint="Another lead has to decide.")
        return True
    if any(one.person == who.id for one in given):
        raise ConflictError("You have answered already.", hint="Another person has to second it.")
    if not who.may(Permission.CASES_ASSESS):
        raise NotPermittedError("Reviewers and leads assess cases.")
    return False


def _possible(conn: Connection, case: Case, asked: Assessment, rules: WorkRules, schemes: Schemes) -> Assessment:
    """The answer as it is kept. Raises RefusedError for what cannot be decided here."""
    hidden = sorted(set(asked.decisions) & set(rules.queue(case.queue).hidden_decisions))
    if hidden:
        raise RefusedError(f"The queue {case.queue} does not offer: {', '.join(hidden)}.", hint="Hand it to a lead.")
    check(asked.category, schemes, for_list=Decision.ADD_TO_LIST in asked.decisions)
    of_account = case.uploader is not None
    if not of_account and asked.main is None:
        raise RefusedError("Say what becomes of the items.", hint="Choose no violation, remove or restrict.")
    if of_account and Decision.ADD_TO_LIST in asked.decisions:
        raise RefusedError("A case about an account has nothing to add to a list.")
    if asked.list_id is not None and find_list(conn, asked.list_id) is None:
        raise RefusedError("There is no such list.", hint="Choose one of those that are there.")
    if Decision.BLOCK_ACCOUNT not in asked.decisions or of_account:
        return asked
    accounts = _first_of_each(conn, case, asked.accounts)
    if not accounts:
        raise RefusedError("Say whose account is blocked.", hint="Choose uploaders of items in this case.")
    values = {name: getattr(asked, name) for name in Assessment.__slots__}
    return Assessment(**values | {"accounts": accounts})


def _first_of_each(conn: Connection, case: Case, chosen: Sequence[int]) -> tuple[int, ...]:
    """The first item of each account that was chosen, so that the same accounts are the same numbers."""
    first: dict[tuple[str, str], int] = {}
    of: dict[int, tuple[str, str]] = {}
    for number in records.items_of(conn, case.id):
        item = items.hosted(conn, number)
        if item is not None and item.uploader is not None:
            of[number] = (item.service, item.uploader)
            first.setdefault(of[number], number)
    if any(one not in of for one in chosen):
        raise RefusedError("An account is named whose uploader is not known.", hint="Choose items of this case.")
    return tuple(sorted({first[of[one]] for one in chosen}))


def _follow(
    conn: Connection,
    case: Case,
    given: Sequence[AssessmentRow],
    row: AssessmentRow,
    rules: WorkRules,
    *,
    at: datetime,
    confirms: bool = False,
) -> OutcomeRow:
    """Write down what follows from a round's answers, and when; the claim ends and it is nobody's turn until then."""
    conclusion = concluded(conn, case, given, rules)
    names = {one.person: one.pseudonym for one in given}
    stage = case.held_from or Stage.FIRST if case.stage == claims.HELD else case.stage
    outcome = OutcomeRow(
        id=new_id("outcome"), case_id=case.id, round=case.round, assessment=row.id,
        kind="final" if conclusion.final else "provisional", decisions=tuple(sorted(conclusion.now)),
        by=tuple(names[one] for one in conclusion.by), single=conclusion.single, at=at,
        settles_at=at + timedelta(seconds=rules.undo_seconds), stage_before=stage,
        stage_after=conclusion.stage.value, confirms=confirms, state="waiting", settled=None,
    )  # fmt: skip
    outcomes.add(conn, outcome)
    claims.drop(conn, case, stage=Stage.SETTLING.value, held_until=None, held_from=None, assigned_to=None)
    enqueue(
        conn, SETTLE, {"outcome": outcome.id}, now=at, delay=timedelta(seconds=rules.undo_seconds), key=outcome.id
    )  # fmt: skip
    return outcome


def _row(case: Case, asked: Assessment, who: Principal, *, arbiter: bool, at: datetime) -> AssessmentRow:
    category = asked.category
    return AssessmentRow(
        id=new_id("assessment"), case_id=case.id, round=case.round, person=who.id, pseudonym=who.pseudonym, at=at,
        decisions=tuple(sorted(asked.decisions)), scheme=category.scheme if category else None,
        code=category.code if category else None, image_kind=asked.image_kind,
        origin=tuple(one.document() for one in asked.origin), confidence=asked.confidence.value,
        list_id=asked.list_id, accounts=asked.accounts, rationale=asked.rationale, state="valid", blind=not arbiter,
        proved=_proved(who, at), session=who.session, alone=(), seconds=asked.seconds,
    )  # fmt: skip


def _proved(who: Principal, at: datetime) -> bool:
    return who.proved is not None and timedelta(0) <= at - who.proved < PROVED_WITHIN


def _since(who: Principal, moment: datetime) -> bool:
    return who.signed_in is not None and who.signed_in > moment


def _text(row: AssessmentRow) -> str:
    """An answer as the ledger commits to it: nobody reads it there, and nobody can change it afterwards."""
    names = ("decisions", "scheme", "code", "image_kind", "origin", "confidence", "list_id", "accounts", "rationale")
    return json.dumps({name: getattr(row, name) for name in names}, sort_keys=True, ensure_ascii=False)


def _write(
    conn: Connection,
    action: str,
    case: Case,
    *,
    by: Principal,
    at: datetime,
    facts: Mapping[str, object] | None = None,
    sealed: Mapping[str, str | bytes] | None = None,
) -> None:
    told = {"round": case.round} | dict(facts or {})
    append(
        conn, Leaf(action=action, actor=by.pseudonym, facts=told, sealed=sealed or {}, subject=f"case:{case.id}"), at=at
    )
