"""What somebody must know before they second a question: which list, what would come in, how the policy would read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import unified_diff

from sqlalchemy import Connection

from rempart.lists import entry_records, staging_records
from rempart.people.records.approvals import Approval
from rempart.policy import records as policies


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """More on one question: `facts` by the name of their label (in place of those that were kept with the question, if
    there are any), the `command` that shows all of it, and `difference`, the lines of a text that would change."""

    facts: dict[str, str | int] = field(default_factory=dict)
    command: str = ""
    difference: tuple[str, ...] = ()


More = Callable[[Connection, Approval], Asked]


def nothing_more(_conn: Connection, _approval: Approval) -> Asked:
    """Where the question says it all."""
    return Asked()


def more(conn: Connection, approval: Approval) -> Asked:
    """What this deployment knows of a question."""
    if approval.kind == "list.changes":
        return _changes(conn, approval.subject.partition(":")[2])
    if approval.kind == "policy":
        return _policy(conn, approval)
    return Asked()


def _changes(conn: Connection, changes_id: str) -> Asked:
    found = staging_records.find(conn, changes_id)
    live = entry_records.find_list(conn, found.list_id) if found else None
    if found is None or live is None:
        return Asked()
    facts: dict[str, str | int] = {"list": live.name, "why": found.why, "source": found.origin}
    facts |= {"mode": str(found.target.get("mode", ""))} | dict(found.counts)
    return Asked(
        facts={name: value for name, value in facts.items() if value}, command=f"rempart list changes {changes_id}"
    )


def _policy(conn: Connection, approval: Approval) -> Asked:
    asked, in_force = policies.find(conn, approval.subject), policies.newest_put(conn)
    if asked is None:
        return Asked()
    before = in_force.text.splitlines() if in_force else []
    lines = tuple(unified_diff(before, asked.text.splitlines(), lineterm="", n=2))[2:]
    return Asked(facts=dict(approval.facts), difference=lines)
