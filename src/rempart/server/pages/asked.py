"""What somebody must know before they second a question: which list, what would come in, how the policy would read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff

from sqlalchemy import Connection

from rempart.lists import entry_records, staging_records
from rempart.people.records.approvals import Approval
from rempart.policy import records as policies


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """More on one question: `facts` by the name of their label (in place of those that were kept with the question, if
    there are any), the `command` that shows all of it, and `difference`, the lines of a text that would change.

    `kinds` says of the entries of a change what they are (what happens, category, opinion, how many), of the first
    `counted` rows; `against` says which entries guards speak against, and why."""

    facts: dict[str, str | int] = field(default_factory=dict)
    command: str = ""
    difference: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str, str, int], ...] = ()
    counted: int = 0
    against: tuple[tuple[str, int], ...] = ()


_MOST = 1_000
_SHOWN = 12
_YES_NO = {True: "yes", False: "no"}
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
    if approval.kind == "evidence.destroy":
        return Asked(command=f"rempart order show {approval.subject.partition(':')[2]}")
    return Asked()


def _changes(conn: Connection, changes_id: str) -> Asked:
    found = staging_records.find(conn, changes_id)
    live = entry_records.find_list(conn, found.list_id) if found else None
    if found is None or live is None:
        return Asked()
    target = found.target
    facts: dict[str, str | int] = {"list": live.name, "why": found.why, "source": found.origin}
    facts |= {"now": live.mode.value, "size": live.live}
    facts |= {"mode": str(target.get("mode", "")), "name": str(target.get("name", ""))}
    facts |= {"feeds": ", ".join(map(str, target.get("feeds", ()))), "scheme": str(target.get("scheme", ""))}
    facts |= {"shared": _YES_NO[target["shared"]]} if "shared" in target else {}
    facts |= {f"growth_{name}": int(value) for name, value in dict(target.get("growth", {})).items()}
    facts |= dict(found.counts)
    rows = staging_records.rows_from(conn, changes_id, first=0, limit=_MOST)
    against = Counter(row.flag.partition(":")[0] for row in rows if row.flag)
    return Asked(
        facts={name: value for name, value in facts.items() if value or name == "size"},
        command=f"rempart list changes {changes_id}",
        kinds=_kinds(rows),
        counted=len(rows),
        against=tuple(sorted(against.items())),
    )


def _kinds(rows: Sequence[staging_records.Row]) -> tuple[tuple[str, str, str, int], ...]:
    """What would come in or go, by category and opinion, the most frequent first."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        if row.body is not None:
            said = json.loads(row.body)
            category, opinion = said.get("c"), str(said.get("o", ""))
        else:
            category, opinion = (row.was or {}).get("category"), str((row.was or {}).get("opinion", ""))
        counts[row.step.value, " ".join(map(str, category or ())), opinion] += 1
    return tuple((*kind, count) for kind, count in counts.most_common(_SHOWN))


def _policy(conn: Connection, approval: Approval) -> Asked:
    asked, in_force = policies.find(conn, approval.subject), policies.newest_put(conn)
    if asked is None:
        return Asked()
    before = in_force.text.splitlines() if in_force else []
    lines = tuple(unified_diff(before, asked.text.splitlines(), lineterm="", n=2))[2:]
    return Asked(facts=dict(approval.facts), difference=lines)
