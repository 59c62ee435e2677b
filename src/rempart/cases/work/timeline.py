"""Everything that happened to a case, from the ledger's own leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.records import grants, work
from rempart.cases.records import leaves as records
from rempart.cases.records.cases import Case
from rempart.cases.records.leaves import CaseLeaf
from rempart.cases.work.queue import visible
from rempart.people.permissions import Permission
from rempart.people.principal import Principal

ASSESSED = "case.assessed"
SHOWN = "evidence.shown"
SOMEBODY = "…"
PLAIN = frozenset(
    {
        "case.opened", "case.claimed", "case.released", "case.handed_over", "case.held", "case.resumed",
        "case.escalated", "case.reopened", "case.prioritised", "case.danger", "case.noted", "case.restricted",
        "case.facts_added", "notifier.read", "search.made", "evidence.shown", "evidence.covered",
    }
)  # fmt: skip
"""Steps that say nothing of anyone's answer. All others are told without their facts to whoever has yet to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One step: `action` as the ledger calls it, `actor` a pseudonym, `text` a note or reason that was written with it.

    `withheld`: what it says is kept from whoever has still to answer by themselves.
    """

    at: datetime
    action: str
    actor: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    withheld: bool = False


def timeline(conn: Connection, case_id: str, who: Principal) -> tuple[Event, ...]:
    """A case's steps, the first one first. Raises NotFoundError where the case is kept from them.

    Who could still be the second to answer learns that somebody has answered, and neither what, nor what followed.
    """
    case = visible(conn, case_id, who)
    found = records.of_case(conn, case_id)
    notes = {note.id: note.text for note in work.notes_of(conn, case_id)}
    own = grants.own_looks(conn, case_id, who.id)
    events = (_event(leaf, notes, withheld=_withheld(leaf, found, case, who)) for leaf in found)
    return tuple(_looked(event, own, who) if event.action == SHOWN else event for event in events)


def _looked(event: Event, own: frozenset[str], who: Principal) -> Event:
    """How often somebody looked is for that person alone to read: of others' looks it is said that there was one."""
    return replace(event, actor=who.pseudonym if event.actor in own else SOMEBODY)


def _event(leaf: CaseLeaf, notes: Mapping[int, str], *, withheld: bool) -> Event:
    if withheld:
        return Event(at=leaf.at, action=leaf.action, actor=leaf.actor, withheld=True)
    facts = {name: value for name, value in leaf.facts.items() if name != "note"}
    text = notes.get(leaf.facts.get("note", 0))
    return Event(at=leaf.at, action=leaf.action, actor=leaf.actor, facts=facts, text=text)


def _withheld(leaf: CaseLeaf, all_: Sequence[CaseLeaf], case: Case, who: Principal) -> bool:
    """Whether a leaf of the round that is open could sway an answer that is still to come."""
    if leaf.action in PLAIN or leaf.actor == who.pseudonym or case.state != "open":
        return False
    if leaf.facts.get("round", case.round) != case.round or who.kind == "system":
        return False
    if case.stage in ("lead", "settling") and who.may(Permission.CASES_LEAD):
        return False  # a lead weighs the answers that are there
    answered = (one for one in all_ if one.action == ASSESSED and one.facts.get("round") == case.round)
    return all(one.actor != who.pseudonym for one in answered)
