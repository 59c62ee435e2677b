"""The rows and the ledger leaf of one check."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from rempart.evidence.ledger import Leaf
from rempart.intake.upload_values import NOT_EXAMINED, CheckAnswer, Prepared, Ruled, told_matches, told_origin
from rempart.items.records import items
from rempart.items.records.items import Known
from rempart.lists.own import is_own
from rempart.policy.facts import Verdict
from rempart.provenance.carried import packed

DECIDED = "decided"
"""The rule of an answer that people gave before: about these very bytes, on these very matches."""
_SHOWN = re.compile(r"[a-z0-9][a-z0-9 _.-]{0,30}")
_MOST_TOLD = 20


@dataclass(slots=True, kw_only=True)
class Entry:
    """One check on its way through the transaction."""

    prepared: Prepared
    ruled: Ruled
    verdict: Verdict
    rule: str
    item: int = 0
    known: Known | None = None
    case_id: str | None = None
    object_id: str | None = None

    @property
    def opens_case(self) -> bool:
        """Whether people have to look."""
        return self.ruled.ruling.case and self.rule != DECIDED

    def answer(self) -> CheckAnswer:
        """What its service is told; never that somebody gave notice of a picture like it."""
        one, matches = self.prepared, self.ruled.found.matches
        return CheckAnswer(
            item_id=one.request.item_id, verdict=self.verdict,
            outcome=NOT_EXAMINED if one.outcome is None else one.outcome.value, request_id=one.request_id,
            case=self.case_id, matches=told_matches(tuple(one for one in matches if not is_own(one.list))),
            origin=None if one.origin is None else told_origin(one.origin),
        )  # fmt: skip

    def item_row(self, at: datetime) -> dict[str, Any]:
        """The item as this check leaves it."""
        one, request, known = self.prepared, self.prepared.request, self.known
        seen = one.seen
        same_bytes = known is not None and known.sha256 is not None and known.sha256 == one.sha256
        decided = known.decided if known is not None and (same_bytes and self.rule == DECIDED) else None
        return {
            "id": self.item, "service": request.service, "item_id": request.item_id, "uploader": request.uploader,
            "url": request.url, "published": request.published, "context": dict(request.context),
            "sha256": one.sha256, "media_type": seen.media_type if seen else None,
            "size": seen.size if seen else None, "origin": self._origin(same_bytes=same_bytes),
            "verdict": self.verdict.value, "decided": decided,
            "request": one.request_id, "object": self.object_id, "created": at, "checked": at,
            "gone": None if request.hosted else at,
        }  # fmt: skip

    def _origin(self, *, same_bytes: bool) -> str | None:
        """What the file says of its origin; what it said before, where the same bytes were named by a digest alone."""
        if self.prepared.origin is not None:
            return packed(self.prepared.origin)
        return self.known.origin if same_bytes and self.known is not None else None

    def check_row(self, at: datetime) -> dict[str, Any]:
        """The check as it is kept."""
        one = self.prepared
        return {
            "request": one.request_id, "item": self.item, "service": one.request.service,
            "outcome": one.outcome, "verdict": self.verdict.value, "rule": self.rule, "policy": self.ruled.policy,
            "mark": self.ruled.found.mark, "facts": self._facts(), "case_id": self.case_id, "at": at,
        }  # fmt: skip

    def _facts(self) -> dict[str, Any] | None:
        found, request = self.ruled.found, self.prepared.request
        facts = {
            "matches": list(told_matches(found.matches)), "known_good": list(told_matches(found.known_good)),
            "context": dict(request.context), "published": request.published,
        }  # fmt: skip
        return {name: value for name, value in facts.items() if value not in ([], {}, None)} or None

    def leaf(self) -> Leaf:
        """The step as the ledger has it: no digest, no id of the service's, no rule name that could hold one."""
        one, matches = self.prepared, self.ruled.found.matches
        facts: dict[str, Any] = {
            "verdict": self.verdict.value, "outcome": NOT_EXAMINED if one.outcome is None else one.outcome.value,
            "policy": self.ruled.policy,
        }  # fmt: skip
        sealed: dict[str, str | bytes] = {"item_id": one.request.item_id, "request": one.request_id}
        if _SHOWN.fullmatch(self.rule):
            facts["rule"] = self.rule
        else:
            sealed["rule"] = self.rule
        if matches:
            told = sorted({(match.list_id or match.list, match.probe) for match in matches})
            facts["matches"] = [{"list": name, "probe": probe} for name, probe in told[:_MOST_TOLD]]
        if one.sha256 is not None:
            sealed["sha256"] = one.sha256
        subject = f"item:{self.item}"
        return Leaf(
            action="check.answered", actor=one.request.by.pseudonym, facts=facts, sealed=sealed, subject=subject
        )  # fmt: skip


def rounds(group: Iterable[Prepared]) -> list[list[Prepared]]:
    """Checks of the same item, or under the same idempotency key, one after the other; all others together."""
    taken: list[set[Any]] = []
    some: list[list[Prepared]] = []
    for one in group:
        request = one.request
        names = {(request.service, request.item_id)} | ({(request.service, request.key)} if request.key else set())
        place = next((n for n, seen in enumerate(taken) if not seen & names), None)
        # Not before an earlier check of the same item.
        last = max((n for n, seen in enumerate(taken) if seen & names), default=-1)
        place = last + 1 if place is None or place <= last else place
        if place == len(some):
            some.append([])
            taken.append(set())
        some[place].append(one)
        taken[place] |= names
    return some


def known_items(conn: Connection, group: Sequence[Prepared]) -> Mapping[tuple[str, str], Known]:
    """What is known of the items of some checks, by service and name."""
    names: dict[str, list[str]] = {}
    for one in group:
        names.setdefault(one.request.service, []).append(one.request.item_id)
    return {
        (service, name): found
        for service, some in names.items()
        for name, found in items.known(conn, service, some).items()
    }


def has_object(one: Prepared, known: Known | None) -> bool:
    """Whether these very bytes of the item are sealed already."""
    return known is not None and known.object is not None and known.sha256 is not None and known.sha256 == one.sha256
