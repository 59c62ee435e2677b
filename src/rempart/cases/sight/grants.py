"""Granting a look: to one person, in one session, at one step of one item in one case, for a purpose and a time.

A look is granted when

 1. the person may see evidence, and is signed in;
 2. the case is theirs to see;
 3. they hold its claim, or have taken the second look at it after it was decided, or look for a report of it that
    waits;
 4. the item is in the case, or laid beside it because it looks alike and in no case that is kept from them;
 5. the step is known, and the original is asked for with a purpose;
 6. there is something to be shown;
 7. their budget is not used up, or somebody is in immediate danger.

Whenever the picture is fetched, 1 to 4 have to hold still, for the same person in the same session, and the grant must
be neither covered nor past its time, which begins when the picture is first shown.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from sqlalchemy import Connection

from rempart.cases.care.meter import Limits, exposure
from rempart.cases.quality import looks
from rempart.cases.records import care, near, tasks
from rempart.cases.records import cases as case_records
from rempart.cases.records import grants as records
from rempart.cases.records.cases import Case
from rempart.cases.records.grants import GrantRow
from rempart.cases.records.tasks import REPORTED
from rempart.cases.sight.evidence import Evidence, Hindrance
from rempart.cases.work.claims import held_by
from rempart.cases.work.queue import hidden_items, visible
from rempart.errors import (
    BudgetReachedError,
    ConflictError,
    LookOverError,
    NotFoundError,
    NotPermittedError,
    RefusedError,
)
from rempart.evidence.ledger import Leaf, append
from rempart.people.permissions import Permission
from rempart.people.principal import Principal
from rempart.signals.derivatives import COMPARE, METADATA, PROMPTS, Step

PURPOSES = ("assess", "compare", "identify", "report", "other")
"""What an original may be looked at for; `other` is said in words."""
FOR_REPORT = "report"
"""The purpose for which whoever prepares a report looks at a case that was decided."""
MOST_WORDS = 500
PICK_UP = timedelta(seconds=60)
"""A grant whose picture nobody fetched so soon is void."""
DERIVATIVE_TIMES = 3
"""A derivative stays so many times as long as an original."""
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What somebody asks to see: a step of the picture, METADATA, PROMPTS or COMPARE. `purpose` is one of PURPOSES;
    `words` say more."""

    item: int
    step: Step | Literal["metadata", "prompts", "compare"]
    purpose: str = "assess"
    words: str = ""


def grant(
    conn: Connection,
    case_id: str,
    asked: Asked,
    *,
    evidence: Evidence,
    who: Principal,
    limits: Limits,
    reveal_seconds: int,
    at: datetime,
) -> GrantRow:
    """Grant a look, in the caller's transaction, with its leaf in the ledger.

    The leaf shows the step and, in place of the person, the grant's own random id; who looked and what for are
    commitments. Raises NotPermittedError, NotFoundError, ConflictError without the claim, BudgetReachedError, and
    RefusedError for a purpose that is missing or evidence that is not there.
    """
    case = holding(conn, case_id, who=who, at=at, purpose=asked.purpose, lock=True)
    if not _is_in(conn, case_id, asked.item, who):
        raise NotFoundError("There is no such picture in this case.", hint="Open the case again.")
    purpose = purpose_of(asked.purpose, asked.words)
    if evidence.hindrance is not None or evidence.object is None:
        raise HinderedError(evidence.hindrance or Hindrance.NEVER_KEPT)
    seconds = seconds_for(asked.step, reveal_seconds)
    _hold_budget(conn, case, asked.step, who=who, limits=limits, at=at)
    row = GrantRow(
        id=_new_grant_id(), case_id=case_id, item=asked.item, object=evidence.object, person=who.id,
        session=who.session or "", step=str(asked.step), purpose=purpose, at=at, until=at + PICK_UP, served=None,
        covered=None, seconds=seconds, outcome=None,
    )  # fmt: skip
    records.add(conn, row)
    leaf = Leaf(
        action="evidence.shown",
        actor=row.id,
        facts={"step": row.step},
        sealed={"viewer": who.pseudonym, "purpose": purpose},
        subject=f"case:{case_id}",
    )
    append(conn, leaf, at=at)
    return row


class HinderedError(RefusedError):
    """There is nothing that could be shown of this item; `hindrance` says why."""

    def __init__(self, hindrance: Hindrance) -> None:
        super().__init__()
        self.hindrance = hindrance


def holding(
    conn: Connection, case_id: str, *, who: Principal, at: datetime, purpose: str = "", lock: bool = False
) -> Case:
    """The case that a person has now, or may look at for this purpose. Raises NotPermittedError, NotFoundError where it
    is kept from them, ConflictError."""
    if who.kind != "person" or who.session is None or not who.may(Permission.EVIDENCE_VIEW):
        raise NotPermittedError(
            "Your roles do not allow this.", hint="Ask an administrator for a role that may, or a colleague who has it."
        )
    case = visible(conn, case_id, who, lock=lock)
    if not has(conn, case, who=who, at=at, purpose=purpose):
        raise ConflictError("You do not have this case, or not any more.", hint="Claim it, then look.")
    return case


def has(conn: Connection, case: Case, *, who: Principal, at: datetime, purpose: str = "") -> bool:
    """Whether a case is a person's to look at now: by its claim, by the second look at it, or, for the purpose of a
    report, by preparing one that waits after the case was decided."""
    if held_by(case, who, at=at):
        return True
    return case.state != "open" and (
        looks.holds(conn, case.id, who.id, at=at) or _prepares(conn, case, who, purpose=purpose)
    )


def good(
    conn: Connection, case_id: str, grant_id: str, *, who: Principal, at: datetime, lock: bool = False
) -> GrantRow:
    """A grant that this person may use now, in this session. Raises NotFoundError for one that is not theirs, and
    LookOverError for one that was covered, is past its time, or whose case they hold no longer."""
    row = records.find(conn, grant_id, lock=lock)
    if row is None or (row.case_id, row.person, row.session) != (case_id, who.id, who.session):
        raise NotFoundError("There is no such picture.", hint="Open the case again.")
    if not row.open(at):
        raise _over()
    try:
        holding(conn, case_id, who=who, at=at, purpose=row.purpose)
    except (ConflictError, NotFoundError) as err:
        raise _over() from err
    if not _is_in(conn, case_id, row.item, who):
        raise _over()
    return row


def begin(
    conn: Connection, case_id: str, grant_id: str, *, who: Principal, at: datetime, whole: bool = False
) -> GrantRow:
    """Note that a grant's picture goes out now, for the first time or again, and whether it is the `whole` of its file.
    Raises as `good` does."""
    row = good(conn, case_id, grant_id, who=who, at=at, lock=True)
    if row.served is None:
        records.change(conn, row.id, served=at, until=at + timedelta(seconds=row.seconds), whole=whole)
        row = records.find(conn, grant_id) or row
    return row


def cover(
    conn: Connection, *, who: Principal, at: datetime, case_id: str | None = None, grant_id: str | None = None
) -> int:
    """End a person's looks: one, those of a case, or all; gives how many showed something still."""
    ended = 0
    for row in records.still_open(conn, who.id, at=at, case_id=case_id):
        if grant_id in (None, row.id):
            used = 0 if row.served is None else ceil((at - row.served).total_seconds())
            records.change(conn, row.id, covered=at, seconds=min(row.seconds, max(0, used)))
            ended += 1
    return ended


def fail(conn: Connection, grant_id: str, hindrance: Hindrance, *, at: datetime) -> None:
    """Note that there was no picture after all: it counts for nothing."""
    records.change(conn, grant_id, outcome=hindrance.value, covered=at, seconds=0)


def seconds_for(step: str, reveal_seconds: int) -> int:
    """How long a step is shown."""
    return reveal_seconds if step == Step.ORIGINAL else reveal_seconds * DERIVATIVE_TIMES


def _prepares(conn: Connection, case: Case, who: Principal, *, purpose: str) -> bool:
    if purpose.partition(":")[0] != FOR_REPORT or not who.may(Permission.REPORTS_PREPARE):
        return False
    return any(one.kind in REPORTED and one.state == "waiting" for one in tasks.of_cases(conn, [case.id]))


def _is_in(conn: Connection, case_id: str, item: int, who: Principal) -> bool:
    if item in case_records.items_of(conn, case_id):
        return True
    return near.find(conn, case_id, item) is not None and item not in hidden_items(conn, [item], who)


def _hold_budget(conn: Connection, case: Case, step: str, *, who: Principal, limits: Limits, at: datetime) -> None:
    """Two tabs of one person wait here for each other. What shows no picture costs nothing."""
    if step in (METADATA, PROMPTS, COMPARE):
        return
    own = limits.narrowed(care.locked(conn, who.id))
    seen = exposure(conn, who.id, at=at)
    spent = seen.seconds >= own.seconds_per_day or (step == Step.ORIGINAL and seen.reveals >= own.reveals_per_day)
    if spent and not case.danger:
        raise BudgetReachedError(
            "Today's budget for looking at pictures is used up.",
            hint="Take a break; colleagues can go on with your cases.",
        )


def purpose_of(purpose: str, words: str) -> str:
    """A purpose as it is kept. Raises RefusedError where none is named, or `other` is not said in words."""
    words = words.strip()[:MOST_WORDS]
    if purpose not in PURPOSES or (purpose == "other" and not words):
        raise RefusedError("A purpose is missing.", hint="Choose what you look at it for, or say it in words.")
    return f"{purpose}: {words}" if words else purpose


def _over() -> LookOverError:
    return LookOverError("This look is over.", hint="Ask for another one if you need it.")


def _new_grant_id() -> str:
    """130 random bits: unlike other ids it tells no time, since it stands in the ledger."""
    return "look_" + "".join(secrets.choice(_ALPHABET) for _ in range(26))
