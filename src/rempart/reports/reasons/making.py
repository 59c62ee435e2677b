"""Making statements of what became of items and accounts, in the transaction that writes them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from sqlalchemy import Connection

from rempart.cases.records import cases, decisions
from rempart.cases.records.decisions import DecisionRow
from rempart.evidence.ledger import Leaf, append
from rempart.items.records import checks, items, lookback
from rempart.items.records.items import Item
from rempart.people.principal import SYSTEM
from rempart.policy.facts import Verdict
from rempart.reports.reasons import circumstances
from rempart.reports.reasons.circumstances import Noticed
from rempart.reports.reasons.delays import Rest, rest_of
from rempart.reports.reasons.dsa.payload import payload
from rempart.reports.reasons.grounds import Ground, Grounds
from rempart.reports.reasons.history import CASE, CHECK, DECISION, STATE, Happened, Turn, turns
from rempart.reports.reasons.records import happened
from rempart.reports.reasons.records import statements as records
from rempart.reports.reasons.records.statements import Reason
from rempart.reports.reasons.values import Circumstances, Filing, Kind, State, What
from rempart.reports.reasons.wording import Operator, lifted_document, restriction_document
from rempart.store.counters import next_number
from rempart.store.ids import new_id

MOST_OF_ITEM = 1_000
"""How far back the history of one item is read."""
_STATES: dict[What | None, Verdict] = {
    None: Verdict.ALLOW, What.HELD: Verdict.HOLD, What.RESTRICTED: Verdict.HOLD, What.REMOVED: Verdict.BLOCK
}  # fmt: skip


def new_puid() -> str:
    """An id for the transparency database that says nothing and that nobody else knows."""
    return f"r-{secrets.token_hex(16)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What statements are made with. `filing`: they are meant for the transparency database too; `wait`: how
    long each one rests before it goes out."""

    operator: Operator
    grounds: Grounds
    noticed: Noticed = circumstances.by_case_kind
    filing: bool = False
    wait: timedelta = timedelta(0)
    puid: Callable[[], str] = new_puid

    def of_item(self, conn: Connection, number: int, *, since: datetime, at: datetime) -> int:
        """Write the statements that an item lacks; gives how many. Done again it writes none.

        The caller holds the counter `reasons`; the item's row is locked here. Before `since` nothing is told of.
        """
        lookback.lock(conn, [number])
        item = items.hosted(conn, number)
        if item is None:
            records.stand(conn, number, None)
            return 0
        events, cut = happened.of_item(conn, number, most=MOST_OF_ITEM)
        there_are = records.of_item(conn, number)
        known = {one.origin: one for one in there_are}
        events = (*events, *_of_reopened(there_are, events))
        made, standing = 0, next((one for one in there_are if one.standing), None) if cut else None
        for turn in _settled(turns(events, cut=cut), item, at=at):
            origin = turn.event.origin
            there = known.get(origin)
            if turn.event.at <= since or (turn.now is None and standing is None):
                standing = None if turn.now is None else there
                continue
            if there is None:
                make = self._restriction if turn.now else self._lifted
                there = make(conn, item, turn, standing, at)
                made += 1
            standing = there if turn.now is not None else None
        if made:
            records.stand(conn, number, None if standing is None else standing.id)
        return made

    def of_account(self, conn: Connection, told: DecisionRow, *, at: datetime) -> int:
        """Write the statement about an account that was blocked, unless it is there."""
        origin = f"{DECISION}{told.id}"
        if records.origins(conn, [origin]):
            return 0
        found = circumstances.of_account(conn, told, language=self.operator.language, noticed=self.noticed)
        rest = rest_of(conn, at=at, wait=self.wait, cases_=[told.case_id] if told.case_id else [])
        self._write(
            conn, found, rest, at, origin=origin, service=told.service, decision=told.id, case_id=told.case_id
        )  # fmt: skip
        return 1

    def _restriction(
        self, conn: Connection, item: Item, turn: Turn, before: Reason | None, at: datetime
    ) -> Reason:  # fmt: skip
        language = self.operator.language_of(item.context.get("language"))
        found = circumstances.of_item(conn, item, turn, language=language, noticed=self.noticed)
        rest = rest_of(conn, at=at, wait=self.wait, cases_=cases.with_item(conn, item.id), behind=before)
        return self._write(
            conn, found, rest, at, origin=turn.event.origin, service=item.service, item=item.id,
            case_id=_case_of(conn, turn.event, item), decision=turn.event.decision,
            about=None if before is None else before.id,
        )  # fmt: skip

    def _write(
        self,
        conn: Connection,
        found: Circumstances,
        rest: Rest,
        at: datetime,
        *,
        origin: str,
        service: str,
        item: int | None = None,
        decision: str | None = None,
        case_id: str | None = None,
        about: str | None = None,
    ) -> Reason:
        ground, reason, puid = self.grounds.of(found), new_id("reason"), self.puid()
        row = Reason(
            id=reason, seq=None, origin=origin, service=service, item=item, decision=decision, case_id=case_id,
            kind=Kind.RESTRICTION, what=found.what, about=about, language=found.language, at=found.at, made=at,
            state=State.WAITING, until=None, out=None, standing=0, puid=puid, batch=None, filed=None, errors=None,
            document=restriction_document(found, ground=ground, operator=self.operator, reason=reason, about=about),
            payload=payload(found, ground=ground, operator=self.operator, puid=puid),
            filing=Filing.DUE if self.filing else Filing.NONE,
        )  # fmt: skip
        return _added(conn, row, rest, at, _counted(found, ground))

    def _lifted(self, conn: Connection, item: Item, turn: Turn, before: Reason | None, at: datetime) -> Reason:
        assert before is not None
        reason, moment = new_id("reason"), turn.event.at
        document = lifted_document(
            operator=self.operator, at=moment, reason=reason, about=before.id, since=before.at
        )  # fmt: skip
        row = replace(
            before, id=reason, seq=None, origin=turn.event.origin, decision=turn.event.decision, kind=Kind.LIFTED,
            about=before.id, at=moment, made=at, state=State.WAITING, until=None, out=None, standing=0,
            document=document, puid=self.puid(), payload=None, filing=Filing.NONE, batch=None, filed=None, errors=None,
        )  # fmt: skip
        rest = rest_of(conn, at=at, cases_=cases.with_item(conn, item.id), behind=before)
        return _added(conn, row, rest, at)


def _added(
    conn: Connection, row: Reason, rest: Rest, at: datetime, counted: Mapping[str, object] = MappingProxyType({})
) -> Reason:
    """Write a statement and its leaf, which tells what is `counted`. It is out at once unless something keeps it."""
    row = replace(row, state=rest.state, until=rest.until)
    if rest.state is State.OUT:
        row = replace(row, seq=next_number(conn, records.COUNTER), out=at)
    if rest.state is State.WITHHELD:
        row = replace(row, filing=Filing.NONE)
    records.add(conn, row)
    facts = {"kind": str(row.kind), "what": str(row.what), "state": rest.state.value, **dict(counted)}
    leaf = Leaf(action="reason.stated", actor=SYSTEM.pseudonym, facts=facts, subject=f"reason:{row.id}")
    append(conn, leaf, at=at)
    return row


def _counted(found: Circumstances, ground: Ground) -> dict[str, object]:
    """What public figures count statements by: words of closed sets."""
    told: dict[str, object] = {
        "ground": ground.kind, "category": ground.category, "source": found.source.value,
        "detected": "machine" if found.detection else "people", "decided": found.decision.value,
    }  # fmt: skip
    return told | ({"keyword": ground.keywords[0]} if ground.keywords else {})


def _case_of(conn: Connection, event: Happened, item: Item) -> str | None:
    """The case behind what happened."""
    if event.case is not None:
        return event.case
    if event.decision is not None:
        told = decisions.find(conn, event.decision)
        return None if told is None else told.case_id
    check = checks.find(conn, event.check or item.request)
    return None if check is None else check.case_id


def _of_reopened(there_are: Iterable[Reason], events: Iterable[Happened]) -> list[Happened]:
    """What was told of a case that restricted something stays told, also when the case was opened again since."""
    names = {one.origin for one in events}
    return [
        Happened(at=one.at, verdict=Verdict.HOLD, people=True, origin=one.origin)
        for one in there_are
        if one.origin.startswith(CASE) and one.kind == Kind.RESTRICTION and one.origin not in names
    ]


def _settled(found: tuple[Turn, ...], item: Item, *, at: datetime) -> tuple[Turn, ...]:
    """The turns, and one more where the item's row says something else than they come to: clocks that disagreed."""
    last = found[-1].now if found else None
    if _STATES[last] is item.verdict or (not found and item.verdict is Verdict.ALLOW):
        return found
    now = {Verdict.ALLOW: None, Verdict.HOLD: What.HELD, Verdict.BLOCK: What.REMOVED}[item.verdict]
    if now is What.HELD and item.decided is not None:
        now = What.RESTRICTED
    end = max([at, *(turn.event.at for turn in found)])
    place = found[-1].event.origin if found else f"{CHECK}{item.request}"
    event = Happened(
        at=end, verdict=item.verdict, people=item.decided is not None, origin=f"{STATE}{now or 'open'}:{place[-40:]}"
    )  # fmt: skip
    return (*found, Turn(event=event, before=last, now=now, ruled=not event.people))
