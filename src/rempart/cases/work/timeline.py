"""Everything that happened to a case, from the ledger's own leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing.viewing import hidden_persons, is_blind
from rempart.cases.records import grants, work
from rempart.cases.records import leaves as records
from rempart.cases.records.cases import Case
from rempart.cases.records.leaves import CaseLeaf
from rempart.cases.work.queue import visible
from rempart.people.principal import Principal

PLAIN = frozenset(
    {
        "case.opened", "case.claimed", "case.released", "case.handed_over", "case.held", "case.resumed",
        "case.escalated", "case.reopened", "case.prioritised", "case.moved", "case.danger", "case.noted",
        "case.restricted", "case.readmitted", "case.facts_added", "case.forgotten", "notifier.read", "search.made",
        "evidence.shown", "evidence.covered",
    }
)  # fmt: skip
"""Steps that say nothing of anyone's answer."""
OPEN_STEPS = frozenset(
    {
        "case.handed_over", "case.held", "case.resumed", "case.escalated", "case.prioritised", "case.moved",
        "case.danger", "case.restricted", "case.readmitted", "case.facts_added",
    }
)  # fmt: skip
"""Steps that show in the case itself, whoever took them."""
DANGER = "case.danger"
SHOWN = "evidence.shown"
SOMEBODY = "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step: `action` as the ledger calls it, `actor` a pseudonym, `text` a note or reason that was written with it.

    `withheld`: a reason is kept from whoever has still to answer by themselves.
    """

    at: datetime
    action: str
    actor: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    withheld: bool = False


def timeline(conn: Connection, case_id: str, who: Principal) -> tuple[Event, ...]:
    """A case's steps, the first one first. Raises NotFoundError where the case is kept from them.

    Who has still to answer by themselves is told nothing of this round's answers, nor who was at the case, what they
    looked at and what they wrote; only what shows in the case anyway, and any danger in full.
    """
    case = visible(conn, case_id, who)
    found = records.of_case(conn, case_id)
    notes = {note.id: note.text for note in work.notes_of(conn, case_id)}
    own = grants.own_looks(conn, case_id, who.id)
    blind = is_blind(conn, case, who)
    events = _untold(conn, case, found, notes, own, who) if blind else [_event(leaf, notes) for leaf in found]
    return tuple(_looked(event, own, who) if event.action == SHOWN else event for event in events)


def _untold(
    conn: Connection,
    case: Case,
    found: Sequence[CaseLeaf],
    notes: Mapping[int, str],
    own: frozenset[str],
    who: Principal,
) -> list[Event]:
    """What a person is told who has still to answer by themselves."""
    hidden = hidden_persons(conn, case, who)
    begun = _begun(found)
    told = []
    for leaf in found:
        if _is_told(leaf, begun, hidden, own | {who.pseudonym}):
            told.append(_event(leaf, notes))
        elif leaf.action in OPEN_STEPS:
            told.append(_event(leaf, notes, withheld=leaf.action != DANGER))
    return told


def untold_leaves(conn: Connection, case: Case, who: Principal) -> frozenset[int]:
    """The leaves of a case that a person is not told of who has still to answer by themselves, by number."""
    if not is_blind(conn, case, who):
        return frozenset()
    found, hidden = records.of_case(conn, case.id), hidden_persons(conn, case, who)
    begun, own = _begun(found), grants.own_looks(conn, case.id, who.id) | {who.pseudonym}
    return frozenset(
        leaf.id for leaf in found if not _is_told(leaf, begun, hidden, own) and leaf.action not in OPEN_STEPS
    )


def _begun(found: Sequence[CaseLeaf]) -> int:
    return max((leaf.id for leaf in found if leaf.action == "case.reopened"), default=0)


def _is_told(leaf: CaseLeaf, begun: int, hidden: frozenset[str], own: frozenset[str]) -> bool:
    plain = leaf.action in PLAIN and leaf.action != SHOWN and leaf.actor not in hidden
    return leaf.id <= begun or leaf.actor in own or plain


def _looked(event: Event, own: frozenset[str], who: Principal) -> Event:
    """How often somebody looked is for that person alone to read: of others' looks it is said that there was one."""
    return replace(event, actor=who.pseudonym if event.actor in own else SOMEBODY)


def _event(leaf: CaseLeaf, notes: Mapping[int, str], *, withheld: bool = False) -> Event:
    facts = {name: value for name, value in leaf.facts.items() if name != "note"}
    text = notes.get(leaf.facts.get("note", 0))
    hides = withheld and text is not None
    return Event(
        at=leaf.at, action=leaf.action, actor=leaf.actor, facts=facts, text=None if hides else text, withheld=hides
    )
