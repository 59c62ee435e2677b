"""Where a new case goes, how urgent it is, and whether it can be decided without a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rempart.cases.work.settings import PRIORITIES, Route, WorkRules
from rempart.lists.own import is_own
from rempart.policy.facts import FoundMatch
from rempart.policy.rules import Names
from rempart.signals.values import BY_LIKENESS

NO_LOOK, LOOK = "none", "look"
_BLOCKING, _POSITIVE = "blocking", "positive"


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What the team's rules say of a new case."""

    queue: str
    priority: int
    due: datetime


def route(
    rules: WorkRules,
    *,
    kind: str,
    queue: str,
    service: str | None,
    matches: Sequence[FoundMatch],
    at: datetime,
    due: datetime | None = None,
) -> Routed:
    """The first route whose conditions all hold decides; else the policy's `queue`, by that queue's own due time.

    What stands on lists has to be met by one and the same match. A notice is urgent from the start, and so is what is
    like the picture of one; nothing that is known of where a picture comes from makes a case less so. `due` is when
    the case is due unless the team says sooner.
    """
    if any(is_own(one.list) for one in matches):
        kind = "notice"
    usual = PRIORITIES["high"] if kind == "notice" else PRIORITIES["normal"]
    found = next((one for one in rules.routes if _applies(one, kind, service, matches, usual)), None)
    name = (found.queue if found else None) or queue
    minutes = found.due_minutes if found else None
    own = at + timedelta(minutes=rules.queue(name).due_minutes if minutes is None else minutes)
    said = minutes is not None or any(one.name == name for one in rules.queues)
    if due is not None:
        own = min(own, due) if said else due
    priority = found.priority if found else None
    return Routed(queue=name, priority=usual if priority is None else priority, due=own)


def look_of(matches: Sequence[FoundMatch]) -> str:
    """`none` where nobody has to look: the same bytes as an entry of a blocking list whose owner stands by it, and no
    match whose owner does not. Otherwise `look`. What a notice says of them changes neither."""
    matches = [one for one in matches if not is_own(one.list)]
    exact = any(
        one.signal_kind not in BY_LIKENESS and one.mode == _BLOCKING and one.opinion == _POSITIVE for one in matches
    )
    return NO_LOOK if exact and all(one.opinion == _POSITIVE for one in matches) else LOOK


def _applies(one: Route, kind: str, service: str | None, matches: Sequence[FoundMatch], priority: int) -> bool:
    if one.kinds and kind not in one.kinds:
        return False
    if one.priorities and priority not in one.priorities:
        return False
    if one.services and (service is None or service not in Names.of(one.services)):
        return False
    if not (one.lists or one.schemes or one.codes):
        return True
    return any(_meets(one, match) for match in matches)


def _meets(one: Route, match: FoundMatch) -> bool:
    if one.lists and match.list not in Names.of(one.lists):
        return False
    if one.schemes and match.scheme not in one.schemes:
        return False
    return not one.codes or match.code in one.codes
