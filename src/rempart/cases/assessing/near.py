"""Near-duplicates of a case: found in the index of hosted items, laid beside it, and confirmed one by one.

Looking alike proves nothing: whoever says that two pictures are the same has to say it of each of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.cases.assessing.plan import APART, PROPOSED
from rempart.cases.assessing.snapshot import of_picture
from rempart.cases.assessing.viewing import is_blind, told_before
from rempart.cases.records import cases as records
from rempart.cases.records import near as rows
from rempart.cases.records import searches
from rempart.cases.records.cases import Case
from rempart.cases.records.near import NearAnswer
from rempart.cases.work.claims import held_by
from rempart.cases.work.lease import lease_of
from rempart.cases.work.queue import hidden_items, visible
from rempart.clock import Clock
from rempart.errors import ConflictError, NotFoundError
from rempart.evidence.ledger import Leaf, append
from rempart.items.lookback import ItemIndex, Near
from rempart.items.records import items, signals
from rempart.people.principal import Principal
from rempart.people.records import persons
from rempart.policy.facts import Verdict
from rempart.signals.values import Signal
from rempart.store.engine import Store

MOST = 100
"""How many are laid beside a case, the nearest first, one for each set of byte-identical items."""
PURPOSE = "near-duplicates of a case"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearShown:
    """A near-duplicate as one person sees it: her own answer, and others' only when she may know them.

    `case_id` is its own open case, if it has one. `state`: proposed, confirmed, rejected, or apart (judged in a case
    of its own).
    """

    item: int
    service: str
    item_id: str
    uploader: str | None
    verdict: Verdict
    distance: int
    probe: str
    own: bool | None
    same: int
    different: int
    state: str
    case_id: str | None


def propose(store: Store, index: ItemIndex, case_id: str, *, who: Principal, clock: Clock) -> int:
    """Look for items that look like a case's and lay them beside it; gives how many came. Outside any transaction.

    That it was searched, by whom and for which case is in the ledger. Raises NotFoundError.
    """
    with store.read() as conn:
        case = visible(conn, case_id, who)
        asked = _signals(conn, case)
    if not asked or case.state != "open":
        return 0
    index.index.catch_up()
    found: dict[int, Near] = {}
    for hits in index.near(asked):
        for hit in hits:
            if hit.item not in found or hit.distance < found[hit.item].distance:
                found[hit.item] = hit
    with store.write() as conn:
        at = clock()
        case = visible(conn, case_id, who, lock=True)
        if case.state != "open":
            return 0
        made = rows.propose(conn, _rows(conn, case, sorted(found.values(), key=_order), who, at=at))
        facts = {"signals": sorted(one.kind.value for one in asked), "items": made}
        searches.add(conn, at=at, by=who.pseudonym, purpose=f"{PURPOSE}: {case_id}", facts=facts)
        sealed = {"purpose": PURPOSE} | {one.kind.value: bytes(one) for one in asked}
        leaf = Leaf(action="search.made", actor=who.pseudonym, facts=facts, sealed=sealed, subject=f"case:{case_id}")
        append(conn, leaf, at=at)
    return made


def confirm(conn: Connection, case_id: str, item: int, *, who: Principal, at: datetime) -> None:
    """Say that one of them shows the same picture; it and its copies then follow the case. Needs the claim."""
    _answer(conn, case_id, item, who, same=True, at=at)


def reject(conn: Connection, case_id: str, item: int, *, who: Principal, at: datetime) -> None:
    """Say that one of them is another picture. Needs the claim."""
    _answer(conn, case_id, item, who, same=False, at=at)


def of_case(conn: Connection, case_id: str, who: Principal) -> tuple[NearShown, ...]:
    """What lies beside a case, the nearest first, as this person may see it; deleted items are left out."""
    case = visible(conn, case_id, who)
    blind = is_blind(conn, case, who)
    found = rows.of_case(conn, case_id)
    said = rows.answers_of(conn, case_id, round=case.round)
    kept_back = hidden_items(conn, [one.item for one in found], who)
    before = told_before(conn, case) if blind else {}
    own_cases = records.open_with(conn, [one.item for one in found])
    shown = []
    for row in found:
        item = items.hosted(conn, row.item)
        if item is None or item.gone is not None or row.item in kept_back:
            continue
        about = [one for one in said if one.item == row.item]
        open_case = own_cases.get(row.item)
        shown.append(
            NearShown(
                item=row.item, service=item.service, item_id=item.item_id, uploader=item.uploader,
                verdict=before.get(row.item, item.verdict), distance=row.distance, probe=row.probe,
                own=next((one.same for one in about if one.person == who.id), None),
                same=0 if blind else sum(one.same for one in about),
                different=0 if blind else sum(not one.same for one in about),
                state=PROPOSED if blind and row.state != APART else row.state,
                case_id=None if open_case == case_id else open_case,
            )
        )  # fmt: skip
    return tuple(shown)


def _answer(conn: Connection, case_id: str, item: int, who: Principal, *, same: bool, at: datetime) -> None:
    case = visible(conn, case_id, who, lock=True)
    if not held_by(case, who, at=at):
        lease = lease_of(case, at)
        name = persons.pseudonyms(conn, [lease.person]).get(lease.person) if lease else None
        said = f"{name} has this case now." if name else "You have not claimed this case, or not any more."
        raise ConflictError(said, hint="Claim it, then say it again.")
    if rows.find(conn, case_id, item) is None or item in hidden_items(conn, [item], who):
        raise NotFoundError("This item does not lie beside the case.")
    answer = NearAnswer(
        case_id=case_id, round=case.round, item=item, person=who.id, pseudonym=who.pseudonym, same=same, at=at
    )  # fmt: skip
    rows.answer(conn, answer)
    sealed = {"item": str(item), "same": "yes" if same else "no"}
    facts = {"round": case.round}
    leaf = Leaf(
        action="near.answered", actor=who.pseudonym, facts=facts, sealed=sealed, subject=f"case:{case_id}"
    )  # fmt: skip
    append(conn, leaf, at=at)


def _signals(conn: Connection, case: Case) -> list[Signal]:
    """The perceptual hashes of a case's picture, from the first of its items that has any."""
    for number in records.items_of(conn, case.id):
        found = [one.signal for one in of_picture(signals.of(conn, number)) if one.signal.kind == "pdq"]
        if found:
            return list(dict.fromkeys(found))
    return []


def _rows(
    conn: Connection, case: Case, hits: Sequence[Near], who: Principal, *, at: datetime
) -> list[Mapping[str, Any]]:
    """One row for each set of byte-identical items that the case is not about itself."""
    cluster = records.cluster_of(conn, case.id)
    own = frozenset(records.items_of(conn, case.id))
    kept_back = hidden_items(conn, [one.item for one in hits], who)
    taken = {row.sha256 for row in rows.of_case(conn, case.id) if row.sha256 is not None}
    found: list[Mapping[str, Any]] = []
    for hit in hits:
        item = items.hosted(conn, hit.item)
        if item is None or item.gone is not None or hit.item in own | kept_back:
            continue
        if item.sha256 is not None and (item.sha256 == cluster or item.sha256 in taken):
            continue
        if item.sha256 is not None:
            taken.add(item.sha256)
        found.append(
            {
                "case_id": case.id, "item": hit.item, "sha256": item.sha256, "distance": hit.distance,
                "probe": hit.probe, "state": PROPOSED, "by": None, "at": at,
            }
        )  # fmt: skip
        if len(found) == MOST:
            break
    return found


def _order(hit: Near) -> tuple[int, int]:
    return hit.distance, hit.item
