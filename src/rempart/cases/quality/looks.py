"""Second looks: somebody who never answered about a case judges it again, without knowing what was decided.

What comes of it stays apart: it changes neither the case nor any item, and only figures and leads are told of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from rempart.cases.assessing import tasks
from rempart.cases.assessing.schemes import Schemes, check, in_use
from rempart.cases.assessing.values import Assessment, Decision, main_of
from rempart.cases.records import agreements, assessments
from rempart.cases.records import cases as case_records
from rempart.cases.records import samples as records
from rempart.cases.records.assessments import AssessmentRow
from rempart.cases.records.cases import Case
from rempart.cases.records.samples import Sample
from rempart.cases.work.queue import visible
from rempart.cases.work.settings import current
from rempart.errors import ConflictError, NotFoundError, NotPermittedError, RefusedError
from rempart.evidence.ledger import Leaf, append
from rempart.evidence.vault import Vault
from rempart.items.records.items import COUNTER
from rempart.people.permissions import Permission
from rempart.people.principal import SYSTEM, Principal
from rempart.store.counters import locked_number
from rempart.store.ids import new_id

TAKEN_FOR = timedelta(hours=1)
"""So long a second look is one person's; then somebody else may take it."""
KEPT_FOR = timedelta(days=14)
"""What nobody looked at in this time lapses, and what was kept for it is let go."""
_MOST_OFFERED = 200
_MOST_LAPSED = 50
_SHOWN = timedelta(days=30)
_MOST_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Differing:
    """A second look that said something else than the first answer: decisions and categories, and nobody's name."""

    sample: Sample
    first: AssessmentRow
    second: AssessmentRow


def next_for(conn: Connection, who: Principal, *, at: datetime) -> str | None:
    """The case whose second look a person should take next: one that they never answered about and may see, and that
    nobody else has taken. None when there is none."""
    own = next((one for one in _offered(conn, who, at=at) if one.person == who.id and _taken(one, at)), None)
    found = own or next(_offered(conn, who, at=at), None)
    return None if found is None else found.case_id


def count_for(conn: Connection, who: Principal, *, at: datetime) -> int:
    """How many second looks wait that a person could take; no more than 200 are counted."""
    return sum(1 for _ in _offered(conn, who, at=at))


def take(conn: Connection, case_id: str, who: Principal, *, at: datetime) -> Case:
    """Take the second look at a case, in the caller's transaction; one's own is made longer.

    Raises NotFoundError where there is none for them, and ConflictError when somebody else has it.
    """
    case, sample = _of(conn, case_id, who)
    if _taken(sample, at) and sample.person != who.id:
        raise ConflictError("Somebody else has taken this second look.", hint="Take the next one.")
    records.change(conn, sample.id, person=who.id, taken=at)
    return case


def holds(conn: Connection, case_id: str, person: str, *, at: datetime) -> bool:
    """Whether a person has taken the second look at a case, so that they may look at its pictures."""
    found = records.waiting_of_case(conn, case_id)
    return found is not None and found.person == person and _taken(found, at)


def answer(
    conn: Connection,
    case_id: str,
    asked: Assessment,
    *,
    who: Principal,
    at: datetime,
    vault: Vault,
    schemes: Schemes | None = None,
) -> None:
    """Give the answer of a second look, in the caller's transaction; what was kept for it is let go.

    Only what becomes of the items, the category, the kind of image, origin, confidence and rationale are asked.
    Raises NotFoundError, ConflictError when the look is not theirs any more, RefusedError for an impossible answer.
    """
    locked_number(conn, COUNTER)
    case, sample = _of(conn, case_id, who)
    if sample.person != who.id or not _taken(sample, at):
        raise ConflictError("You have not taken this second look, or not any more.", hint="Take it, then answer.")
    if asked.decisions - _OF_ITEMS or (case.uploader is None and asked.main is None):
        raise RefusedError("Say what becomes of the items.", hint="Choose no violation, remove or restrict.")
    _, rules = current(conn)
    check(asked.category, schemes if schemes is not None else in_use(rules.schemes))
    row = _row(case, sample, asked, who, at=at)
    assessments.add(conn, row)
    records.change(conn, sample.id, state="done", assessment=row.id, done=at)
    said = {
        name: getattr(row, name) for name in ("decisions", "scheme", "code", "image_kind", "confidence", "rationale")
    }
    leaf = Leaf(
        action="sample.answered", actor=who.pseudonym, sealed={"answer": json.dumps(said, sort_keys=True)},
        subject=f"sample:{sample.id}",
    )  # fmt: skip
    append(conn, leaf, at=at)
    _let_go(conn, sample, vault, by=who)


def lapse(conn: Connection, *, at: datetime, vault: Vault) -> int:
    """End some second looks that nobody took in time, or whose case was opened again; says how many."""
    ended = 0
    for sample in records.stale(conn, before=at - KEPT_FOR, most=_MOST_LAPSED):
        locked_number(conn, COUNTER)
        records.change(conn, sample.id, state="lapsed", done=at)
        leaf = Leaf(action="sample.lapsed", actor=SYSTEM.pseudonym, subject=f"sample:{sample.id}")
        append(conn, leaf, at=at)
        _let_go(conn, sample, vault, by=SYSTEM)
        ended += 1
    return ended


def differing(conn: Connection, who: Principal, *, at: datetime) -> tuple[Differing, ...]:
    """Second looks of the last 30 days that came out differently, the youngest first, for leads: of cases that they may
    see and about which they gave neither answer. Raises NotPermittedError."""
    if not who.may(Permission.CASES_LEAD):
        raise NotPermittedError("What second looks said is for leads.")
    found = []
    for sample in records.done(conn, since=at - _SHOWN, most=_MOST_SHOWN):
        second = assessments.find(conn, sample.assessment or "")
        given = assessments.of_case(conn, sample.case_id, round=sample.round)
        first = next((one for one in given if one.blind), None)
        if first is None or second is None or who.id in (first.person, second.person):
            continue
        if _differ(first, second) and _sees(conn, sample.case_id, who):
            found.append(Differing(sample=sample, first=first, second=second))
    return tuple(found)


_OF_ITEMS = frozenset({Decision.NO_VIOLATION, Decision.REMOVE, Decision.RESTRICT})


def _differ(first: AssessmentRow, second: AssessmentRow) -> bool:
    one, other = (main_of(frozenset(map(Decision, row.decisions))) for row in (first, second))
    if one is not other:
        return True
    both = first.scheme is not None and first.scheme == second.scheme
    return one is not Decision.NO_VIOLATION and both and first.code != second.code


def _offered(conn: Connection, who: Principal, *, at: datetime) -> Iterator[Sample]:
    if not who.may(Permission.CASES_ASSESS):
        return
    for sample in records.waiting(conn, most=_MOST_OFFERED):
        if _taken(sample, at) and sample.person != who.id:
            continue
        if not agreements.has_assessed(conn, sample.case_id, who.id) and _sees(conn, sample.case_id, who):
            case = case_records.find(conn, sample.case_id)
            if case is not None and (case.state, case.round) == ("decided", sample.round):
                yield sample


def _of(conn: Connection, case_id: str, who: Principal) -> tuple[Case, Sample]:
    """The waiting second look at a case for somebody who may take it; for everybody else there is none."""
    case = visible(conn, case_id, who, lock=True)
    sample = records.waiting_of_case(conn, case_id, lock=True)
    if (
        sample is None
        or (case.state, case.round) != ("decided", sample.round)
        or not who.may(Permission.CASES_ASSESS)
        or agreements.has_assessed(conn, case_id, who.id)
    ):
        raise NotFoundError("There is no second look here for you.", hint="Take the next one that waits.")
    return case, sample


def _taken(sample: Sample, at: datetime) -> bool:
    return sample.taken is not None and sample.taken <= at < sample.taken + TAKEN_FOR


def _sees(conn: Connection, case_id: str, who: Principal) -> bool:
    try:
        visible(conn, case_id, who)
    except NotFoundError:
        return False
    return True


def _let_go(conn: Connection, sample: Sample, vault: Vault, *, by: Principal) -> None:
    vault.let_go(conn, basis=tasks.BASIS, reference=sample.id, by=by)
    tasks.forget_unneeded(conn, sample.case_id)


def _row(case: Case, sample: Sample, asked: Assessment, who: Principal, *, at: datetime) -> AssessmentRow:
    category = asked.category
    return AssessmentRow(
        id=new_id("assessment"), case_id=case.id, round=sample.round, person=who.id, pseudonym=who.pseudonym, at=at,
        decisions=tuple(sorted(asked.decisions)), scheme=category.scheme if category else None,
        code=category.code if category else None, image_kind=asked.image_kind,
        origin=tuple(one.document() for one in asked.origin), confidence=asked.confidence.value, list_id=None,
        accounts=(), rationale=asked.rationale, state="sample", blind=True, proved=False, session=who.session,
        alone=(), seconds=asked.seconds,
    )  # fmt: skip
